//! What a unit at work may use of the machine.

use crate::stage::CoreShare;

/// The part of the machine that is a unit's own.
#[derive(Clone, Debug)]
pub struct Allotment {
    /// Its cores, which may become more.
    pub share: CoreShare,
    /// Numbers of its devices.
    pub devices: Vec<usize>,
    /// Which of the plan's accelerators it computes on, if it does.
    pub accelerator: Option<usize>,
    /// Memory that its items may take together.
    pub memory_bytes: u64,
    /// The most cores that its share can come to.
    pub jobs: usize,
}

impl Allotment {
    /// Threads for all cores that its share can come to.
    pub fn most_threads(&self) -> usize {
        self.jobs.max(self.share.threads())
    }

    /// So many threads, and nothing else of its own.
    pub fn threads(threads: usize) -> Self {
        Self {
            share: CoreShare::new(threads),
            devices: Vec::new(),
            accelerator: None,
            memory_bytes: u64::MAX,
            jobs: threads,
        }
    }
}
