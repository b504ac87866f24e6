//! What may be done with a cache: it is written, looked at, or, where it cannot be written, lies under a folder that takes
//! what is made and goes with the process.

use std::path::Path;

use pipe_foundation::system::TemporaryFolder;

/// What may be done with a cache.
#[derive(Debug)]
pub(super) enum Access {
    /// Everything is stored in it.
    Write,
    /// It is looked at: nothing at all is written.
    Read,
    /// It cannot be written, for this reason. What is made goes into the folder, which is removed at the end.
    Overlay {
        made: TemporaryFolder,
        reason: std::io::Error,
    },
}

impl Access {
    /// Where what is made goes, of a cache at `root`.
    pub fn own<'a>(&'a self, root: &'a Path) -> &'a Path {
        match self {
            Self::Write | Self::Read => root,
            Self::Overlay { made, .. } => made.path(),
        }
    }

    /// What is looked at besides [`Access::own`].
    pub fn base<'a>(&self, root: &'a Path) -> Option<&'a Path> {
        matches!(self, Self::Overlay { .. }).then_some(root)
    }
}
