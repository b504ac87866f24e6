//! How long-running work reports on itself: the domain reports through this trait and never prints.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use miette::Diagnostic;
use serde_json::{Map, Value as Json};
use thiserror::Error;

/// What work reports in words of its own, such as the end of an epoch of training.
pub trait WorkReport: Any + Debug + Send + Sync {
    /// Name of the event that programs read.
    fn name(&self) -> &'static str;

    /// Its fields for programs; always the same ones.
    fn fields(&self) -> Map<String, Json>;

    /// False for what only says how far the work is.
    fn is_decision(&self) -> bool;
}

/// Receives the reports of a running step, and says whether it should stop.
pub trait Progress: Send + Sync {
    /// True once the user has asked to stop; long work checks this at least every 0.5 s.
    fn interrupted(&self) -> bool;
    /// `done` of `total` units of work are finished.
    fn advance(&self, done: u64, total: u64);
    /// The work reports something in words of its own.
    fn report(&self, _report: Arc<dyn WorkReport>) {}
    /// The same, of another step that is worked on together with this one.
    fn report_of(&self, _step: &str, report: Arc<dyn WorkReport>) {
        self.report(report);
    }
    /// This many stored items are not what they were, and are made again.
    fn damaged(&self, _items: usize) {}
    /// Something a person should read although the step continues.
    fn warn(&self, message: &str);
    /// The same, of another step that is worked on together with this one.
    fn warn_of(&self, _step: &str, message: &str) {
        self.warn(message);
    }
}

/// The work was stopped because the user asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("interrupted")]
#[diagnostic(code(run::interrupted))]
pub struct Interrupted;

impl Interrupted {
    /// Whether that is why reading or writing ended.
    pub fn is_cause_of(error: &std::io::Error) -> bool {
        error.get_ref().is_some_and(|cause| cause.is::<Self>())
    }
}

impl dyn Progress + '_ {
    /// Fails once the user has asked to stop: long work calls this between its blocks.
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
    fn warn(&self, _message: &str) {}
}
