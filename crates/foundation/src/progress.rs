//! How long-running work reports on itself: the domain reports through this trait and never prints.

use std::collections::BTreeMap;

use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Named values of one epoch, such as `loss/total`.
pub type Scalars = BTreeMap<String, f64>;

/// One finished epoch of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Maximum number of epochs.
    pub epochs: usize,
    /// Mean total training loss over the epoch's batches.
    pub loss: f64,
    /// Unweighted accuracy on the validation split, in 0..=1; none where there are no classes.
    pub validation_ua: Option<f64>,
    /// Best validation UA so far.
    pub best_ua: Option<f64>,
    /// The score that decides which epoch is best, where it is not the UA.
    #[serde(default)]
    pub monitored: Option<Monitored>,
    /// Wall time of the epoch in seconds.
    pub seconds: f64,
    /// Everything that is measured, by the names that trackers show.
    #[serde(default)]
    pub scalars: Scalars,
}

/// The score that decides which epoch of a training is best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitored {
    /// Its name, such as `arousal/ccc`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The best value so far.
    pub best: f64,
}

/// Receives the reports of a running step, and says whether it should stop.
pub trait Progress: Send + Sync {
    /// True once the user has asked to stop; long work checks this at least every 0.5 s.
    fn interrupted(&self) -> bool;
    /// `done` of `total` units of work are finished.
    fn advance(&self, done: u64, total: u64);
    /// Training continues after epochs that an earlier run did; `epochs` holds what was measured in each.
    fn resumed(&self, _epochs: &[Scalars]) {}
    /// An epoch of training has ended.
    fn epoch(&self, report: &EpochReport);
    /// This many stored items are not what they were, and are made again.
    fn damaged(&self, _items: usize) {}
    /// Something a person should read although the step continues.
    fn warn(&self, message: &str);
}

/// The work was stopped because the user asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("interrupted")]
#[diagnostic(code(run::interrupted))]
pub struct Interrupted;

impl dyn Progress + '_ {
    /// Goes on unless the user has asked to stop: long work calls this between its blocks.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub fn check(&self) -> Result<(), Interrupted> {
        match self.interrupted() {
            true => Err(Interrupted),
            false => Ok(()),
        }
    }
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
