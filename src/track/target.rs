//! Where trainings are tracked: the argument of `--track`.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use pipe_engine::manifest::suggest;
use thiserror::Error;

/// Why trainings cannot be tracked there.
#[derive(Debug, Error, Diagnostic)]
pub enum TrackError {
    /// The argument does not name a tracker and a folder.
    #[error("`--track {written}` does not name a folder")]
    #[diagnostic(
        code(track::argument),
        help("give the tracker and a folder: --track tensorboard=FOLDER")
    )]
    NoFolder {
        /// The argument.
        written: String,
    },
    /// There is no such tracker.
    #[error("unknown tracker `{name}`")]
    #[diagnostic(code(track::unknown), help("{help}"))]
    Unknown {
        /// The name.
        name: String,
        /// What was meant.
        help: String,
    },
    /// The folder cannot be written to.
    #[error("cannot write event files into {}: {reason}", folder.display())]
    #[diagnostic(
        code(track::folder),
        help("give a folder that exists or can be created, and is writable")
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
}

/// A tracker and its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackTarget {
    /// TensorBoard event files below a folder.
    TensorBoard(PathBuf),
}

impl TrackTarget {
    /// Reads `tensorboard=FOLDER`, makes the folder, and makes sure that it can be written to.
    ///
    /// # Errors
    /// [`TrackError`]; nothing has been run then.
    pub fn parse(written: &str) -> Result<Self, TrackError> {
        let (name, folder) = written.split_once('=').unwrap_or((written, ""));
        if name != "tensorboard" {
            return Err(TrackError::Unknown {
                name: name.into(),
                help: suggest(name, ["tensorboard"]),
            });
        }
        if folder.is_empty() {
            return Err(TrackError::NoFolder {
                written: written.into(),
            });
        }
        let folder = Path::new(folder);
        let attempt = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
        attempt.map_err(|reason| TrackError::Folder {
            folder: folder.to_path_buf(),
            reason,
        })?;
        Ok(Self::TensorBoard(folder.to_path_buf()))
    }
}
