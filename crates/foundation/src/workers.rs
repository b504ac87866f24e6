//! The threads that one training, prediction or analysis runs on.

use std::sync::atomic::{AtomicBool, Ordering};

use miette::Diagnostic;
use rayon::prelude::*;
use thiserror::Error;

/// Threads that the system refused to start.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot start {threads} threads: {reason}")]
#[diagnostic(
    code(threads::start),
    help("ask for fewer with --threads, or raise the system's limit on them (ulimit -u)")
)]
pub struct ThreadError {
    /// Threads asked for.
    pub threads: usize,
    /// What the system said.
    pub reason: String,
}

/// A pool of `threads` threads (at least one).
///
/// # Errors
/// Where the system refuses to start them.
pub fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, ThreadError> {
    let threads = threads.max(1);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| ThreadError {
            threads,
            reason: error.to_string(),
        })
}

/// A thread pool of its own, so that several models can train side by side.
pub struct Workers {
    pool: rayon::ThreadPool,
    stopped: AtomicBool,
}

impl Workers {
    /// Starts `threads` threads (at least one).
    ///
    /// # Errors
    /// Where the system refuses to start them.
    pub fn new(threads: usize) -> Result<Self, ThreadError> {
        Ok(Self {
            pool: thread_pool(threads)?,
            stopped: AtomicBool::new(false),
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

    /// Makes the tasks that have not started do nothing; whoever waits for results must check [`Self::stopped`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether [`Self::stop`] has been called: what tasks have computed since is not complete.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}
