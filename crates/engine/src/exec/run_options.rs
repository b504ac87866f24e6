//! How a run is to be done.

use std::collections::BTreeMap;
use std::path::Path;

use pipe_foundation::Digest;

use super::elsewhere::Elsewhere;
use super::expected_results::ExpectedResults;
use super::memory::available_bytes;
use super::selection::{ItemShare, Selection};

/// What checkpoints of finished steps may take unless the user says otherwise.
const CHECKPOINT_BYTES: u64 = 1_000_000_000;
/// The largest file of a result that people get a copy of.
const LARGEST_COPY_BYTES: u64 = 64 << 20;

/// How a run is to be done; nothing here changes a result.
pub struct RunOptions<'a> {
    /// Cores it may use.
    pub jobs: usize,
    /// After a failure, continue with everything that does not need the failed step.
    pub keep_going: bool,
    /// Memory that steps running side by side may need together, by their own estimates.
    pub memory_bytes: u64,
    /// Devices that it may lend to stages that need some for themselves.
    pub devices: usize,
    /// What checkpoints of finished steps may take in the cache, in bytes; the oldest go first.
    pub checkpoint_bytes: u64,
    /// Files of results that are larger than this, in bytes, are linked to the cache rather than copied for people.
    pub largest_copy_bytes: u64,
    /// The results that it must arrive at, where these are known; a step that does not fails.
    pub expected: Option<&'a ExpectedResults>,
    /// The folder under which results appear for people.
    pub runs: &'a Path,
    /// The steps that it is about; all without one.
    pub selection: Option<&'a Selection>,
    /// The share of their items that item-wise steps make; all without one.
    pub share: Option<ItemShare>,
    /// The keys that steps over whole sets must have that run; one with another is refused.
    pub keys: Option<&'a BTreeMap<usize, Digest>>,
    /// What became of steps that ran elsewhere meanwhile.
    pub elsewhere: Option<&'a Elsewhere>,
    /// It does part of the work of another run, which follows it and is the one that is remembered: results go into the
    /// cache alone, and a step that fails keeps none from running that does not need it.
    pub for_another_run: bool,
}

/// On all cores and one device, with the memory that is free, into the folder `runs`.
impl Default for RunOptions<'_> {
    fn default() -> Self {
        Self {
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            keep_going: false,
            memory_bytes: available_bytes(),
            devices: 1,
            checkpoint_bytes: CHECKPOINT_BYTES,
            largest_copy_bytes: LARGEST_COPY_BYTES,
            expected: None,
            runs: Path::new("runs"),
            selection: None,
            share: None,
            keys: None,
            elsewhere: None,
            for_another_run: false,
        }
    }
}
