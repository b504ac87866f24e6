//! Keeps the threads of a pass at work within its share of the cores, which may grow.

use std::cell::Cell;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use pipe_foundation::sync::{lock, wait_timeout};

use crate::stage::CoreShare;

/// How often threads that wait look whether the share has grown.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Counts the threads at work.
pub struct Width<'a> {
    share: Option<&'a CoreShare>,
    at_work: Mutex<usize>,
    left: Condvar,
}

thread_local! {
    /// Whether this thread is at work already: while it waits for tasks of its item, it may be given another item.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A thread at work, until this is dropped; nothing where it was so before.
pub struct ActiveThread<'w>(Option<&'w Width<'w>>);

impl<'a> Width<'a> {
    /// As wide as `share` is; without one, as there are threads.
    pub fn new(share: Option<&'a CoreShare>) -> Self {
        Self {
            share,
            at_work: Mutex::new(0),
            left: Condvar::new(),
        }
    }

    /// Waits until one more thread may work.
    pub fn enter(&self) -> ActiveThread<'_> {
        if INSIDE.replace(true) {
            return ActiveThread(None);
        }
        let threads = || self.share.map_or(usize::MAX, CoreShare::threads);
        let mut at_work = lock(&self.at_work);
        while *at_work >= threads() {
            at_work = wait_timeout(&self.left, at_work, LOOK_AGAIN);
        }
        *at_work += 1;
        ActiveThread(Some(self))
    }
}

impl ActiveThread<'_> {
    /// True where the thread was at work already: it began this while it waits for tasks of another item.
    pub fn is_within(&self) -> bool {
        self.0.is_none()
    }
}

impl Drop for ActiveThread<'_> {
    fn drop(&mut self) {
        if let Some(width) = self.0 {
            INSIDE.set(false);
            *lock(&width.at_work) -= 1;
            width.left.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_threads_work_than_the_share_has_cores_and_more_once_it_has_grown() {
        let share = CoreShare::new(2);
        let width = Width::new(Some(&share));
        let at_work = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _entered = width.enter();
                        assert!(at_work.fetch_add(1, Ordering::SeqCst) < 2);
                        std::thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        // Three meet only where three may work.
        share.grow();
        let meeting = Barrier::new(3);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _entered = width.enter();
                    meeting.wait();
                });
            }
        });
    }
}
