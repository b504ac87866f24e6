//! Results that the remote cache has and this one lacks.

use std::sync::Arc;

use pipe_foundation::Digest;

use super::access::Access;
use super::remote::{Notice, Place, Remote, RemoteOptions, RemoteStore, Transfer};
use super::{Cache, CacheError, StepOutput, StepRecord};

impl Cache {
    /// Uses `store` beside this cache.
    pub fn connect(&mut self, store: Arc<dyn RemoteStore>, options: RemoteOptions) {
        let place = Place {
            system: self.system.clone(),
            own: self.own(),
            base: self.access.base(&self.root),
            writes: !matches!(self.access, Access::Read),
            interruption: self.interruption.clone(),
        };
        let remote = Remote::new(store, options, &place);
        self.remote = Some(Arc::new(remote));
    }

    /// The remote cache, if results are fetched from it.
    pub fn pulled(&self) -> Option<&Arc<Remote>> {
        self.remote.as_ref().filter(|remote| remote.pulls())
    }

    /// The remote cache, if results are sent to it.
    pub fn pushed(&self) -> Option<&Arc<Remote>> {
        self.remote.as_ref().filter(|remote| remote.pushes())
    }

    /// A result that only the remote cache has and that counts without anything else: one of items, which come when they
    /// are needed, or, where nothing is written, any.
    pub(super) fn finished_elsewhere(
        &self,
        key: &Digest,
    ) -> Result<Option<StepRecord>, CacheError> {
        let Some(remote) = self.pulled() else {
            return Ok(None);
        };
        let Some(record) = remote.record(key)? else {
            return Ok(None);
        };
        let is_of_items = matches!(record.output, StepOutput::Items { .. });
        match self.access {
            Access::Read => remote.would_give(key),
            _ if is_of_items => {
                remote.keep(self, &record)?;
                remote.notice(Notice::Fetched(Transfer {
                    results: 1,
                    ..Transfer::default()
                }));
            }
            _ => return Ok(None),
        }
        Ok(Some(StepRecord::clone(&record)))
    }
}
