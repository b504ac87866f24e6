//! The recordings that arguments name: files, folders, standard input.

use std::path::PathBuf;

use crate::audio_files::audio_files;

/// Where a recording comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input, to its end.
    Stdin,
}

impl Input {
    /// What it is called in results and messages.
    pub fn name(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Stdin => PathBuf::from("-"),
        }
    }
}

/// What was found under the arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Recordings, in the order of the arguments, those of a folder sorted by path.
    pub inputs: Vec<Input>,
    /// What could not be listed, and why.
    pub failed: Vec<(PathBuf, String)>,
}

/// Lists recordings: a file is itself whatever its name, a folder all audio files below it, `-` standard input.
///
/// Symbolic links are followed; names that begin with a dot are passed over in folders.
pub fn list(arguments: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for argument in arguments {
        if argument.as_os_str() == "-" {
            found.inputs.push(Input::Stdin);
        } else if argument.is_dir() {
            let before = (found.inputs.len(), found.failed.len());
            let below = audio_files(argument);
            found
                .inputs
                .extend(below.files.into_iter().map(Input::File));
            found.failed.extend(below.failed);
            if before == (found.inputs.len(), found.failed.len()) {
                let reason =
                    "the folder contains no audio files (.wav, .flac, .mp3, .m4a, .ogg and others)"
                        .to_owned();
                found.failed.push((argument.clone(), reason));
            }
        } else {
            found.inputs.push(Input::File(argument.clone()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn folders_are_walked_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("b/deep")).unwrap();
        std::fs::create_dir_all(path("empty")).unwrap();
        for name in [
            "b/deep/2.WAV",
            "b/1.sph",
            "a.wav",
            "notes.txt",
            "b/.hidden.wav",
            "z.flac",
        ] {
            std::fs::write(path(name), "").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), path("b/loop")).unwrap();
        let found = list(&[
            folder.path().into(),
            "-".into(),
            path("empty"),
            path("absent.txt"),
        ]);
        let expected =
            ["a.wav", "b/1.sph", "b/deep/2.WAV", "z.flac"].map(|name| Input::File(path(name)));
        assert_eq!(found.inputs[..4], expected);
        assert_eq!(
            found.inputs[4..],
            [Input::Stdin, Input::File(path("absent.txt"))]
        );
        let failed: Vec<&Path> = found
            .failed
            .iter()
            .map(|(path, _)| path.as_path())
            .collect();
        assert_eq!(failed, [path("b/loop"), path("empty")]);
    }
}
