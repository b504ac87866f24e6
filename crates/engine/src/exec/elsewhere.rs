//! What became of steps that ran elsewhere, such as on machines of a cluster, when a run ends with their results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Duration;

use miette::Diagnostic;
use thiserror::Error;

use super::event::Status;
use super::outcome::StepResult;

/// What became of steps that ran elsewhere since the run began.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// When the run began there, as the system's time since some moment.
    pub began: Option<Duration>,
    /// Steps whose results were made: they count as executed, not as unchanged.
    pub made: BTreeSet<usize>,
    /// Steps that failed.
    pub failed: BTreeMap<usize, FailedElsewhere>,
}

/// Why a step failed elsewhere, as it was told there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct FailedElsewhere {
    /// What went wrong.
    pub reason: String,
    /// The stable code of the error.
    pub code: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic for FailedElsewhere {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        let code = self.code.as_ref()?;
        Some(Box::new(code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }
}

impl Elsewhere {
    /// The result of `step` as this run tells it.
    pub(super) fn told(&self, step: usize, result: StepResult) -> StepResult {
        match result.status {
            Status::Hit if self.made.contains(&step) => StepResult {
                status: Status::Executed,
                computed: result.reused,
                reused: 0,
                ..result
            },
            Status::Skipped => match self.failed.get(&step) {
                Some(failed) => StepResult::failed(failed.clone().into(), None),
                None => result,
            },
            _ => result,
        }
    }
}
