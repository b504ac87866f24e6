//! The threads that one training, prediction or analysis runs on.

use std::io::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use miette::Diagnostic;
use rayon::prelude::*;
use thiserror::Error;

use crate::progress::Progress;
use crate::sync::lock;

/// Threads that the system refused to start.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot start {threads} thread{}: {reason}", if *threads == 1 { "" } else { "s" })]
#[diagnostic(
    code(threads::start),
    help(
        "ask for fewer with --jobs or, to predict, --threads, or raise the system's limit on them (ulimit -u)"
    )
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

/// Starts the threads that share work which has no pool of its own: one per core, or a single one where the system refuses
/// so many.
///
/// # Errors
/// Where it refuses a single one too.
pub fn start_shared_threads() -> Result<(), ThreadError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // They can be asked for only once, so they are started before.
    let mut waiting = Vec::new();
    for _ in 0..cores {
        let (sender, receiver) = channel::<rayon::ThreadBuilder>();
        let work = move || {
            // Without a sender it is not needed.
            if let Ok(thread) = receiver.recv() {
                thread.run();
            }
        };
        match std::thread::Builder::new().spawn(work) {
            Ok(_) => waiting.push(sender),
            // Others need some, too.
            Err(_) if !waiting.is_empty() => {
                waiting.truncate(1);
                break;
            }
            Err(error) => {
                return Err(ThreadError {
                    threads: 1,
                    reason: error.to_string(),
                });
            }
        }
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(waiting.len());
    let pool = pool.spawn_handler(|thread| {
        let waiting = waiting
            .pop()
            .ok_or_else(|| Error::other("no thread left"))?;
        let given = waiting.send(thread);
        given.map_err(|_| Error::other("the thread has ended"))
    });
    // It fails where they have been started before.
    let _ = pool.build_global();
    Ok(())
}

/// A thread pool of its own, so that several models can train side by side.
pub struct Workers {
    pool: Mutex<Arc<rayon::ThreadPool>>,
    stopped: AtomicBool,
}

/// How many threads long work may use.
#[derive(Clone, Copy)]
pub enum ThreadCount<'a> {
    /// So many, all the time.
    Fixed(usize),
    /// At least so many as this says now; it may say more later.
    Growing(&'a (dyn Fn() -> usize + Sync)),
}

impl ThreadCount<'_> {
    /// Threads to use from now on, at least 1.
    pub fn now(self) -> usize {
        let threads = match self {
            Self::Fixed(threads) => threads,
            Self::Growing(threads) => threads(),
        };
        threads.max(1)
    }
}

impl From<usize> for ThreadCount<'_> {
    fn from(threads: usize) -> Self {
        Self::Fixed(threads)
    }
}

impl Workers {
    /// Starts `threads` threads (at least one).
    ///
    /// # Errors
    /// Where the system refuses to start them.
    pub fn new(threads: usize) -> Result<Self, ThreadError> {
        Ok(Self {
            pool: Mutex::new(Arc::new(thread_pool(threads)?)),
            stopped: AtomicBool::new(false),
        })
    }

    /// Has the next tasks run on `threads` threads, if that is more than before.
    ///
    /// # Errors
    /// Where the system refuses to start them; then all stays as it is.
    pub fn widen(&self, threads: usize) -> Result<(), ThreadError> {
        if threads > lock(&self.pool).current_num_threads() {
            let wider = Arc::new(thread_pool(threads)?);
            *lock(&self.pool) = wider;
        }
        Ok(())
    }

    /// Runs `work` once for each item, each item a task of its own.
    ///
    /// The items decide how work is cut, never the number of threads, so results do not depend on it.
    pub fn for_each<T: Send>(&self, items: &mut [T], work: impl Fn(usize, &mut T) + Send + Sync) {
        let pool = lock(&self.pool).clone();
        pool.install(|| {
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

    /// Runs `work`, and calls [`Self::stop`] soon after `progress` says so.
    pub fn watched<T>(&self, progress: &dyn Progress, work: impl FnOnce() -> T) -> T {
        /// How often the user's wish to stop is looked at.
        const LOOK_EVERY: Duration = Duration::from_millis(100);
        let (done, is_done) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // The sender is dropped at the end of the work, also where it panics.
                while is_done.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                    if progress.interrupted() {
                        return self.stop();
                    }
                }
            });
            let _done = done;
            work()
        })
    }

    /// Whether [`Self::stop`] has been called: what tasks have computed since is not complete.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;

    use crate::progress::Silent;
    use crate::test_support::InterruptsAfter;

    use super::*;

    #[test]
    fn a_user_who_interrupts_stops_the_tasks_that_have_not_started() {
        let workers = Workers::new(1).unwrap();
        let progress = InterruptsAfter::new(2);
        let mut tasks = [false; 2];
        workers.watched(&progress, || {
            workers.for_each(&mut tasks, |_, ran| {
                *ran = true;
                while !workers.stopped() {
                    std::thread::yield_now();
                }
            });
        });
        assert_eq!(tasks.iter().filter(|ran| **ran).count(), 1);
        let other = Workers::new(1).unwrap();
        assert_eq!(other.watched(&Silent, || 3), 3);
        assert!(!other.stopped());
    }

    #[test]
    fn tasks_after_a_widening_run_on_more_threads_and_never_on_fewer() {
        let workers = Workers::new(1).unwrap();
        // All tasks of a round meet, so that each needs a thread of its own.
        let threads = |count: usize| {
            let meeting = Barrier::new(count);
            let mut seen = vec![None; count];
            workers.for_each(&mut seen, |_, seen| {
                meeting.wait();
                *seen = Some(std::thread::current().id());
            });
            seen.into_iter().flatten().collect::<HashSet<_>>().len()
        };
        assert_eq!(threads(1), 1);
        workers.widen(3).unwrap();
        assert_eq!(threads(3), 3);
        workers.widen(2).unwrap();
        assert_eq!(threads(3), 3);
    }
}
