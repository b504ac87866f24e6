//! What can be wrong with the cache itself.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use pipe_foundation::progress::Interrupted;
use pipe_foundation::regular_file::FileError;
use thiserror::Error;

/// The cache cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum CacheError {
    /// A file of the cache cannot be read.
    #[error("cannot read {} in the cache: {reason}", path.display())]
    #[diagnostic(
        code(cache::read),
        help(
            "check the disk and the permissions and try again; unreadable files are neither used nor replaced or removed. `pipe cache verify` lists them all"
        )
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A file of the cache cannot be written.
    #[error("cannot write {} in the cache: {reason}", path.display())]
    #[diagnostic(
        code(cache::write),
        help(
            "check free space and permissions, or choose another cache with --cache; half-written files are never used"
        )
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// There is no folder for it, and none can be made.
    #[error("cannot make the folder {} for the cache: {reason}", path.display())]
    #[diagnostic(
        code(cache::write),
        help(
            "check free space and the permissions of the folder that it would be in, or choose another with --cache"
        )
    )]
    NoFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Where a file of the cache should be, there is something else.
    #[error("cannot use {} in the cache: {reason}", path.display())]
    #[diagnostic(
        code(cache::not_a_file),
        help(
            "nothing like it is ever made there, and it was not opened: remove it; what belongs in its place is made again"
        )
    )]
    NotRegular {
        /// What is there.
        path: PathBuf,
        /// What it is.
        reason: FileError,
    },
    /// It is a folder of something else.
    #[error("{} is not a cache: it has `{found}` in it, and no VERSION file", path.display())]
    #[diagnostic(
        code(cache::other_folder),
        help(
            "give a new or empty folder, or an existing cache, with --cache; nothing was written here"
        )
    )]
    OtherFolder {
        /// The folder.
        path: PathBuf,
        /// The name of something in it that is of no cache.
        found: String,
    },
    /// A folder of the cache is a symbolic link, so that what is written there would be somewhere else.
    #[error("{} in the cache is a symbolic link", path.display())]
    #[diagnostic(
        code(cache::link),
        help(
            "a cache keeps everything inside its own folder: move what the link leads to in its place, or give the folder that holds the whole cache with --cache; delete the link if the cache came from somebody else"
        )
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A file of the cache was damaged again right after it was made again.
    #[error("{} in the cache was recomputed and is damaged again", path.display())]
    #[diagnostic(
        code(cache::damaged_again),
        help(
            "the disk does not keep what is written to it: check it, or choose a cache on another disk with --cache"
        )
    )]
    DamagedAgain {
        /// The file.
        path: PathBuf,
    },
    /// The cache was written by a version that this one does not understand.
    #[error("the cache {} has format {found:?}, but this version of pipe reads {expected:?}", path.display())]
    #[diagnostic(
        code(cache::version),
        help(
            "use the version of pipe that wrote it, choose another cache with --cache, or delete it: everything in it can be recomputed"
        )
    )]
    Version {
        /// The cache.
        path: PathBuf,
        /// What its VERSION file says.
        found: String,
        /// What this version writes.
        expected: String,
    },
}

impl CacheError {
    /// A read failed.
    pub fn read(path: &Path, reason: std::io::Error) -> Self {
        let path = path.to_path_buf();
        match FileError::not_regular(reason) {
            Ok(reason) => Self::NotRegular { path, reason },
            Err(reason) => Self::Read { path, reason },
        }
    }

    /// Which file it is of, and why, in a short line.
    pub fn place_and_reason(&self) -> String {
        match self {
            Self::Read { path, reason } => format!("{}: {reason}", path.display()),
            Self::NotRegular { path, reason } => format!("{}: {reason}", path.display()),
            other => other.to_string(),
        }
    }

    /// Whether nothing is wrong, but the user has asked to stop.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Read { reason, .. } if Interrupted::is_cause_of(reason))
    }

    /// A write failed.
    pub fn write(path: &Path, reason: std::io::Error) -> Self {
        let path = path.to_path_buf();
        match FileError::not_regular(reason) {
            Ok(reason) => Self::NotRegular { path, reason },
            Err(reason) => Self::Write { path, reason },
        }
    }
}
