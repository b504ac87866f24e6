//! Writes item results: bytes to a pack first, records to the index after they are safe.
//!
//! Long items come with their bytes on disk already. Threads that make items only ever wait for memory: whoever finds that enough has gathered takes it and writes it,
//! while the others keep gathering.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_foundation::system::System;

use crate::cache::items::{ItemRecord, Location, StepTag, encode};
use crate::cache::log::Log;
use crate::cache::{Cache, CacheError, PackPart, PackWriter};

use super::encoder::Encoded;

/// A killed run loses at most the items of this long.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// So many bytes are written at once at most, so that they need little memory.
const SYNC_BYTES: usize = 16 << 20;

/// Collects results and makes them durable in batches.
pub struct ItemWriter {
    system: Arc<dyn System>,
    gathered: Mutex<Gathered>,
    /// Held while a batch is written.
    log: Mutex<Log>,
}

struct Gathered {
    pack: PackWriter,
    records: Vec<Vec<u8>>,
    bytes: usize,
    /// When something was last written, as uptime.
    since: Duration,
}

/// What is written at once.
struct Batch {
    part: Option<PackPart>,
    records: Vec<Vec<u8>>,
}

impl ItemWriter {
    /// A writer into `cache`.
    pub fn new(cache: &Cache) -> Self {
        Self {
            system: cache.system.clone(),
            gathered: Mutex::new(Gathered {
                pack: cache.pack_writer(),
                records: Vec::new(),
                bytes: 0,
                since: cache.system.uptime(),
            }),
            log: Mutex::new(cache.item_log()),
        }
    }

    /// Keeps what is known of an item key of a step and, where there are any, its bytes; says where these will be. From
    /// time to time all that has gathered is written.
    ///
    /// # Errors
    /// When the pack or the index cannot be written.
    pub fn keep(
        &self,
        key: &Digest,
        step: StepTag,
        result: ItemResult,
    ) -> Result<Option<Location>, CacheError> {
        let mut gathered = lock(&self.gathered);
        let (record, location) = match result {
            ItemResult::Done { digest, encoded } => {
                let location = match encoded {
                    None => None,
                    Some(Encoded::Long(location)) => Some(location),
                    Some(Encoded::Short(bytes)) => {
                        gathered.bytes += bytes.len();
                        Some(gathered.pack.add(&bytes)?)
                    }
                };
                (ItemRecord::Done { digest, location }, location)
            }
            ItemResult::Bad { reason } => (ItemRecord::Bad { reason }, None),
        };
        gathered.records.push(encode(key, step, &record));
        let uptime = self.system.uptime();
        let waited = uptime.saturating_sub(gathered.since);
        let is_due = gathered.bytes > SYNC_BYTES || waited > SYNC_EVERY;
        if is_due {
            let batch = gathered.take(uptime);
            drop(gathered);
            self.write(batch)?;
        }
        Ok(location)
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// When the pack or the index cannot be written.
    pub fn finish(self) -> Result<(), CacheError> {
        let batch = lock(&self.gathered).take(self.system.uptime());
        self.write(batch)
    }

    /// Bytes first, then the records that name them. Batches may be written in any order, since the records of each
    /// name only bytes of the same.
    fn write(&self, batch: Batch) -> Result<(), CacheError> {
        let log = lock(&self.log);
        if let Some(part) = &batch.part {
            part.write()?;
        }
        log.append(batch.records.iter().map(Vec::as_slice))
    }
}

impl Gathered {
    fn take(&mut self, uptime: Duration) -> Batch {
        self.bytes = 0;
        self.since = uptime;
        Batch {
            part: self.pack.take(),
            records: std::mem::take(&mut self.records),
        }
    }
}

/// What came of an item.
pub enum ItemResult {
    /// It was made.
    Done {
        /// Digest of its bytes.
        digest: Digest,
        /// The bytes, where they are kept.
        encoded: Option<Encoded>,
    },
    /// It cannot be made of this input, whenever that is tried.
    Bad {
        /// Why.
        reason: String,
    },
}
