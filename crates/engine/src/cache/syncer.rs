//! Makes what was written durable in the background, many files at once, so that short steps do not wait for the disk.
//!
//! What a step makes counts as soon as it has its name. A power failure within the next moments can leave a file under
//! its name without its content; its digest then tells, and it is made again.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipe_foundation::sync::lock;
use pipe_foundation::system::{File, Open, System};

use super::error::CacheError;

/// How long files gather that are synced together.
const GATHER: Duration = Duration::from_millis(500);
/// So many are open at once at most.
const MOST: usize = 256;

/// Syncs files and the folders that they are in.
#[derive(Debug)]
pub struct Syncer {
    system: Arc<dyn System>,
    /// Folders in this one may be new as well: their names are synced, too.
    root: PathBuf,
    work: Mutex<Work>,
}

#[derive(Debug, Default)]
enum Work {
    /// Nothing is to be synced.
    #[default]
    None,
    /// A thread syncs what it is sent, and says at the end how that went.
    Thread {
        paths: Sender<PathBuf>,
        ended: Receiver<Result<(), CacheError>>,
    },
    /// The system refuses another thread: these are synced by whoever waits.
    Later(Vec<PathBuf>),
}

impl Syncer {
    /// A syncer that has nothing to do yet.
    pub fn new(system: Arc<dyn System>, root: PathBuf) -> Self {
        Self {
            system,
            root,
            work: Mutex::default(),
        }
    }

    /// Sees to it that the file at `path` becomes durable, and its name.
    ///
    /// # Errors
    /// When it has to be done at once, since the system refuses another thread and much has gathered, and cannot be done.
    pub fn add(&self, path: &Path) -> Result<(), CacheError> {
        let mut work = lock(&self.work);
        if matches!(*work, Work::None) {
            *work = self.start();
        }
        match &mut *work {
            // A thread that has failed says so when it is waited for.
            Work::Thread { paths, .. } => drop(paths.send(path.to_path_buf())),
            Work::Later(paths) => {
                paths.push(path.to_path_buf());
                if paths.len() >= MOST {
                    sync(&*self.system, &self.root, std::mem::take(paths))?;
                }
            }
            Work::None => {}
        }
        Ok(())
    }

    fn start(&self) -> Work {
        let (paths, received) = channel();
        let (end, ended) = channel();
        let (system, root) = (self.system.clone(), self.root.clone());
        let task = move || {
            // Whoever waits is there until this is sent.
            let _ = end.send(work(&*system, &root, &received));
        };
        match self.system.spawn(Box::new(task)) {
            Ok(_) => Work::Thread { paths, ended },
            Err(_) => Work::Later(Vec::new()),
        }
    }

    /// Waits until everything added so far is durable.
    ///
    /// # Errors
    /// When something could not be synced.
    pub fn wait(&self) -> Result<(), CacheError> {
        let work = std::mem::take(&mut *lock(&self.work));
        match work {
            Work::None => Ok(()),
            Work::Later(paths) => sync(&*self.system, &self.root, paths),
            Work::Thread { paths, ended } => {
                drop(paths);
                ended.recv().unwrap_or_else(|_| {
                    let reason = std::io::Error::other("the thread that syncs has ended");
                    Err(CacheError::write(Path::new("."), reason))
                })
            }
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        // Whoever wants to know has waited.
        let _ = self.wait();
    }
}

/// Syncs what comes until nothing more can come. What comes within [`GATHER`] goes together, since one commit of the
/// file system's journal serves many files.
fn work(system: &dyn System, root: &Path, paths: &Receiver<PathBuf>) -> Result<(), CacheError> {
    while let Ok(first) = paths.recv() {
        let until = system.uptime() + GATHER;
        let mut batch = vec![first];
        while batch.len() < MOST
            && let Ok(next) = paths.recv_timeout(until.saturating_sub(system.uptime()))
        {
            batch.push(next);
        }
        sync(system, root, batch)?;
    }
    Ok(())
}

/// Syncs files, and the folders that they are in as far as these are in `root`. Whoever keeps files elsewhere, such as
/// copies for people, does so as well as that place allows: where it does not sync, they are not worth a failure.
fn sync(system: &dyn System, root: &Path, batch: Vec<PathBuf>) -> Result<(), CacheError> {
    let mut files = Vec::with_capacity(batch.len());
    let mut folders = BTreeSet::new();
    // Many results may depend on one file.
    let batch: BTreeSet<PathBuf> = batch.into_iter().collect();
    for path in batch {
        let above = path.ancestors().skip(1);
        let inside = above.take_while(|folder| folder.starts_with(root));
        folders.extend(inside.map(Path::to_path_buf));
        match opened(system, path, Open::Read) {
            Err(CacheError::Write { path, .. }) if !path.starts_with(root) => {}
            opened => files.extend(opened?),
        }
    }
    // The kernel starts to write them all before any is waited for, so that one commit serves them.
    for (_, file) in &files {
        file.start_sync();
    }
    for (path, file) in files {
        match file.sync_all() {
            Err(error) if path.starts_with(root) => return Err(CacheError::write(&path, error)),
            _ => {}
        }
    }
    for folder in folders {
        if let Some((path, file)) = opened(system, folder, Open::Folder)? {
            file.sync_all()
                .map_err(|error| CacheError::write(&path, error))?;
        }
    }
    Ok(())
}

/// A path with what is open there.
type Opened = (PathBuf, Box<dyn File>);

/// The file or folder, if it is still there: a damaged one is removed by the run that finds it.
fn opened(system: &dyn System, path: PathBuf, how: Open) -> Result<Option<Opened>, CacheError> {
    match system.open(&path, how) {
        Ok(file) => Ok(Some((path, file))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CacheError::write(&path, error)),
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::*;

    #[test]
    fn everything_added_is_synced_before_the_wait_ends_and_failures_are_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let syncer = Syncer::new(Arc::new(RealSystem), folder.path().to_path_buf());
        for number in 0..300 {
            let path = folder.path().join(number.to_string());
            std::fs::write(&path, b"content").unwrap();
            syncer.add(&path).unwrap();
        }
        syncer.wait().unwrap();
        syncer.add(&folder.path().join("gone")).unwrap();
        syncer.wait().unwrap();
        // Below a file nothing can be opened.
        syncer.add(&folder.path().join("0/below")).unwrap();
        assert!(syncer.wait().is_err());
        syncer.wait().unwrap();
        let elsewhere = Syncer::new(Arc::new(RealSystem), folder.path().join("cache"));
        elsewhere.add(&folder.path().join("0/below")).unwrap();
        elsewhere.add(&folder.path().join("1")).unwrap();
        elsewhere.wait().unwrap();
    }
}
