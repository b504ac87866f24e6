//! Makes what was written durable in the background, many files at once, so that short steps do not wait for the disk.
//!
//! What a step makes counts as soon as it has its name. A power failure within the next moments can leave a file under
//! its name without its content; its digest then tells, and it is made again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pipe_foundation::sync::lock;
use rustix::fs::{Advice, fadvise};

use super::error::CacheError;

/// How long files gather that are synced together.
const GATHER: Duration = Duration::from_millis(500);
/// So many are open at once at most.
const MOST: usize = 256;

/// Syncs files and the folders that they are in.
#[derive(Debug, Default)]
pub struct Syncer(Mutex<Option<Worker>>);

#[derive(Debug)]
struct Worker {
    paths: Sender<PathBuf>,
    thread: JoinHandle<Result<(), CacheError>>,
}

impl Syncer {
    /// Sees to it that the file at `path` becomes durable, and its name.
    ///
    /// # Errors
    /// When it has to be done at once, since the system refuses another thread, and cannot be done.
    pub fn add(&self, path: &Path) -> Result<(), CacheError> {
        let mut worker = lock(&self.0);
        if worker.is_none() {
            let (paths, received) = channel();
            let thread = std::thread::Builder::new().spawn(move || work(&received));
            *worker = thread.ok().map(|thread| Worker { paths, thread });
        }
        match worker.as_ref() {
            // A worker that has failed says so when it is waited for.
            Some(worker) => drop(worker.paths.send(path.to_path_buf())),
            None => sync(vec![path.to_path_buf()])?,
        }
        Ok(())
    }

    /// Waits until everything added so far is durable.
    ///
    /// # Errors
    /// When something could not be synced.
    pub fn wait(&self) -> Result<(), CacheError> {
        let Some(Worker { paths, thread }) = lock(&self.0).take() else {
            return Ok(());
        };
        drop(paths);
        thread.join().unwrap_or_else(|panic| {
            let reason = std::io::Error::other(format!("{panic:?}"));
            Err(CacheError::write(Path::new("."), reason))
        })
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
fn work(paths: &Receiver<PathBuf>) -> Result<(), CacheError> {
    while let Ok(first) = paths.recv() {
        let until = Instant::now() + GATHER;
        let mut batch = vec![first];
        while batch.len() < MOST
            && let Ok(next) = paths.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            batch.push(next);
        }
        sync(batch)?;
    }
    Ok(())
}

/// Syncs files and the folders that they are in.
fn sync(batch: Vec<PathBuf>) -> Result<(), CacheError> {
    let mut files = Vec::with_capacity(batch.len());
    let mut folders = BTreeSet::new();
    for path in batch {
        folders.extend(path.parent().map(Path::to_path_buf));
        files.extend(opened(path)?);
    }
    // The kernel starts to write them all before any is waited for, so that one commit serves them.
    for (_, file) in &files {
        let _ = fadvise(file, 0, None, Advice::DontNeed);
    }
    for (path, file) in files {
        file.sync_all()
            .map_err(|error| CacheError::write(&path, error))?;
    }
    for folder in folders {
        if let Some((path, file)) = opened(folder)? {
            file.sync_all()
                .map_err(|error| CacheError::write(&path, error))?;
        }
    }
    Ok(())
}

/// The file or folder, if it is still there: a damaged one is removed by the run that finds it.
fn opened(path: PathBuf) -> Result<Option<(PathBuf, File)>, CacheError> {
    match File::open(&path) {
        Ok(file) => Ok(Some((path, file))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CacheError::write(&path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_added_is_synced_before_the_wait_ends_and_failures_are_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let syncer = Syncer::default();
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
    }
}
