//! How long work tells of itself: the domain reports through this trait and never prints.

use serde::{Deserialize, Serialize};

/// One finished epoch of training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpochReport {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Maximum number of epochs.
    pub epochs: usize,
    /// Mean total training loss over the epoch's batches.
    pub loss: f64,
    /// Unweighted accuracy on the validation split, in 0..=1.
    pub validation_ua: f64,
    /// Best validation UA so far.
    pub best_ua: f64,
    /// Wall time of the epoch in seconds.
    pub seconds: f64,
}

/// Receives what a running step has to tell, and tells it whether to stop.
pub trait Progress: Send + Sync {
    /// True once the user has asked to stop; long work checks this at least every 0.5 s.
    fn interrupted(&self) -> bool;
    /// `done` of `total` units of work are finished.
    fn advance(&self, done: u64, total: u64);
    /// An epoch of training has ended.
    fn epoch(&self, report: &EpochReport);
    /// Something a person should read although the step goes on.
    fn warn(&self, message: &str);
}

/// A [`Progress`] that ignores everything and never interrupts.
pub struct Silent;

impl Progress for Silent {
    fn interrupted(&self) -> bool {
        false
    }
    fn advance(&self, _done: u64, _total: u64) {}
    fn epoch(&self, _report: &EpochReport) {}
    fn warn(&self, _message: &str) {}
}
