//! The machine with a clock that jumps: whoever waits has waited at once.

use std::io::Result;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use pipe_foundation::system::{Entry, File, Identity, Metadata, Open, RealSystem, System, Task};

/// The machine, with what has been waited for in vain added to its clock.
#[derive(Clone, Debug, Default)]
pub struct QuickSystem {
    skipped_ms: Arc<AtomicU64>,
}

impl QuickSystem {
    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap();
        self.skipped_ms.fetch_add(time, Ordering::Relaxed);
    }
}

impl System for QuickSystem {
    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn File>> {
        RealSystem.open(path, how)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        RealSystem.metadata(path)
    }

    fn link_metadata(&self, path: &Path) -> Result<Metadata> {
        RealSystem.link_metadata(path)
    }

    fn entries(&self, folder: &Path) -> Result<Vec<Entry>> {
        RealSystem.entries(folder)
    }

    fn create_folders(&self, path: &Path) -> Result<()> {
        RealSystem.create_folders(path)
    }

    fn create_private_folder(&self, path: &Path) -> Result<()> {
        RealSystem.create_private_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        RealSystem.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        RealSystem.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> Result<()> {
        RealSystem.remove_folder(path)
    }

    fn remove_folders(&self, path: &Path) -> Result<()> {
        RealSystem.remove_folders(path)
    }

    fn link(&self, target: &Path, path: &Path) -> Result<()> {
        RealSystem.link(target, path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf> {
        RealSystem.read_link(path)
    }

    fn make_read_only(&self, path: &Path) -> Result<()> {
        RealSystem.make_read_only(path)
    }

    fn check_writable(&self, path: &Path) -> Result<()> {
        RealSystem.check_writable(path)
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf> {
        RealSystem.canonical(path)
    }

    fn now(&self) -> SystemTime {
        RealSystem.now()
    }

    fn uptime(&self) -> Duration {
        let skipped = self.skipped_ms.load(Ordering::Relaxed);
        RealSystem.uptime() + Duration::from_millis(skipped)
    }

    fn sleep(&self, time: Duration) {
        self.pass(time);
        // Other threads get on.
        RealSystem.sleep(time.min(Duration::from_millis(1)));
    }

    fn unique(&self) -> u64 {
        RealSystem.unique()
    }

    fn identity(&self) -> Identity {
        RealSystem.identity()
    }

    fn umask(&self) -> u32 {
        RealSystem.umask()
    }

    fn to_shared(&self) -> Arc<dyn System> {
        Arc::new(self.clone())
    }

    fn spawn(&self, task: Task) -> Result<JoinHandle<()>> {
        RealSystem.spawn(task)
    }
}
