//! Mutexes that stay usable after a panic: a defect in a stage costs that stage, never the run.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Locks `mutex`, also where a thread panicked while it held the lock. Use it for data that is whole at every moment:
/// caches, counters, maps that are written entry by entry.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `mutex` holds, without locking; as [`lock`] where a thread panicked while it held the lock.
pub fn get_mut<T>(mutex: &mut Mutex<T>) -> &mut T {
    mutex.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the lock back until `changed` is notified, and takes it again; as [`lock`] where a thread panicked while it
/// held the lock.
pub fn wait<'a, T>(changed: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    let waited = changed.wait(guard);
    waited.unwrap_or_else(PoisonError::into_inner)
}

/// As [`wait`], but no longer than `most`.
pub fn wait_timeout<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    most: Duration,
) -> MutexGuard<'a, T> {
    let waited = changed.wait_timeout(guard, most);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// What `mutex` holds, also where a thread panicked while it held the lock.
pub fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
