//! The recordings that arguments name: files, folders, standard input.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Extensions of audio files. What is inside decides how one is read; those of formats that are not read are listed
/// too, so that nobody takes a folder of them for an empty one.
const AUDIO_EXTENSIONS: [&str; 25] = [
    "wav", "wave", "bwf", "rf64", "w64", "aif", "aiff", "aifc", "sph", "nist", "flac", "mp3",
    "ogg", "oga", "m4a", "mp4", "mov", "aac", "opus", "wma", "au", "snd", "caf", "amr", "webm",
];

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
            walk(argument, &mut found);
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

fn walk(folder: &Path, found: &mut Found) {
    let entries = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0 || entry.file_name().as_encoded_bytes().first() != Some(&b'.')
        });
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_audio(entry.path()) => {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                let reason = match (error.loop_ancestor(), error.io_error()) {
                    (Some(_), _) => "a symbolic link to a folder above it".to_owned(),
                    (None, Some(error)) => format!("cannot be read: {error}"),
                    (None, None) => "cannot be read".to_owned(),
                };
                found.failed.push((path, reason));
            }
        }
    }
    files.sort();
    found.inputs.extend(files.into_iter().map(Input::File));
}

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        AUDIO_EXTENSIONS
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

#[cfg(test)]
mod tests {
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
