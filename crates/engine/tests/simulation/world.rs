//! What the processes of a simulation share: the disk, the clock, whose turn it is, and what goes wrong when.
//!
//! Each process is a thread, and only one of them does anything at a time: before each operation it waits for its turn,
//! and after it the seed says whose turn is next. So a seed gives the same operations in the same order every time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use pipe_foundation::sync::{lock, wait_timeout};
use pipe_foundation::system::Hold;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustix::io::Errno;

use super::disk::{Disk, Node};
use super::faults::{Fault, Faults, Kind};
use super::platter::PowerCut;

/// A seed that takes more operations than this does not end by itself.
const MOST_OPERATIONS: u64 = 200_000;

/// How a machine is.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// In such steps, in nanoseconds, count the times of files.
    pub step_ns: i64,
    /// How far the clock of the file system is ahead.
    pub ahead_ns: i64,
    /// Whether texts are on another file system than the cache.
    pub two_devices: bool,
    /// How often another process goes on after an operation, in percent.
    pub switch_percent: u32,
    /// Whether new files get inodes that others no longer have.
    pub reuses_inodes: bool,
}

/// One process.
#[derive(Debug)]
struct Running {
    lives: bool,
    waits: bool,
}

#[derive(Debug)]
struct Held {
    handle: u64,
    process: usize,
    alone: bool,
}

/// The world of one seed, but for who waits.
#[derive(Debug)]
pub struct State {
    /// The disk.
    pub disk: Disk,
    /// Where all chance comes from.
    pub random: ChaCha8Rng,
    /// How the machine is.
    pub machine: Machine,
    /// The clock that people set, in nanoseconds since 1970.
    pub wall_ns: i64,
    uptime_ns: u64,
    processes: Vec<Running>,
    turn: usize,
    locks: HashMap<Node, Vec<Held>>,
    handles: u64,
    /// Where nothing may be written.
    pub read_only: Option<&'static str>,
    /// What goes wrong.
    pub faults: Faults,
    /// Whether bytes may be on the disk that belong to nothing: a write was torn, or the power was cut.
    pub torn: bool,
    /// Whether a sync did nothing and said that it had.
    pub lost_sync: bool,
    /// How often the power was cut.
    pub power_cuts: u32,
    /// Whether the clock was ever set back.
    pub set_back: bool,
    operations: u64,
    hash: DefaultHasher,
    /// The operations in words, where they are wanted.
    pub told: Option<Vec<String>>,
}

/// The world of one seed.
#[derive(Debug)]
pub struct World {
    state: Mutex<State>,
    changed: Condvar,
}

/// Why an operation is not done.
pub enum Refused {
    /// Its process is dead.
    Dead,
    /// The system says no.
    Error(Errno),
}

/// How an operation may be done.
pub enum Granted {
    /// As asked.
    Whole,
    /// A write, so many bytes of it; then comes what ended it.
    Torn(Fault),
}

impl World {
    /// The world at its beginning.
    pub fn new(seed: u64, machine: Machine, told: bool) -> Arc<Self> {
        let mut disk = Disk::new();
        disk.reuses_inodes = machine.reuses_inodes;
        Arc::new(Self {
            state: Mutex::new(State {
                disk,
                random: ChaCha8Rng::seed_from_u64(seed),
                machine,
                wall_ns: 1_800_000_000_000_000_000,
                uptime_ns: 0,
                processes: Vec::new(),
                turn: 0,
                locks: HashMap::new(),
                handles: 0,
                read_only: None,
                faults: Faults::default(),
                torn: false,
                lost_sync: false,
                power_cuts: 0,
                set_back: false,
                operations: 0,
                hash: DefaultHasher::new(),
                told: told.then(Vec::new),
            }),
            changed: Condvar::new(),
        })
    }

    /// The state, for whoever is no process.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// A process comes to be; gives its number. The first of several has the turn.
    pub fn start(&self) -> usize {
        let mut state = self.state();
        let number = state.processes.len();
        if !state.processes.iter().any(|process| process.lives) {
            state.turn = number;
        }
        state.processes.push(Running {
            lives: true,
            waits: false,
        });
        number
    }

    /// The process has come to its end; false if it had been killed before.
    pub fn end(&self, process: usize) -> bool {
        let Some(mut state) = self.wait_for_turn(process) else {
            return false;
        };
        state.tell(process, "end", Path::new(""), 0);
        state.kill(process);
        self.wake(&state);
        true
    }

    /// Whether the process still lives.
    pub fn lives(&self, process: usize) -> bool {
        self.state().processes[process].lives
    }

    fn wait_for_turn(&self, process: usize) -> Option<MutexGuard<'_, State>> {
        let mut state = self.state();
        while state.processes[process].lives && state.turn != process {
            state.processes[process].waits = true;
            state = wait_timeout(&self.changed, state, Duration::from_secs(60));
            state.processes[process].waits = false;
        }
        state.processes[process].lives.then_some(state)
    }

    /// Waits until it is the turn of `process`, and says how it may do an operation.
    pub fn begin(
        &self,
        process: usize,
        name: &'static str,
        kind: Kind,
        path: &Path,
    ) -> Result<(MutexGuard<'_, State>, Granted), Refused> {
        let mut state = self.wait_for_turn(process).ok_or(Refused::Dead)?;
        state.operations += 1;
        let passed_ns = state.random.gen_range(1_000..100_000);
        state.pass(passed_ns);
        state.tell(process, name, path, 0);
        if state.operations > MOST_OPERATIONS {
            state.kill_all();
            self.wake(&state);
            return Err(Refused::Dead);
        }
        let fault = state.next_fault(kind);
        let refused = match fault {
            None => return Ok((state, Granted::Whole)),
            Some(fault) if kind == Kind::Write => return Ok((state, Granted::Torn(fault))),
            Some(fault) => state.strike(process, &fault),
        };
        self.pass_turn(&mut state, false);
        Err(refused)
    }

    /// What `process` did is done; `gives_way` says that it waits for others.
    pub fn finish(&self, mut state: MutexGuard<'_, State>, gives_way: bool) {
        self.pass_turn(&mut state, gives_way);
    }

    fn pass_turn(&self, state: &mut State, gives_way: bool) {
        let before = state.turn;
        let others: Vec<usize> = (0..state.processes.len())
            .filter(|&other| other != before && state.processes[other].lives)
            .collect();
        let switch_percent = match gives_way {
            false => state.machine.switch_percent,
            true => 100,
        };
        if !others.is_empty() && state.random.gen_range(0..100) < switch_percent {
            state.turn = others[state.random.gen_range(0..others.len())];
        }
        self.wake(state);
    }

    fn wake(&self, state: &State) {
        if state.processes.iter().any(|process| process.waits) {
            self.changed.notify_all();
        }
    }
}

impl State {
    /// Time passes.
    pub fn pass(&mut self, ns: u64) {
        self.uptime_ns += ns;
        self.wall_ns += ns as i64;
    }

    /// Somebody sets the clock by so many nanoseconds.
    pub fn set_clock(&mut self, by_ns: i64) {
        self.wall_ns += by_ns;
        self.set_back |= by_ns < 0;
    }

    /// How long the machine runs.
    pub fn uptime(&self) -> Duration {
        Duration::from_nanos(self.uptime_ns)
    }

    /// What the clock of the file system gives a file now.
    pub fn disk_ns(&self) -> i64 {
        let now_ns = self.wall_ns + self.machine.ahead_ns;
        now_ns - now_ns.rem_euclid(self.machine.step_ns)
    }

    /// The number of the file system of `path`.
    pub fn device(&self, path: &Path) -> u64 {
        match self.machine.two_devices && path.starts_with(super::story::TEXTS) {
            true => 2,
            false => 1,
        }
    }

    /// Makes sure that `path` may be written.
    pub fn check_writable(&self, path: &Path) -> std::io::Result<()> {
        match self.read_only {
            Some(folder) if path.starts_with(folder) => Err(Errno::ROFS.into()),
            _ => Ok(()),
        }
    }

    /// Whether the seed took more operations than any should.
    pub fn is_endless(&self) -> bool {
        self.operations > MOST_OPERATIONS
    }

    /// How many operations there were, and what identifies all of them.
    pub fn fingerprint(&self) -> (u64, u64) {
        (self.operations, self.hash.finish())
    }

    /// Notes an operation.
    pub fn tell(&mut self, process: usize, name: &'static str, path: &Path, number: u64) {
        (process, name, path, number, self.wall_ns).hash(&mut self.hash);
        if let Some(told) = &mut self.told {
            let time = self.uptime_ns as f64 * 1e-9;
            told.push(format!(
                "{time:12.6} s  process {process}  {name} {} {number}",
                path.display()
            ));
        }
    }

    /// Notes what a person wants to know of a seed.
    pub fn remark(&mut self, text: impl FnOnce() -> String) {
        if let Some(told) = &mut self.told {
            told.push(text());
        }
    }

    /// What befalls the next operation of this kind.
    fn next_fault(&mut self, kind: Kind) -> Option<Fault> {
        match self.faults.next(kind)? {
            Fault::Slow(ns) => {
                self.pass(ns);
                None
            }
            Fault::SetClock(ns) => {
                self.set_clock(ns);
                None
            }
            fault => Some(fault),
        }
    }

    /// Lets a fault befall `process`.
    pub fn strike(&mut self, process: usize, fault: &Fault) -> Refused {
        self.tell(process, fault.name(), Path::new(""), 0);
        match fault {
            Fault::Kill => self.kill(process),
            Fault::PowerCut(how) => self.cut_power(*how),
            Fault::Fail { errno, .. } => return Refused::Error(*errno),
            Fault::Slow(_) | Fault::SetClock(_) => {}
        }
        Refused::Dead
    }

    fn kill(&mut self, process: usize) {
        self.processes[process].lives = false;
        self.disk.close_all(process);
        for held in self.locks.values_mut() {
            held.retain(|held| held.process != process);
        }
        if self.turn == process
            && let Some(other) = self.processes.iter().position(|process| process.lives)
        {
            self.turn = other;
        }
    }

    fn kill_all(&mut self) {
        (0..self.processes.len()).for_each(|process| self.kill(process));
    }

    /// Ends all processes, and leaves of the disk what it is to leave.
    pub fn cut_power(&mut self, how: PowerCut) {
        self.kill_all();
        self.power_cuts += 1;
        let Self { disk, random, .. } = self;
        self.torn |= disk.cut_power(how, random);
    }

    /// A number for a file that is opened.
    pub fn handle(&mut self) -> u64 {
        self.handles += 1;
        self.handles
    }

    /// Locks a file, if it is free for that.
    pub fn lock(&mut self, node: Node, process: usize, handle: u64, hold: Hold) -> bool {
        let held = self.locks.entry(node).or_default();
        let alone = hold != Hold::SharedIfFree;
        let mut others = held.iter().filter(|held| held.handle != handle);
        if others.any(|other| alone || other.alone) {
            return false;
        }
        held.retain(|held| held.handle != handle);
        held.push(Held {
            handle,
            process,
            alone,
        });
        true
    }

    /// Lets go of a lock.
    pub fn unlock(&mut self, node: Node, handle: u64) {
        if let Some(held) = self.locks.get_mut(&node) {
            held.retain(|held| held.handle != handle);
        }
    }

    /// Whether a sync does anything.
    pub fn syncs(&mut self) -> bool {
        let syncs = self.random.gen_range(0..100) >= self.faults.lost_syncs_percent;
        self.lost_sync |= !syncs;
        syncs
    }
}
