//! A user who asks to stop after a while, counted in looks instead of seconds.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::progress::Progress;

/// Interrupts at its look after `looks` others, and from then on.
pub struct InterruptsAfter {
    looks: usize,
    seen: AtomicUsize,
}

impl InterruptsAfter {
    /// After so many looks.
    pub fn new(looks: usize) -> Self {
        Self {
            looks,
            seen: AtomicUsize::new(0),
        }
    }

    /// Looks so far.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }
}

impl Progress for InterruptsAfter {
    fn interrupted(&self) -> bool {
        self.seen.fetch_add(1, Ordering::Relaxed) >= self.looks
    }
    fn advance(&self, _done: u64, _total: u64) {}
    fn warn(&self, _message: &str) {}
}
