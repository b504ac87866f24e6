//! A unit that has to run.

use crate::artifact::FingerprintInputs;

use super::aggregate::{AggregateRun, Stopped};
use super::allotment::Allotment;
use super::limit::PastLimit;
use super::outcome::StepResult;
use super::step_status::StepStatus;

/// A unit that has to run, as it was found when it was checked.
pub enum Job {
    /// A group, with the statuses of its members.
    Group(usize, Vec<(usize, StepStatus)>),
    /// A step over whole sets, with what it depends on.
    Aggregate(usize, FingerprintInputs),
}

impl Job {
    /// Its steps.
    pub fn steps(&self) -> Vec<usize> {
        match self {
            Self::Group(_, statuses) => statuses.iter().map(|(step, _)| *step).collect(),
            Self::Aggregate(step, _) => vec![*step],
        }
    }

    /// Does its work.
    ///
    /// # Errors
    /// What ends the run with it.
    pub fn run(
        self,
        work: &AggregateRun<'_>,
        lent: &Allotment,
        past: PastLimit,
    ) -> Result<Vec<(usize, StepResult)>, Stopped> {
        match self {
            Self::Group(group, statuses) => {
                let folder = work.scratch.folder()?;
                let group = &work.resolver.groups[group];
                Ok(group.run(&statuses, folder.path(), lent, past, work.observer)?)
            }
            Self::Aggregate(step, fingerprint) => {
                Ok(vec![(step, work.run(step, &fingerprint, lent)?)])
            }
        }
    }
}
