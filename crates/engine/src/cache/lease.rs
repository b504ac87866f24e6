//! Locks by files alone, for file systems whose kernel locks do not reach other hosts: leases that their holders renew.
//!
//! A lease is a file in a folder of its lock. Whoever wants the lock makes one, and then looks for others: another that
//! is not expired, and does not share, means that the lock is not free, and the new file goes again. So of two who make theirs
//! at once one or both go away empty-handed, and never do both hold the lock.
//!
//! A holder writes its lease again every [`RENEWED_EVERY`]. One that was not written for [`EXPIRES_AFTER`] is of a process
//! that died, or a machine; whoever wants the lock removes it. Both times are those that the file server gave: that of the
//! old lease and that of the new one. No clock of a host is asked, so they may differ.
//!
//! A process that was stopped for longer than that has lost its lease without noticing. [`Lease::is_held`] tells, and is
//! asked before anything is published.

use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use pipe_foundation::sync::{lock, wait_timeout};
use pipe_foundation::system::{File, Hold, Open, System};

/// Time between two renewals of a lease.
const RENEWED_EVERY: Duration = Duration::from_secs(15);
/// How old a lease is, by the file server, that nobody holds any more.
const EXPIRES_AFTER: Duration = Duration::from_secs(90);

/// The file in a cache which says that its locks are leases.
pub(super) const MARKER: &str = "LEASES";
/// The folder of a cache with all leases.
pub(super) const FOLDER: &str = "leases";

/// How the names of leases begin.
const ALONE: &str = "alone-";
const SHARED: &str = "shared-";

/// A lease, held until dropped.
#[derive(Debug)]
pub(super) struct Lease {
    system: Arc<dyn System>,
    path: PathBuf,
    file: Arc<Box<dyn File>>,
    ended: Arc<(Mutex<bool>, Condvar)>,
}

/// The cache that a lock is in, where its locks are leases. `path` is a file of the cache, or in one of its folders.
pub(super) fn cache_of(system: &dyn System, path: &Path) -> Option<PathBuf> {
    let above = path.ancestors().skip(1).take(2);
    let mut above = above.filter(|folder| !folder.as_os_str().is_empty());
    above
        .find(|folder| system.exists(&folder.join(MARKER)))
        .map(Path::to_path_buf)
}

impl Lease {
    /// Takes the lock at `path` in the cache at `root`, if it is free. `line` is what the lease has in it: who holds it.
    ///
    /// # Errors
    /// Where the lease cannot be written, or others not be read.
    pub fn take(
        system: &dyn System,
        (root, path): (&Path, &Path),
        hold: Hold,
        line: &[u8],
    ) -> Result<Option<Self>> {
        let folder = folder_of(root, path);
        system.create_folders(&folder)?;
        let Some(before) = names(system, &folder)? else {
            return Ok(None);
        };
        let name = match hold {
            Hold::SharedIfFree => format!("{SHARED}{:016x}", system.unique()),
            Hold::Alone | Hold::AloneIfFree => {
                let numbers = before.iter().filter_map(|name| name.strip_prefix(ALONE));
                let numbers = numbers.filter_map(|number| u64::from_str_radix(number, 16).ok());
                let next = numbers.max().unwrap_or_default().saturating_add(1);
                format!("{ALONE}{next:016x}")
            }
        };
        let own = folder.join(&name);
        let file = match system.open(&own, Open::CreateNew) {
            Ok(file) => file,
            // Somebody else was faster, or has just removed the folder.
            Err(error)
                if [ErrorKind::AlreadyExists, ErrorKind::NotFound].contains(&error.kind()) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let lease = Self {
            system: system.to_shared(),
            path: own,
            file: Arc::new(file),
            ended: Arc::default(),
        };
        // Dropped, it is removed.
        match lease.has_no_other(system, (&folder, &name), line)? {
            true if lease.is_held()? => {
                lease.renew(line.to_vec());
                Ok(Some(lease))
            }
            _ => Ok(None),
        }
    }

    /// Whether nobody else holds the lock, once this lease is there. Expired leases of others are removed.
    fn has_no_other(
        &self,
        system: &dyn System,
        (folder, own): (&Path, &str),
        line: &[u8],
    ) -> Result<bool> {
        self.file.write_all_at(line, 0)?;
        self.file.sync_all()?;
        let now_ns = self.file.metadata()?.modified_ns;
        let mut expired = Vec::new();
        for name in names(system, folder)?.unwrap_or_default() {
            let both_share = name.starts_with(SHARED) && own.starts_with(SHARED);
            if name == own || both_share {
                continue;
            }
            let other = folder.join(&name);
            match age_ns(system, &other, now_ns)? {
                Some(age_ns) if age_ns > EXPIRES_AFTER.as_nanos() as i64 => expired.push(other),
                Some(_) => return Ok(false),
                None => {}
            }
        }
        for other in expired {
            match system.remove_file(&other) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(true)
    }

    /// Whether it is still there: who holds no lease any more must publish nothing.
    ///
    /// # Errors
    /// When that cannot be determined.
    pub fn is_held(&self) -> Result<bool> {
        self.system.is_at(&**self.file, &self.path)
    }

    /// Writes it again and again, until it ends.
    fn renew(&self, line: Vec<u8>) {
        let (file, ended) = (self.file.clone(), self.ended.clone());
        let task = move || {
            let (has_ended, changed) = &*ended;
            let mut has_ended = lock(has_ended);
            while !*has_ended {
                has_ended = wait_timeout(changed, has_ended, RENEWED_EVERY);
                if !*has_ended {
                    // A server that does not answer now may do so the next time; one that has lost the file tells
                    // whoever asks whether the lease is held.
                    let _ = file.write_all_at(&line, 0).and_then(|()| file.sync_all());
                }
            }
        };
        // Without a thread it expires, and the work is not published if somebody else takes it over.
        let _ = self.system.spawn(Box::new(task));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (has_ended, changed) = &*self.ended;
        *lock(has_ended) = true;
        changed.notify_all();
        // One of the same name that somebody else has made is theirs.
        if self.is_held().unwrap_or(true) {
            let _ = self.system.remove_file(&self.path);
        }
        if let Some(folder) = self.path.parent() {
            // Where others are in it, it stays.
            let _ = self.system.remove_folder(folder);
        }
    }
}

/// Whether somebody holds the lock at `path`, and what their lease has in it; nothing is written. Whether a lease is
/// expired is not known without writing one, so that those of the dead count here until somebody wants the lock.
///
/// # Errors
/// When the leases cannot be read.
pub(super) fn held(
    system: &dyn System,
    root: &Path,
    path: &Path,
    hold: Hold,
) -> Result<Option<Vec<u8>>> {
    let folder = folder_of(root, path);
    for name in names(system, &folder)?.unwrap_or_default() {
        if name.starts_with(SHARED) && hold == Hold::SharedIfFree {
            continue;
        }
        match system.read(&folder.join(&name)) {
            Ok(line) => return Ok(Some(line)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The folder of the leases of a lock.
fn folder_of(root: &Path, path: &Path) -> PathBuf {
    let name = path.strip_prefix(root).unwrap_or(path);
    let name = name.to_string_lossy().replace('/', "-");
    root.join(FOLDER).join(name)
}

/// The names of the leases in a folder; none where it does not exist.
fn names(system: &dyn System, folder: &Path) -> Result<Option<Vec<String>>> {
    let entries = match system.entries(folder) {
        Ok(entries) => entries.into_iter(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let name = |path: PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    let mut names: Vec<String> = entries.filter_map(|entry| name(entry.path)).collect();
    names.retain(|name| name.starts_with(ALONE) || name.starts_with(SHARED));
    names.sort();
    Ok(Some(names))
}

/// How long before `now_ns` a lease was written, by the clock of the file server; none where it has gone. It is opened, so
/// that a client which remembers times asks the server.
fn age_ns(system: &dyn System, lease: &Path, now_ns: i64) -> Result<Option<i64>> {
    let opened = system.open(lease, Open::Read);
    match opened.and_then(|file| file.metadata()) {
        Ok(found) => Ok(Some(now_ns.saturating_sub(found.modified_ns))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a marker has in it, for whoever finds it.
pub(super) fn marker_text(reason: &str) -> String {
    format!(
        "Locks of this cache are leases in the folder {FOLDER}, since those of the file system do not reach all hosts:\n{reason}\nRemove this file once they do, while no run uses the cache.\n"
    )
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use pipe_foundation::system::RealSystem;

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn take(&self, hold: Hold) -> Option<Lease> {
            let root = self.0.path();
            Lease::take(
                &RealSystem,
                (root, &root.join("locks/step")),
                hold,
                b"who\n",
            )
            .unwrap()
        }

        /// All leases were written so long ago.
        fn age(&self, seconds: u64) {
            let folder = self.0.path().join("leases/locks-step");
            for entry in std::fs::read_dir(folder).unwrap() {
                let file = std::fs::File::options()
                    .write(true)
                    .open(entry.unwrap().path());
                #[expect(clippy::disallowed_methods, reason = "the time of a file in a test")]
                let now = SystemTime::now();
                file.unwrap()
                    .set_modified(now - Duration::from_secs(seconds))
                    .unwrap();
            }
        }
    }

    #[test]
    fn one_holds_it_alone_or_several_together() {
        let place = Place::new();
        let alone = place.take(Hold::AloneIfFree).unwrap();
        assert!(place.take(Hold::AloneIfFree).is_none());
        assert!(place.take(Hold::SharedIfFree).is_none());
        drop(alone);
        let shared = [(); 3].map(|()| place.take(Hold::SharedIfFree).unwrap());
        assert!(place.take(Hold::AloneIfFree).is_none());
        drop(shared);
        assert!(place.take(Hold::AloneIfFree).is_some());
        // Nothing stays.
        assert_eq!(place.0.path().join("leases").read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_lease_that_was_not_renewed_is_taken_and_its_holder_learns_of_it() {
        for hold in [Hold::AloneIfFree, Hold::SharedIfFree] {
            let place = Place::new();
            let paused = place.take(hold).unwrap();
            place.age(60);
            assert!(place.take(Hold::AloneIfFree).is_none());
            assert!(paused.is_held().unwrap());
            place.age(120);
            let taken = place.take(Hold::AloneIfFree).unwrap();
            assert!(!paused.is_held().unwrap() && taken.is_held().unwrap());
            // What the one that woke up does leaves the other's alone.
            drop(paused);
            assert!(taken.is_held().unwrap());
            assert!(place.take(Hold::AloneIfFree).is_none());
        }
    }

    #[test]
    fn of_many_at_once_at_most_one_holds_it() {
        let place = Place::new();
        let holders = std::sync::atomic::AtomicUsize::new(0);
        let order = std::sync::atomic::Ordering::SeqCst;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        if let Some(lease) = place.take(Hold::AloneIfFree) {
                            assert_eq!(holders.fetch_add(1, order), 0);
                            std::thread::yield_now();
                            holders.fetch_sub(1, order);
                            drop(lease);
                        }
                    }
                });
            }
        });
        assert!(place.take(Hold::AloneIfFree).is_some());
    }

    #[test]
    fn a_cache_says_that_its_locks_are_leases() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let paths = [
            root.join("locks/in-use"),
            root.join("tmp/1.lock"),
            root.join("items.log"),
        ];
        assert!(
            paths
                .iter()
                .all(|path| cache_of(&RealSystem, path).is_none())
        );
        std::fs::write(root.join(MARKER), marker_text("a reason")).unwrap();
        for path in &paths {
            assert_eq!(cache_of(&RealSystem, path).as_deref(), Some(root));
        }
        assert_eq!(cache_of(&RealSystem, &root.join("a/b/c")), None);
    }
}
