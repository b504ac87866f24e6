//! The layer through which the engine reaches the system: files, folders, locks, time and threads.
//!
//! [`RealSystem`] is the machine. Tests put another in its place, which forgets what was not synced, fails when told to,
//! and does the same again for the same seed.

mod entry;
mod identity;
mod mapping;
mod metadata;
mod open;
mod real;
mod temporary_folder;
mod walk;

use std::fmt::Debug;
use std::io::{ErrorKind, Read, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

pub use entry::Entry;
pub use identity::Identity;
pub use mapping::Mapping;
pub use metadata::{Kind, Metadata};
pub use open::{Hold, Open};
pub use real::RealSystem;
pub use temporary_folder::TemporaryFolder;
pub use walk::{Walk, Walked};

use rustix::io::Errno;

use crate::Digest;

/// Whether an error of [`File::lock`] says that the file system has no locks, rather than that this one cannot be had.
pub fn is_without_locks(error: &std::io::Error) -> bool {
    let codes = [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS];
    Errno::from_io_error(error).is_some_and(|code| codes.contains(&code))
}

/// What a thread of its own is given to do.
pub type Task = Box<dyn FnOnce() + Send>;

/// The system, as one process sees it. Errors are those of the system, as [`std::fs`] gives them.
pub trait System: Debug + Send + Sync {
    /// Opens a regular file, or a folder to sync it: nothing else is ever opened.
    ///
    /// # Errors
    /// Where it cannot be opened, or is not what `how` asks for.
    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn File>>;

    /// What is known of the file or folder at `path`, or of what a link there leads to.
    ///
    /// # Errors
    /// Where there is none, or its folder cannot be searched.
    fn metadata(&self, path: &Path) -> Result<Metadata>;

    /// As [`System::metadata`], of a link itself.
    ///
    /// # Errors
    /// As [`System::metadata`].
    fn link_metadata(&self, path: &Path) -> Result<Metadata>;

    /// Everything directly in a folder, in no order.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn entries(&self, folder: &Path) -> Result<Vec<Entry>>;

    /// Makes a folder, and those that it is in.
    ///
    /// # Errors
    /// Where one of them does not exist and cannot be made.
    fn create_folders(&self, path: &Path) -> Result<()>;

    /// Makes a folder that there was not, for its owner alone.
    ///
    /// # Errors
    /// Where it exists or cannot be made.
    fn create_private_folder(&self, path: &Path) -> Result<()>;

    /// Gives the file or folder `from` the name `to`, in place of the file that has it.
    ///
    /// # Errors
    /// Where that is not possible.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Removes a file or link.
    ///
    /// # Errors
    /// Where there is none, or it cannot be removed.
    fn remove_file(&self, path: &Path) -> Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// Where there is none, or it cannot be removed.
    fn remove_folder(&self, path: &Path) -> Result<()>;

    /// Removes a folder with everything in it.
    ///
    /// # Errors
    /// Where there is none, or something cannot be removed.
    fn remove_folders(&self, path: &Path) -> Result<()>;

    /// Makes a symbolic link at `path` that leads to `target`.
    ///
    /// # Errors
    /// Where it cannot be made.
    fn link(&self, target: &Path, path: &Path) -> Result<()>;

    /// Where a symbolic link leads.
    ///
    /// # Errors
    /// Where there is none.
    fn read_link(&self, path: &Path) -> Result<PathBuf>;

    /// Lets nobody write a file, and those read it who may read what this process makes.
    ///
    /// # Errors
    /// Where its permissions cannot be changed.
    fn make_read_only(&self, path: &Path) -> Result<()>;

    /// Makes sure that this process may write what is at `path`.
    ///
    /// # Errors
    /// Where it may not, with the reason.
    fn check_writable(&self, path: &Path) -> Result<()>;

    /// The path without links.
    ///
    /// # Errors
    /// Where part of it does not exist.
    fn canonical(&self, path: &Path) -> Result<PathBuf>;

    /// The time that people know, which may be set.
    fn now(&self) -> SystemTime;

    /// Time since some moment, by a clock that nobody sets.
    fn uptime(&self) -> Duration;

    /// Waits.
    fn sleep(&self, time: Duration);

    /// A number that no other call, here or in another process, is likely to give: for names.
    fn unique(&self) -> u64;

    /// Who this process is, for others that meet it.
    fn identity(&self) -> Identity;

    /// The rights that new files of this process lack.
    fn umask(&self) -> u32;

    /// The same system, for what outlives the borrow of it.
    fn to_shared(&self) -> Arc<dyn System>;

    /// Starts a thread.
    ///
    /// # Errors
    /// Where the system refuses.
    fn spawn(&self, task: Task) -> Result<JoinHandle<()>>;
}

/// An open file.
pub trait File: Debug + Send + Sync {
    /// Reads on, as [`Read::read`] does.
    ///
    /// # Errors
    /// As [`Read::read`].
    fn read_next(&mut self, buffer: &mut [u8]) -> Result<usize>;

    /// Fills `buffer` with what is at `offset`.
    ///
    /// # Errors
    /// Where the file cannot be read, or ends before.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()>;

    /// Writes all bytes where it is, or at the end of a file opened to append.
    ///
    /// # Errors
    /// Where they cannot be written; some may have been.
    fn write_all(&mut self, bytes: &[u8]) -> Result<()>;

    /// Writes all bytes at `offset`.
    ///
    /// # Errors
    /// As [`File::write_all`].
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()>;

    /// Waits until its content is on the disk.
    ///
    /// # Errors
    /// Where the disk fails.
    fn sync_data(&self) -> Result<()>;

    /// Waits until its content and all that is known of it are on the disk; of a folder, the names in it.
    ///
    /// # Errors
    /// Where the disk fails.
    fn sync_all(&self) -> Result<()>;

    /// Asks the system to begin writing its content to the disk.
    fn start_sync(&self);

    /// Locks it against others until it is closed; false where another has it and `hold` says not to wait.
    ///
    /// # Errors
    /// Where it cannot be locked.
    fn lock(&self, hold: Hold) -> Result<bool>;

    /// What is known of it.
    ///
    /// # Errors
    /// Where the system does not say.
    fn metadata(&self) -> Result<Metadata>;

    /// Its bytes, without reading them now.
    ///
    /// # Errors
    /// Where it cannot be mapped.
    fn map(&self) -> Result<Mapping>;
}

impl Read for dyn File {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.read_next(buffer)
    }
}

impl dyn System + '_ {
    /// The content of a file.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>> {
        let mut file = self.open(path, Open::Read)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether there is something at `path` that can be looked at.
    pub fn exists(&self, path: &Path) -> bool {
        self.metadata(path).is_ok()
    }

    /// The first folder below `root`, on the way to `path`, that is a symbolic link: what is written or removed beyond it
    /// would be somewhere else.
    pub fn link_on_the_way(&self, root: &Path, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(root).ok()?.parent()?;
        let mut folder = root.to_path_buf();
        below.components().find_map(|part| {
            folder.push(part);
            let found = self.link_metadata(&folder);
            let is_link = found.is_ok_and(|found| found.kind == Kind::Link);
            is_link.then(|| folder.clone())
        })
    }

    /// The digest of the content of a file.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn digest(&self, path: &Path) -> Result<Digest> {
        self.digest_unless(path, &|| false)
    }

    /// As [`System::digest`](#method.digest), unless `interrupted` says to stop, which a large file asks every 4 MiB.
    ///
    /// # Errors
    /// As for a digest; also once interrupted.
    pub fn digest_unless(&self, path: &Path, interrupted: &dyn Fn() -> bool) -> Result<Digest> {
        let mut file = self.open(path, Open::Read)?;
        let bytes = file.metadata()?.bytes;
        Digest::of_reader(&mut file, bytes, interrupted)
    }

    /// True while `file` is the one that `path` names.
    ///
    /// # Errors
    /// When that cannot be determined.
    pub fn is_at(&self, file: &dyn File, path: &Path) -> Result<bool> {
        let open = file.metadata()?;
        match self.metadata(path) {
            Ok(there) => Ok(open.device == there.device && open.inode == there.inode),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}
