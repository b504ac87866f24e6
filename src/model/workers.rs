//! The threads that one training or prediction runs on.

use rayon::prelude::*;

use super::ModelError;

/// A thread pool of its own, so that several models can train side by side.
pub struct Workers {
    pool: rayon::ThreadPool,
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
            .map(|pool| Self { pool })
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
                .for_each(|(index, item)| work(index, item));
        });
    }

    /// Runs `work` on one of the threads; tensor operations called within it share the pool.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }
}
