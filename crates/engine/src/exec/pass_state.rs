//! What the threads of a pass share: where results go, and what ended it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use pipe_foundation::sync::lock;

use crate::cache::CacheError;

use super::batches::Batches;
use super::pass_fault::PassFault;
use super::writer::ItemWriter;

/// State shared by the threads of a pass.
pub struct PassState {
    /// Writes results.
    pub writer: ItemWriter,
    /// What of the cache could not be used.
    pub failed: Mutex<Option<CacheError>>,
    /// What ended the pass though no item is to blame, and the step that met it.
    pub fault: Mutex<Option<(usize, PassFault)>>,
    /// The user stopped it.
    pub interrupted: AtomicBool,
    /// Nothing more is started: the user, the cache, the machine or a limit ended the pass.
    pub stop: AtomicBool,
    /// Items whose stored bytes turned out to be damaged, and which were made again.
    pub damaged: AtomicUsize,
    /// Items that wait for others of their step.
    pub batches: Batches,
    /// Nanoseconds of work per step, over all threads.
    pub busy_ns: HashMap<usize, AtomicU64>,
}

impl PassState {
    /// The value of `result`; a failure ends the pass.
    pub fn unless_failed<T>(&self, result: Result<T, CacheError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// The cache cannot be used: the pass ends with the first error of this kind.
    pub fn fail(&self, error: CacheError) {
        lock(&self.failed).get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// No item is to blame: the pass ends with the first error of this kind.
    pub fn end_by_fault(&self, step: usize, fault: PassFault) {
        lock(&self.fault).get_or_insert((step, fault));
        self.stop.store(true, Ordering::Relaxed);
    }
}
