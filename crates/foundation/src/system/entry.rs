//! One name in a folder.

use std::path::PathBuf;

use super::Kind;

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its path: that of the folder with its name.
    pub path: PathBuf,
    /// What it is; a link is not followed.
    pub kind: Kind,
}
