//! The machine itself.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{Read, Result, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use memmap2::Mmap;
use rustix::fs::{Access, Advice, FlockOperation, OFlags, access, fadvise, flock};
use rustix::io::Errno;

use crate::regular_file::{self, FileError};

use super::{Entry, File, Hold, Identity, Mapping, Metadata, Open, System, Task, identity};

/// The machine that this process runs on.
#[derive(Clone, Copy, Debug)]
pub struct RealSystem;

impl RealSystem {
    /// A file of the machine that is open already, such as one without a name.
    pub fn opened(file: fs::File) -> Box<dyn File> {
        Box::new(RealFile(file))
    }
}

/// What files of this process lack of all rights.
static UMASK: LazyLock<u32> = LazyLock::new(identity::umask);
/// Who this process is.
static IDENTITY: LazyLock<Identity> = LazyLock::new(Identity::of_this_process);
/// When this process first asked for the time.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl System for RealSystem {
    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn File>> {
        let mut options = OpenOptions::new();
        let opened = match how {
            Open::Read => regular_file::open(path),
            Open::Folder => {
                let flags = OFlags::DIRECTORY.bits() as i32;
                let opened = options.read(true).custom_flags(flags).open(path);
                opened.map_err(FileError::Io)
            }
            Open::Append => regular_file::open_to_write(path, options.append(true)),
            Open::AppendOrCreate => {
                regular_file::open_to_write(path, options.append(true).create(true))
            }
            Open::WriteOrCreate => {
                // On NFS a lock that is shared needs a file that is open to be read.
                let options = options.read(true).write(true).create(true).truncate(false);
                regular_file::open_to_write(path, options)
            }
            Open::CreateNew => {
                let opened = options.write(true).create_new(true).open(path);
                opened.map_err(FileError::Io)
            }
        };
        Ok(Box::new(RealFile(opened.map_err(FileError::into_io)?)))
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        fs::metadata(path).map(Metadata::from)
    }

    fn link_metadata(&self, path: &Path) -> Result<Metadata> {
        fs::symlink_metadata(path).map(Metadata::from)
    }

    fn entries(&self, folder: &Path) -> Result<Vec<Entry>> {
        let entries = fs::read_dir(folder)?.map(|entry| {
            let entry = entry?;
            Ok(Entry {
                path: entry.path(),
                kind: entry.file_type()?.into(),
            })
        });
        entries.collect()
    }

    fn create_folders(&self, path: &Path) -> Result<()> {
        fs::create_dir_all(path)
    }

    fn create_private_folder(&self, path: &Path) -> Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> Result<()> {
        fs::remove_dir(path)
    }

    fn remove_folders(&self, path: &Path) -> Result<()> {
        fs::remove_dir_all(path)
    }

    fn link(&self, target: &Path, path: &Path) -> Result<()> {
        std::os::unix::fs::symlink(target, path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf> {
        fs::read_link(path)
    }

    fn make_read_only(&self, path: &Path) -> Result<()> {
        fs::set_permissions(path, Permissions::from_mode(0o444 & !*UMASK))
    }

    fn check_writable(&self, path: &Path) -> Result<()> {
        Ok(access(path, Access::WRITE_OK)?)
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf> {
        fs::canonicalize(path)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks; no result depends on it"
    )]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn uptime(&self) -> Duration {
        START.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn unique(&self) -> u64 {
        rand::random()
    }

    fn identity(&self) -> Identity {
        IDENTITY.clone()
    }

    fn umask(&self) -> u32 {
        *UMASK
    }

    fn to_shared(&self) -> Arc<dyn System> {
        Arc::new(*self)
    }

    fn spawn(&self, task: Task) -> Result<JoinHandle<()>> {
        std::thread::Builder::new().spawn(task)
    }
}

/// An open file of the machine.
#[derive(Debug)]
struct RealFile(fs::File);

impl File for RealFile {
    fn read_next(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.0.read(buffer)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> Result<()> {
        self.0.sync_data()
    }

    fn sync_all(&self) -> Result<()> {
        self.0.sync_all()
    }

    fn start_sync(&self) {
        // The kernel begins to write dirty pages before it finds that it cannot drop them.
        let _ = fadvise(&self.0, 0, None, Advice::DontNeed);
    }

    fn lock(&self, hold: Hold) -> Result<bool> {
        let operation = match hold {
            Hold::Alone => FlockOperation::LockExclusive,
            Hold::AloneIfFree => FlockOperation::NonBlockingLockExclusive,
            Hold::SharedIfFree => FlockOperation::NonBlockingLockShared,
        };
        match flock(&self.0, operation) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn metadata(&self) -> Result<Metadata> {
        self.0.metadata().map(Metadata::from)
    }

    fn map(&self) -> Result<Mapping> {
        // SAFETY: files that are mapped are packs, which are only ever appended to by this program, and every item read
        // from one is checked against its digest before use; cutting a pack short while it is mapped is outside what we
        // can guard.
        unsafe { Mmap::map(&self.0) }.map(Mapping::Pages)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn nothing_but_regular_files_is_opened_and_nothing_but_folders_to_be_synced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let zero = folder.path().join("zero");
        std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
        let hows = [
            Open::Read,
            Open::Append,
            Open::AppendOrCreate,
            Open::WriteOrCreate,
            Open::CreateNew,
            Open::Folder,
        ];
        for path in [&pipe, &zero] {
            for how in hows {
                assert!(RealSystem.open(path, how).is_err(), "{how:?}");
            }
        }
        let told = RealSystem.open(&pipe, Open::Read).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::InvalidInput);
        assert!(RealSystem.open(folder.path(), Open::Read).is_err());
        assert!(RealSystem.open(folder.path(), Open::Folder).is_ok());
    }

    #[test]
    fn a_link_on_the_way_is_found_and_one_at_the_end_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::os::unix::fs::symlink(root.join("a"), root.join("link")).unwrap();
        let system: &dyn System = &RealSystem;
        let found = |path: &str| system.link_on_the_way(root, &root.join(path));
        assert_eq!(found("link/b/c"), Some(root.join("link")));
        for path in ["a/b/c", "link", "missing/b/c", "."] {
            assert_eq!(found(path), None, "{path}");
        }
        assert_eq!(
            system.link_on_the_way(&root.join("link"), &root.join("link/b/c")),
            None
        );
    }
}
