//! What a file system says of a file.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What something in a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device.
    Other,
}

impl From<std::fs::FileType> for Kind {
    fn from(kind: std::fs::FileType) -> Self {
        match kind {
            kind if kind.is_file() => Self::File,
            kind if kind.is_dir() => Self::Folder,
            kind if kind.is_symlink() => Self::Link,
            _ => Self::Other,
        }
    }
}

/// What a file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: Kind,
    /// Its length.
    pub bytes: u64,
    /// The number of its file system, another one after every mounting.
    pub device: u64,
    /// Its number in the file system.
    pub inode: u64,
    /// Who may do what with it, as `chmod` writes it.
    pub mode: u32,
    /// When its content was last changed, as far as programs say the truth, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// When anything of it was last changed, by the clock of its file system, in nanoseconds since 1970.
    pub changed_ns: i64,
}

impl Metadata {
    /// When its content was last changed.
    pub fn modified(&self) -> SystemTime {
        let distance = Duration::from_nanos(self.modified_ns.unsigned_abs());
        match self.modified_ns < 0 {
            true => UNIX_EPOCH - distance,
            false => UNIX_EPOCH + distance,
        }
    }
}

impl From<std::fs::Metadata> for Metadata {
    fn from(found: std::fs::Metadata) -> Self {
        let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
        Self {
            kind: found.file_type().into(),
            bytes: found.size(),
            device: found.dev(),
            inode: found.ino(),
            mode: found.mode() & 0o7777,
            modified_ns: ns(found.mtime(), found.mtime_nsec()),
            changed_ns: ns(found.ctime(), found.ctime_nsec()),
        }
    }
}
