//! A share of the items of a group, made for a run that others take part in: what is made is kept, and no set is recorded.

use std::path::{Path, PathBuf};

use pipe_foundation::thread_pool;

use crate::cache::{CacheError, Holder, Lock};
use crate::exec::allotment::Allotment;
use crate::exec::event::Event;
use crate::exec::observer::{Observer, StepProgress};
use crate::exec::outcome::StepResult;
use crate::exec::selection::ItemShare;

use super::Group;
use super::walk_options::WalkOptions;

impl Group<'_> {
    /// Makes a share of the items. Other shares may be made at the same time, and none while a whole pass is under way.
    /// Items that cannot be made are left for the pass over all of them, which counts them. No member comes to a result.
    ///
    /// # Errors
    /// When the cache cannot be used.
    pub fn run_share(
        &self,
        share: ItemShare,
        scratch: &Path,
        lent: &Allotment,
        observer: &dyn Observer,
    ) -> Result<Vec<(usize, StepResult)>, CacheError> {
        let first = self.plan.steps[self.members[0]].id();
        let progress = StepProgress {
            step: first,
            observer,
        };
        let skipped = || {
            let members = self.members.iter();
            members.map(|&member| (member, StepResult::skipped()))
        };
        let system = &*self.cache.system;
        let group = self.lock_path();
        let stop = || observer.interrupted();
        let Some(_with_others) = Lock::share(system, &group, stop)? else {
            return Ok(skipped().collect());
        };
        let ItemShare { number, of } = share;
        let mut own = group.clone().into_os_string();
        own.push(format!(".{number}-of-{of}"));
        let own = PathBuf::from(own);
        let waiting = || {
            observer.event(&Event::waiting(first, &Holder::of(system, &own)));
        };
        let Some(own_lock) = Lock::take(system, &own, waiting, stop)? else {
            return Ok(skipped().collect());
        };
        observer.event(&Event::StepStarted { step: first.into() });
        let options = WalkOptions {
            scratch,
            progress: &progress,
            lent: Some(lent),
            share: Some(share),
            ..WalkOptions::dry()
        };
        let walk = || self.walk(options);
        let walked = match thread_pool(lent.most_threads()) {
            Ok(pool) => pool.install(walk)?,
            Err(_) => walk()?,
        };
        own_lock.release(system, &own);
        Ok(match walked.fault {
            Some((step, fault)) if !walked.interrupted => {
                let mut fault = Some(fault.report());
                let results = skipped().map(|(member, skipped)| match member == step {
                    true => match fault.take() {
                        Some(report) => (member, StepResult::failed(report, None)),
                        None => (member, skipped),
                    },
                    false => (member, skipped),
                });
                results.collect()
            }
            _ => skipped().collect(),
        })
    }
}
