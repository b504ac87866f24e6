//! The system as a simulated process sees it.

use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_foundation::system::{Entry, File, Identity, Kind as What, Metadata, Open, System, Task};
use rustix::io::Errno;

use super::disk::Node;
use super::faults::Kind;
use super::open_file::OpenFile;
use super::world::{Granted, Refused, State, World};

/// A process, until it has come to its end or was killed.
#[derive(Clone, Debug)]
pub struct Process {
    /// Where it is.
    pub world: Arc<World>,
    /// Its number.
    pub number: usize,
    names: Arc<AtomicU64>,
    /// Files that it has closed since its last operation.
    closed: Arc<Mutex<Vec<Node>>>,
}

impl Process {
    /// A new process.
    pub fn start(world: &Arc<World>) -> Self {
        Self {
            world: world.clone(),
            number: world.start(),
            names: Arc::default(),
            closed: Arc::default(),
        }
    }

    /// Does an operation that is no write, when it is this process's turn.
    pub fn operate<T>(
        &self,
        name: &'static str,
        kind: Kind,
        path: &Path,
        work: impl FnOnce(&mut State) -> Result<T>,
    ) -> Result<T> {
        let (mut state, _) = self.begin(name, kind, path)?;
        let done = work(&mut state);
        self.world.finish(state, false);
        done
    }

    /// Waits for the turn.
    pub fn begin(
        &self,
        name: &'static str,
        kind: Kind,
        path: &Path,
    ) -> Result<(MutexGuard<'_, State>, Granted)> {
        let begun = self.world.begin(self.number, name, kind, path);
        let (mut state, granted) = begun.map_err(|refused| Self::error(&refused))?;
        for node in std::mem::take(&mut *lock(&self.closed)) {
            state.disk.close(self.number, node);
        }
        Ok((state, granted))
    }

    /// Closes a file: others see that when it is this process's turn again.
    pub fn close(&self, node: Node) {
        lock(&self.closed).push(node);
    }

    /// What the engine is told.
    pub fn error(refused: &Refused) -> Error {
        match refused {
            // Nobody hears it: whatever the dead still do has no effect.
            Refused::Dead => Error::other("this process is dead"),
            Refused::Error(errno) => Errno::into(*errno),
        }
    }

    /// What is known of a node on the file system `device`.
    pub fn describe(state: &State, node: Node, device: u64) -> Metadata {
        let times = state.disk.times(node);
        Metadata {
            kind: state.disk.kind(node),
            bytes: state.disk.bytes(node).map_or(0, |bytes| bytes.len() as u64),
            device,
            inode: state.disk.inode(node),
            mode: 0o755,
            modified_ns: times.modified_ns,
            changed_ns: times.changed_ns,
        }
    }
}

impl System for Process {
    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn File>> {
        let kind = match how {
            Open::Read | Open::Folder | Open::Append => Kind::Open,
            Open::AppendOrCreate | Open::WriteOrCreate | Open::CreateNew => Kind::Create,
        };
        self.operate("open", kind, path, |state| {
            let now_ns = state.disk_ns();
            if !matches!(how, Open::Read | Open::Folder) {
                state.check_writable(path)?;
            }
            let node = match (how, state.disk.find(path)) {
                (Open::CreateNew, _) if state.disk.find_link(path).is_ok() => {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                (_, Ok(node)) => node,
                (Open::AppendOrCreate | Open::WriteOrCreate | Open::CreateNew, Err(_)) => {
                    state.disk.create_file(path, now_ns)?
                }
                (_, Err(error)) => return Err(error),
            };
            match (how == Open::Folder, state.disk.kind(node)) {
                (true, What::Folder) | (false, What::File) => {}
                (true, _) => return Err(ErrorKind::NotADirectory.into()),
                (false, _) => return Err(ErrorKind::IsADirectory.into()),
            }
            let file = OpenFile::new(self.clone(), state, node, path);
            Ok(Box::new(file) as Box<dyn File>)
        })
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        self.operate("look", Kind::Read, path, |state| {
            let node = state.disk.find(path)?;
            Ok(Self::describe(state, node, state.device(path)))
        })
    }

    fn link_metadata(&self, path: &Path) -> Result<Metadata> {
        self.operate("look", Kind::Read, path, |state| {
            let node = state.disk.find_link(path)?;
            Ok(Self::describe(state, node, state.device(path)))
        })
    }

    fn entries(&self, folder: &Path) -> Result<Vec<Entry>> {
        self.operate("list", Kind::Open, folder, |state| {
            let entries = state.disk.entries(folder)?.into_iter();
            let entry = |(name, kind)| Entry {
                path: folder.join::<String>(name),
                kind,
            };
            Ok(entries.map(entry).collect())
        })
    }

    fn create_folders(&self, path: &Path) -> Result<()> {
        let made = self.operate("make folder", Kind::Create, path, |state| {
            let now_ns = state.disk_ns();
            match state.disk.find(path).map(|node| state.disk.kind(node)) {
                Ok(What::Folder) => Ok(()),
                Ok(_) => Err(ErrorKind::AlreadyExists.into()),
                Err(_) => {
                    state.check_writable(path)?;
                    state.disk.create_folder(path, now_ns).map(|_| ())
                }
            }
        });
        match (made, path.parent()) {
            (Err(error), Some(parent)) if error.kind() == ErrorKind::NotFound => {
                self.create_folders(parent)?;
                self.create_folders(path)
            }
            (made, _) => made,
        }
    }

    fn create_private_folder(&self, path: &Path) -> Result<()> {
        self.operate("make folder", Kind::Create, path, |state| {
            let now_ns = state.disk_ns();
            state.check_writable(path)?;
            state.disk.create_folder(path, now_ns).map(|_| ())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.operate("rename", Kind::Create, to, |state| {
            let now_ns = state.disk_ns();
            state.check_writable(from)?;
            state.check_writable(to)?;
            state.disk.rename(from, to, now_ns)
        })
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        self.operate("remove", Kind::Remove, path, |state| {
            let now_ns = state.disk_ns();
            state.check_writable(path)?;
            state.disk.remove(path, false, now_ns)
        })
    }

    fn remove_folder(&self, path: &Path) -> Result<()> {
        self.operate("remove folder", Kind::Remove, path, |state| {
            let now_ns = state.disk_ns();
            state.check_writable(path)?;
            state.disk.remove(path, true, now_ns)
        })
    }

    fn remove_folders(&self, path: &Path) -> Result<()> {
        for Entry { path, kind } in self.entries(path)? {
            match kind {
                What::Folder => self.remove_folders(&path)?,
                _ => self.remove_file(&path)?,
            }
        }
        self.remove_folder(path)
    }

    fn link(&self, target: &Path, path: &Path) -> Result<()> {
        self.operate("link", Kind::Create, path, |state| {
            let now_ns = state.disk_ns();
            state.check_writable(path)?;
            state.disk.create_link(target, path, now_ns).map(|_| ())
        })
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf> {
        self.operate("read link", Kind::Read, path, |state| {
            state.disk.target(path)
        })
    }

    fn make_read_only(&self, path: &Path) -> Result<()> {
        self.operate("make read-only", Kind::Remove, path, |state| {
            let (node, now_ns) = (state.disk.find(path)?, state.disk_ns());
            state.check_writable(path)?;
            state.disk.set_changed(node, now_ns);
            Ok(())
        })
    }

    fn check_writable(&self, path: &Path) -> Result<()> {
        self.operate("look", Kind::Read, path, |state| state.check_writable(path))
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf> {
        self.operate("find", Kind::Read, path, |state| {
            state.disk.find(path).map(|_| path.to_path_buf())
        })
    }

    fn now(&self) -> SystemTime {
        let now = self.operate("now", Kind::Apart, Path::new(""), |state| {
            Ok(Duration::from_nanos(state.wall_ns as u64))
        });
        UNIX_EPOCH + now.unwrap_or_default()
    }

    fn uptime(&self) -> Duration {
        let uptime = self.operate("uptime", Kind::Apart, Path::new(""), |state| {
            Ok(state.uptime())
        });
        uptime.unwrap_or(Duration::MAX)
    }

    fn sleep(&self, time: Duration) {
        if let Ok((mut state, _)) = self.begin("sleep", Kind::Apart, Path::new("")) {
            state.pass(time.as_nanos() as u64);
            self.world.finish(state, true);
        }
    }

    fn unique(&self) -> u64 {
        let call = self.names.fetch_add(1, Ordering::Relaxed);
        let name = format!("{} {call}", self.number);
        let [a, b, c, d, e, f, g, h, ..] = Digest::of(name.as_bytes()).0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    fn identity(&self) -> Identity {
        Identity {
            host: "machine".into(),
            user: "somebody".into(),
            process: self.number as u32,
        }
    }

    fn umask(&self) -> u32 {
        0o022
    }

    fn to_shared(&self) -> Arc<dyn System> {
        Arc::new(self.clone())
    }

    /// Everything is done in turn.
    fn spawn(&self, _task: Task) -> Result<JoinHandle<()>> {
        Err(Errno::AGAIN.into())
    }
}
