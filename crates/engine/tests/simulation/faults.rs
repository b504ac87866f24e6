//! What goes wrong, and when.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rustix::io::Errno;

use super::platter::PowerCut;

/// What an operation does, as far as it decides which faults can befall it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Opens something that is there.
    Open,
    /// Makes a name.
    Create,
    /// Takes a name away.
    Remove,
    /// Looks at something.
    Read,
    /// Writes bytes.
    Write,
    /// Waits for the disk.
    Sync,
    /// Looks at the clock, locks, waits: the disk has no part in it.
    Apart,
}

/// What befalls a process or the machine.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The process is killed.
    Kill,
    /// The machine loses its power.
    PowerCut(PowerCut),
    /// Operations fail with this error.
    Fail {
        /// The error.
        errno: Errno,
        /// How many of those that can fail so.
        times: u32,
    },
    /// The operation takes so many nanoseconds.
    Slow(u64),
    /// Somebody sets the clock by so many nanoseconds.
    SetClock(i64),
}

impl Fault {
    /// Its name in a trace.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Kill => "KILLED",
            Self::PowerCut(_) => "POWER CUT",
            Self::Fail { .. } => "FAILS",
            Self::Slow(_) => "SLOW",
            Self::SetClock(_) => "CLOCK SET",
        }
    }

    /// Whether it can befall such an operation.
    fn befalls(&self, kind: Kind) -> bool {
        match self {
            Self::Fail { errno, .. } => match *errno {
                Errno::NOSPC => matches!(kind, Kind::Write | Kind::Create),
                Errno::MFILE => kind == Kind::Open,
                _ => kind != Kind::Apart,
            },
            _ => true,
        }
    }
}

/// What is still to go wrong.
#[derive(Debug, Default)]
pub struct Faults {
    /// Faults with the number of operations until each.
    waiting: Vec<(u64, Fault)>,
    operations: u64,
    /// How many syncs of a hundred do nothing and say that they have.
    pub lost_syncs_percent: u32,
}

impl Faults {
    /// So many faults, that come up to `within` operations from now.
    pub fn draw(random: &mut ChaCha8Rng, count: usize, within: u64) -> Self {
        let waiting = (0..count)
            .map(|_| (random.gen_range(1..=within), fault(random)))
            .collect();
        Self {
            waiting,
            operations: 0,
            lost_syncs_percent: match random.gen_bool(0.15) {
                true => random.gen_range(10..=100),
                false => 0,
            },
        }
    }

    /// At most one fault, with the number of operations until it.
    pub fn of(fault: Option<(u64, Fault)>) -> Self {
        Self {
            waiting: fault.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Whether all of them have come.
    pub fn is_spent(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What befalls the next operation, of this kind.
    pub fn next(&mut self, kind: Kind) -> Option<Fault> {
        if self.waiting.is_empty() {
            return None;
        }
        self.operations += 1;
        let operations = self.operations;
        let is_due = |(at, fault): &(u64, Fault)| *at <= operations && fault.befalls(kind);
        let due = self.waiting.iter().position(is_due)?;
        match &mut self.waiting[due].1 {
            Fault::Fail { errno, times } if *times > 1 => {
                *times -= 1;
                let errno = *errno;
                Some(Fault::Fail { errno, times: 1 })
            }
            _ => Some(self.waiting.remove(due).1),
        }
    }
}

fn fault(random: &mut ChaCha8Rng) -> Fault {
    const SECOND_NS: i64 = 1_000_000_000;
    match random.gen_range(0..12) {
        0..3 => Fault::Kill,
        3..5 => Fault::PowerCut(power_cut(random)),
        5..9 => Fault::Fail {
            errno: [Errno::NOSPC, Errno::NOSPC, Errno::IO, Errno::MFILE][random.gen_range(0..4)],
            times: [1, 1, 3, 1000][random.gen_range(0..4)],
        },
        9..11 => Fault::Slow(random.gen_range(1..20 * SECOND_NS as u64)),
        _ => Fault::SetClock(random.gen_range(-100_000 * SECOND_NS..100_000 * SECOND_NS)),
    }
}

/// Some way for the power to go.
pub fn power_cut(random: &mut ChaCha8Rng) -> PowerCut {
    PowerCut {
        names_in_order: random.gen_bool(0.5),
        kept_percent: [0, 0, 50, 90, 100][random.gen_range(0..5)],
    }
}
