//! What the file system says of a file, as far as it vouches for its content.

use std::path::Path;

use pipe_foundation::system::System;

use super::settled::Times;

/// What the file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its number in the file system.
    pub inode: u64,
    /// Its length.
    pub bytes: u64,
    /// Its times.
    pub times: Times,
}

/// What the file system says of the file at `path`, and the number of the file system. The number is another after every
/// mounting.
///
/// # Errors
/// When there is none, or its folder cannot be searched.
pub fn stat(system: &dyn System, path: &Path) -> std::io::Result<(Stat, u64)> {
    let metadata = system.metadata(path)?;
    let stat = Stat {
        inode: metadata.inode,
        bytes: metadata.bytes,
        times: Times {
            modified_ns: metadata.modified_ns,
            changed_ns: metadata.changed_ns,
        },
    };
    Ok((stat, metadata.device))
}
