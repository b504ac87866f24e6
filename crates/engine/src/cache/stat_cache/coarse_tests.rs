//! When a file is read again on a file system with coarse times and a clock of its own.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pipe_foundation::system::{Entry, File, Metadata, Open, RealSystem, Task};

use super::tests::options;
use super::*;

const SECOND_NS: i64 = 1_000_000_000;
const START_NS: i64 = 1_800_000_000 * SECOND_NS;

/// A file system that counts in steps of two seconds, with a clock of its own, and a machine that uses it.
#[derive(Debug, Default)]
struct Coarse {
    /// When all files on it were last changed, by its clock.
    changed_ns: AtomicI64,
    /// What time it is on the machine.
    now_ns: AtomicI64,
    /// How far its clock is ahead of the machine's.
    ahead_ns: AtomicI64,
    /// Whether the machine knows that clock.
    known: bool,
    /// The number it is mounted under.
    device: AtomicU64,
    /// The number of the file in it.
    inode: AtomicU64,
    /// Whether another file takes its name right before it is opened.
    is_replaced: AtomicBool,
}

impl Coarse {
    fn new(known: bool) -> Arc<Self> {
        let system = Self {
            known,
            ..Self::default()
        };
        system.now_ns.store(START_NS, Ordering::Relaxed);
        Arc::new(system)
    }

    fn there_ns(&self) -> i64 {
        self.now_ns.load(Ordering::Relaxed) + self.ahead_ns.load(Ordering::Relaxed)
    }

    fn pass(&self, seconds: f64) {
        let ns = (seconds * SECOND_NS as f64) as i64;
        self.now_ns.fetch_add(ns, Ordering::Relaxed);
    }

    fn write(&self, path: &Path, bytes: &[u8]) {
        std::fs::write(path, bytes).unwrap();
        let step = 2 * SECOND_NS;
        let changed_ns = self.there_ns() / step * step;
        self.changed_ns.store(changed_ns, Ordering::Relaxed);
    }
}

/// Files are those of the machine; times and the number of the file system are its own.
impl System for Coarse {
    fn metadata(&self, path: &Path) -> std::io::Result<Metadata> {
        let found = RealSystem.metadata(path)?;
        // A file that is written to learn the clock.
        if path.extension().is_none_or(|extension| extension != "wav") {
            return Ok(Metadata {
                changed_ns: self.there_ns(),
                ..found
            });
        }
        let mounted = self.device.load(Ordering::Relaxed) + u64::from(!self.known);
        let changed_ns = self.changed_ns.load(Ordering::Relaxed);
        Ok(Metadata {
            inode: self.inode.load(Ordering::Relaxed),
            modified_ns: changed_ns,
            changed_ns,
            device: found.device + mounted,
            ..found
        })
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.uptime()
    }

    fn uptime(&self) -> Duration {
        Duration::from_nanos(self.now_ns.load(Ordering::Relaxed) as u64)
    }

    fn open(&self, path: &Path, how: Open) -> std::io::Result<Box<dyn File>> {
        if how == Open::Read && self.is_replaced.swap(false, Ordering::Relaxed) {
            std::fs::write(path, b"two")?;
            self.inode.fetch_add(1, Ordering::Relaxed);
        }
        RealSystem.open(path, how)
    }

    fn link_metadata(&self, path: &Path) -> std::io::Result<Metadata> {
        RealSystem.link_metadata(path)
    }

    fn entries(&self, folder: &Path) -> std::io::Result<Vec<Entry>> {
        RealSystem.entries(folder)
    }

    fn create_folders(&self, path: &Path) -> std::io::Result<()> {
        RealSystem.create_folders(path)
    }

    fn create_private_folder(&self, path: &Path) -> std::io::Result<()> {
        RealSystem.create_private_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        RealSystem.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> std::io::Result<()> {
        RealSystem.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> std::io::Result<()> {
        RealSystem.remove_folder(path)
    }

    fn remove_folders(&self, path: &Path) -> std::io::Result<()> {
        RealSystem.remove_folders(path)
    }

    fn link(&self, target: &Path, path: &Path) -> std::io::Result<()> {
        RealSystem.link(target, path)
    }

    fn read_link(&self, path: &Path) -> std::io::Result<PathBuf> {
        RealSystem.read_link(path)
    }

    fn make_read_only(&self, path: &Path) -> std::io::Result<()> {
        RealSystem.make_read_only(path)
    }

    fn check_writable(&self, path: &Path) -> std::io::Result<()> {
        RealSystem.check_writable(path)
    }

    fn canonical(&self, path: &Path) -> std::io::Result<PathBuf> {
        RealSystem.canonical(path)
    }

    fn sleep(&self, time: Duration) {
        self.pass(time.as_secs_f64());
    }

    fn unique(&self) -> u64 {
        RealSystem.unique()
    }

    fn identity(&self) -> pipe_foundation::system::Identity {
        RealSystem.identity()
    }

    fn umask(&self) -> u32 {
        RealSystem.umask()
    }

    fn to_shared(&self) -> Arc<dyn System> {
        RealSystem.to_shared()
    }

    fn spawn(&self, task: Task) -> std::io::Result<JoinHandle<()>> {
        RealSystem.spawn(task)
    }
}

/// A folder with a file on such a file system; each run loads the stat cache again.
struct Machine {
    folder: tempfile::TempDir,
    system: Arc<Coarse>,
}

impl Machine {
    fn new(known: bool) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            system: Coarse::new(known),
        }
    }

    /// As [`Machine::new`], with the clock of the file system ahead of the machine's.
    fn ahead(known: bool, ahead_s: i64) -> Self {
        let machine = Self::new(known);
        let ahead_ns = &machine.system.ahead_ns;
        ahead_ns.store(ahead_s * SECOND_NS, Ordering::Relaxed);
        machine
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("a.wav")
    }

    fn write(&self, bytes: &[u8]) {
        self.system.write(&self.file(), bytes);
    }

    /// The digest that a run uses, and whether it read the file for it.
    fn run(&self) -> (Digest, bool) {
        let log = Log::new(self.folder.path().join("files.log"));
        let stat_cache = StatCache::load(options(log, self.system.clone())).unwrap();
        let read = Cell::new(false);
        let measure = |_: &Path| {
            read.set(true);
            Ok(0.0)
        };
        let info = stat_cache.measured(&self.file(), &measure);
        stat_cache.save().unwrap();
        (info.unwrap().digest, read.get())
    }
}

/// The clock of the file system: known, unknown and the same, ahead, and behind.
const CLOCKS: [(bool, i64); 5] = [
    (true, 0),
    (false, 0),
    (true, -3600),
    (false, 40),
    (false, -40),
];

#[test]
fn a_rewrite_within_the_step_of_a_coarse_clock_is_noticed() {
    for (known, ahead_s) in CLOCKS {
        let machine = Machine::ahead(known, ahead_s);
        machine.write(b"one");
        machine.system.pass(0.5);
        assert_eq!(machine.run(), (Digest::of(b"one"), true));
        machine.system.pass(0.5);
        // Same length, same times.
        let before = machine.system.metadata(&machine.file()).unwrap();
        machine.write(b"two");
        assert_eq!(machine.system.metadata(&machine.file()).unwrap(), before);
        machine.system.pass(10.0);
        assert_eq!(
            machine.run(),
            (Digest::of(b"two"), true),
            "clock known: {known}, ahead by {ahead_s} s"
        );
    }
}

#[test]
fn a_file_on_a_coarse_clock_comes_to_be_trusted_and_stays_so_after_mounting_again() {
    for (known, ahead_s) in CLOCKS {
        let machine = Machine::ahead(known, ahead_s);
        machine.write(b"one");
        let mut reads = 0;
        for _ in 0..20 {
            reads += usize::from(machine.run().1);
            machine.system.pass(10.0);
        }
        assert!(
            (1..=6).contains(&reads),
            "{reads} of 20, ahead by {ahead_s} s"
        );
        assert!(!machine.run().1);
        machine.system.device.fetch_add(1, Ordering::Relaxed);
        assert!(!machine.run().1, "read again after mounting again");
        machine.write(b"two");
        assert_eq!(machine.run(), (Digest::of(b"two"), true));
    }
}

#[test]
fn an_old_file_is_read_once_whatever_clock_it_has() {
    for (known, ahead_s) in CLOCKS {
        let machine = Machine::ahead(known, ahead_s);
        machine.write(b"one");
        machine.system.pass(3600.0);
        assert!(machine.run().1);
        assert!(
            !machine.run().1,
            "clock known: {known}, ahead by {ahead_s} s"
        );
    }
}

/// Found by seed 3614 of the simulation: two runs replaced a file at the same time, and a power cut brought the first one
/// back, whose times were remembered with the content of the second.
#[test]
fn a_file_that_takes_the_name_of_another_while_that_is_read_is_not_taken_for_it() {
    let machine = Machine::new(true);
    machine.write(b"one");
    machine.system.pass(3600.0);
    machine.system.is_replaced.store(true, Ordering::Relaxed);
    assert_eq!(machine.run().0, Digest::of(b"two"));
    machine.system.inode.fetch_sub(1, Ordering::Relaxed);
    std::fs::write(machine.file(), b"one").unwrap();
    assert_eq!(machine.run(), (Digest::of(b"one"), true));
}

#[test]
fn after_the_clock_was_set_back_what_is_dated_later_is_read() {
    let machine = Machine::new(true);
    machine.write(b"one");
    machine.system.pass(10.0);
    assert!(machine.run().1);
    assert!(!machine.run().1);
    machine.system.pass(-20.0);
    assert!(machine.run().1);
    assert!(machine.run().1);
}
