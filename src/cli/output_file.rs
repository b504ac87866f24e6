//! Files that are written where somebody says.

use std::io::{Error, ErrorKind, Read};
use std::path::Path;

use pipe_foundation::regular_file;

use super::error::CliError;

/// Makes sure that a file which takes the place of what is at `path` replaces nothing but one of its
/// kind.
///
/// # Errors
/// Where a device, a named pipe, a folder, a symbolic link or another file is there.
pub fn check_replaceable(path: &Path, kind: &OutputKind) -> Result<(), CliError> {
    let refused = |what: &str| {
        Err(CliError::Output {
            what: path.display().to_string(),
            reason: Error::new(
                ErrorKind::AlreadyExists,
                format!("it is {what}, which would be replaced; give the name of a file"),
            ),
        })
    };
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => refused("a symbolic link"),
        Ok(found) if found.is_dir() => refused("a folder"),
        Ok(found) if !found.is_file() => refused("a device or a named pipe"),
        Ok(found) if found.len() > 0 && !kind.is_at(path) => {
            refused(&format!("another file than {}", kind.name))
        }
        _ => Ok(()),
    }
}

/// What is written, known by how it begins.
pub struct OutputKind {
    /// What it is, in words.
    pub name: &'static str,
    /// Its first bytes.
    pub start: &'static [u8],
}

/// What `pipe lock` writes.
pub const LOCK: OutputKind = OutputKind {
    name: "a lock file",
    start: b"# What a run of this manifest depended on",
};

/// What `pipe bundle export` writes: the magic number of Zstandard (RFC 8878).
pub const BUNDLE: OutputKind = OutputKind {
    name: "a bundle",
    start: &[0x28, 0xb5, 0x2f, 0xfd],
};

impl OutputKind {
    /// Whether the file at `path` is one.
    fn is_at(&self, path: &Path) -> bool {
        let mut start = Vec::new();
        let read = regular_file::open(path).map(|file| {
            let mut file = file.take(self.start.len() as u64);
            file.read_to_end(&mut start)
        });
        read.is_ok_and(|read| read.is_ok()) && start == self.start
    }
}
