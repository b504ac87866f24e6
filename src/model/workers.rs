//! The threads that one training or prediction runs on.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::ModelError;

/// A thread pool of its own, so that several models can train side by side.
pub struct Workers {
    pool: rayon::ThreadPool,
    stopped: AtomicBool,
}

impl Workers {
    /// Starts `threads` threads (at least one).
    ///
    /// # Errors
    /// [`ModelError::Threads`] where the system refuses.
    pub fn new(threads: usize) -> Result<Self, ModelError> {
        let threads = threads.max(1);
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map(|pool| Self {
                pool,
                stopped: AtomicBool::new(false),
            })
            .map_err(|error| ModelError::Threads {
                threads,
                reason: error.to_string(),
            })
    }

    /// Runs `work` once for each item, each item a task of its own.
    ///
    /// The items decide how work is cut, never the number of threads, so results do not depend on it.
    pub fn for_each<T: Send>(&self, items: &mut [T], work: impl Fn(usize, &mut T) + Send + Sync) {
        self.pool.install(|| {
            items
                .par_iter_mut()
                .enumerate()
                .with_max_len(1)
                .for_each(|(index, item)| {
                    if !self.stopped() {
                        work(index, item);
                    }
                });
        });
    }

    /// Makes the tasks that have not begun do nothing; whoever waits for results must check [`Self::stopped`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether [`Self::stop`] has been called: what tasks have computed since is not complete.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
