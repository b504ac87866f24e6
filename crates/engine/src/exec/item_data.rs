//! The data of an item on their way to the cache and back.

use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::artifact::{ArtifactKind, ItemData, TransferError};
use crate::cache::items::{Location, StepTag};
use crate::cache::{Cache, CacheError};
use crate::stage::ItemError;

use super::encoder::{NotEncoded, encode};
use super::pass_state::PassState;
use super::writer::ItemResult;

/// What keeping and reading data takes.
pub struct Store<'a> {
    pub cache: &'a Cache,
    pub progress: &'a dyn Progress,
    pub shared: &'a PassState,
}

impl Store<'_> {
    /// Keeps the result of an item under its key, and its bytes if they are to be `stored`: its digest, and where they are.
    ///
    /// # Errors
    /// When the data have no stored form or cannot be read any more, or the user asks to stop. A cache that cannot be
    /// written ends the pass.
    pub fn keep(
        &self,
        (key, tag): (&Digest, StepTag),
        data: &dyn ItemData,
        stored: bool,
    ) -> Result<(Digest, Option<Location>), ItemError> {
        let (digest, encoded) = match stored {
            false => (data.digest(self.progress)?, None),
            true => match encode(data, self.cache, self.progress) {
                Ok((digest, encoded)) => (digest, Some(encoded)),
                Err(NotEncoded::Data(error)) => return Err(error),
                Err(NotEncoded::Cache(error)) => return Err(self.failed(error)),
            },
        };
        let result = ItemResult::Done { digest, encoded };
        let kept = self.shared.writer.keep(key, tag, result);
        Ok((digest, self.shared.unless_failed(kept).flatten()))
    }

    /// The data of an item of this kind with this digest, where they are; none where they are damaged or gone.
    ///
    /// # Errors
    /// When the user asks to stop. A cache that cannot be read ends the pass.
    pub fn read(
        &self,
        kind: ArtifactKind,
        location: Location,
        digest: &Digest,
    ) -> Result<Option<Arc<dyn ItemData>>, ItemError> {
        let packs = &self.cache.packs;
        let data = match packs.is_long(location.bytes) {
            false => packs.get(location, digest).map(|blob| {
                let decoded = blob.map(|blob| kind.decode(&blob));
                decoded.map(|decoded| decoded.map_err(TransferError::Data))
            }),
            true => packs
                .open(location, digest)
                .map(|part| part.map(|part| kind.open(part))),
        };
        match data.map_err(|error| self.failed(error))? {
            None | Some(Err(TransferError::Data(_))) => Ok(None),
            Some(data) => Ok(Some(Arc::from(data?))),
        }
    }

    /// What a failure of the cache, which ends the pass unless it is the user's wish, says of an item.
    fn failed(&self, error: CacheError) -> ItemError {
        let reason = error.to_string();
        if !error.is_interruption() {
            self.shared.fail(error);
        }
        ItemError::transient(reason)
    }
}
