//! The audio files below a folder.

use std::path::{Path, PathBuf};

use pipe_speech::audio::is_audio_extension;
use walkdir::WalkDir;

/// What a folder holds.
#[derive(Debug, Default)]
pub struct AudioFiles {
    /// Files whose extensions are those of audio, sorted by path.
    pub files: Vec<PathBuf>,
    /// What could not be listed, and why.
    pub failed: Vec<(PathBuf, String)>,
}

/// The audio files below `folder`. Symbolic links are followed; names that begin with a dot are passed over.
pub fn audio_files(folder: &Path) -> AudioFiles {
    let entries = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0 || entry.file_name().as_encoded_bytes().first() != Some(&b'.')
        });
    let mut found = AudioFiles::default();
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_audio(entry.path()) => {
                found.files.push(entry.into_path());
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
    found.files.sort();
    found
}

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(is_audio_extension)
}
