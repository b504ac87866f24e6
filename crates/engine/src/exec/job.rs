//! A unit that has to run.

use crate::artifact::FingerprintInputs;

use super::aggregate::{AggregateRun, Stopped};
use super::allotment::Allotment;
use super::limit::PastLimit;
use super::outcome::StepResult;
use super::selection::ItemShare;
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

    /// What is known of its steps where it is not to run: those of them that are in the cache, and that the others did not
    /// run.
    pub fn not_run(self) -> Vec<(usize, StepResult)> {
        match self {
            Self::Group(_, statuses) => {
                let statuses = statuses.into_iter();
                let result = |status: StepStatus| status.hit().unwrap_or_else(StepResult::skipped);
                statuses
                    .map(|(step, status)| (step, result(status)))
                    .collect()
            }
            Self::Aggregate(step, _) => vec![(step, StepResult::skipped())],
        }
    }

    /// Does its work, or a share of it.
    ///
    /// # Errors
    /// What ends the run with it.
    pub fn run(
        self,
        work: &AggregateRun<'_>,
        lent: &Allotment,
        past: PastLimit,
        share: Option<ItemShare>,
    ) -> Result<Vec<(usize, StepResult)>, Stopped> {
        match self {
            Self::Group(group, statuses) => {
                let folder = work.scratch.folder()?;
                let group = &work.resolver.groups[group];
                Ok(match share {
                    Some(share) => group.run_share(share, folder.path(), lent, work.observer)?,
                    None => group.run(&statuses, folder.path(), lent, past, work.observer)?,
                })
            }
            Self::Aggregate(step, fingerprint) => {
                Ok(vec![(step, work.run(step, &fingerprint, lent)?)])
            }
        }
    }
}
