//! The cores that a step may use, a share that can grow while the step works.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The cores that a unit of work may use now. Clones are the same share.
#[derive(Clone, Debug)]
pub struct CoreShare(Arc<AtomicUsize>);

impl CoreShare {
    /// A share of `cores` cores; 0 for work that only waits for a device.
    pub fn new(cores: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(cores)))
    }

    /// Threads to work with from now on, at least 1. Long work asks again wherever it can put more threads to use.
    pub fn threads(&self) -> usize {
        self.cores().max(1)
    }

    /// Cores in the share.
    pub fn cores(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds a core.
    pub fn grow(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
