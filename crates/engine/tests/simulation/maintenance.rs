//! Pruning, collecting and verifying the cache by a simulated process.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use pipe_engine::cache::{
    Cache, CacheError, GcOptions, PruneOptions, Verified, VerifyOptions, final_checkpoint_key, gc,
    prune, verify,
};
use pipe_foundation::panics::describe;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::process::Process;
use super::run::open;

/// What is done to a cache between runs, or beside one.
#[derive(Clone, Copy, Debug)]
pub enum Maintenance {
    /// Removes what runs but for so many need.
    Prune {
        /// How many of them.
        keep_runs: Option<usize>,
    },
    /// Collects garbage.
    Collect {
        /// What the cache may take.
        max_bytes: Option<u64>,
        /// How old what is unreachable may be, in seconds.
        max_age_s: Option<u64>,
    },
    /// Reads everything.
    Verify {
        /// Whether what is damaged is taken out.
        repair: bool,
    },
}

/// What came of it, with what a verification found.
pub type Maintained = Result<Option<Verified>, String>;

impl Maintenance {
    /// One of them.
    pub fn draw(random: &mut ChaCha8Rng) -> Self {
        match random.gen_range(0..6) {
            0..2 => Self::Prune {
                keep_runs: [None, Some(1), Some(2)][random.gen_range(0..3)],
            },
            2..4 => Self::Collect {
                max_bytes: [None, Some(0), Some(6000)][random.gen_range(0..3)],
                max_age_s: [None, Some(0), Some(60)][random.gen_range(0..3)],
            },
            4 => Self::Verify { repair: false },
            _ => Self::Verify { repair: true },
        }
    }
}

/// Does it in `process`, which then ends.
pub fn maintain(process: &Process, what: Maintenance) -> Maintained {
    process.world.state().remark(|| format!("{what:?}"));
    let work = || -> Result<Option<Verified>, CacheError> { work(&open(process)?, what) };
    let done = catch_unwind(AssertUnwindSafe(work));
    process.world.end(process.number);
    match done {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => Err(describe(&*panic)),
    }
}

fn work(cache: &Cache, what: Maintenance) -> Result<Option<Verified>, CacheError> {
    match what {
        Maintenance::Prune { keep_runs } => {
            let options = PruneOptions {
                keep_runs,
                locked: &HashSet::new(),
                older_than_days: 0,
                dry_run: false,
                checkpoints: &|fingerprint| vec![final_checkpoint_key(fingerprint, &["rounds"])],
            };
            prune(cache, &options).map(|_| None)
        }
        Maintenance::Collect {
            max_bytes,
            max_age_s,
        } => {
            let options = GcOptions {
                max_bytes,
                max_age: max_age_s.map(Duration::from_secs),
                keep_runs: 1,
                locked: &HashSet::new(),
                dry_run: false,
            };
            gc(cache, &options).map(|_| None)
        }
        Maintenance::Verify { repair } => {
            let options = VerifyOptions {
                repair,
                is_checkpoint_whole: &|_, _| true,
            };
            verify(cache, options).map(Some)
        }
    }
}
