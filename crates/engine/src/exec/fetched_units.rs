//! Units whose results the remote cache has are fetched many at once, beside what is computed, and looked up then.

use std::sync::mpsc::Sender;
use std::thread::Scope;

use pipe_foundation::Digest;

use crate::cache::CacheError;

use super::execution::{Ended, Execution};
use super::job::Job;

impl<'a> Execution<'a, '_> {
    /// Whether a unit without a result here has one at the remote cache, or may have, since nobody has read the index of that
    /// yet; it waits then.
    pub(super) fn is_to_be_fetched(&mut self, unit: usize, job: &Job) -> Result<bool, CacheError> {
        let Some(remote) = self.work.cache().pulled() else {
            return Ok(false);
        };
        if self.fetching.tried.contains(&unit) {
            return Ok(false);
        }
        let key = match job {
            Job::Aggregate(_, fingerprint) => Some(fingerprint.key()),
            // Its items come while it is at work.
            Job::Group(..) => None,
        };
        let is_there = match &key {
            Some(key) => remote.record(key)?.is_some(),
            None => false,
        };
        let waits = is_there || !remote.is_index_read();
        if waits {
            self.fetching.waiting.push((unit, key));
        }
        Ok(waits)
    }

    /// Starts to fetch what waits, unless a thread does already.
    pub(super) fn start_fetch<'scope>(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        sender: &Sender<Ended>,
    ) where
        'a: 'scope,
    {
        if self.fetching.is_at_work || self.fetching.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.fetching.waiting);
        let (units, keys): (Vec<usize>, Vec<Option<Digest>>) = waiting.into_iter().unzip();
        let keys: Vec<Digest> = keys.into_iter().flatten().collect();
        self.fetching.tried.extend(&units);
        self.fetching.is_at_work = true;
        let (work, sender) = (self.work, sender.clone());
        let fetch = move || work.fetch(&keys);
        let (after, again) = (units.clone(), sender.clone());
        let thread = std::thread::Builder::new().spawn_scoped(scope, move || {
            // The receiver outlives all threads.
            let _ = sender.send(Ended::Fetched(units, fetch()));
        });
        if thread.is_err() {
            // Then they are computed, if that takes no thread.
            let _ = again.send(Ended::Fetched(after, Ok(())));
        }
    }

    /// A thread has fetched what it could.
    pub(super) fn end_fetch(&mut self, fetched: Result<(), CacheError>) {
        self.fetching.is_at_work = false;
        if let Err(error) = fetched {
            self.failed(error);
        }
        self.work.tell_remote();
    }
}
