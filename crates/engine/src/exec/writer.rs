//! Writes item results: bytes to a pack first, records to the index after they are safe.

use std::time::{Duration, Instant};

use pipe_foundation::Digest;

use crate::cache::items::{ItemRecord, Location, encode};
use crate::cache::log::Log;
use crate::cache::{Cache, CacheError, PackWriter};

/// A killed run loses at most the items of this long.
const SYNC_EVERY: Duration = Duration::from_secs(1);
const SYNC_BYTES: usize = 64 << 20;

/// Collects results and makes them durable in batches.
pub struct ItemWriter {
    pack: PackWriter,
    log: Log,
    records: Vec<Vec<u8>>,
    unsynced_bytes: usize,
    synced: Instant,
}

impl ItemWriter {
    /// A writer into `cache`.
    pub fn new(cache: &Cache) -> Self {
        Self {
            pack: cache.pack_writer(),
            log: cache.item_log(),
            records: Vec::new(),
            unsynced_bytes: 0,
            synced: Instant::now(),
        }
    }

    /// Keeps the bytes of an item; its record must follow.
    ///
    /// # Errors
    /// When the pack cannot be written.
    pub fn store(&mut self, bytes: &[u8]) -> Result<Location, CacheError> {
        self.unsynced_bytes += bytes.len();
        self.pack.add(bytes)
    }

    /// Records what is known of an item key, from time to time on disk.
    ///
    /// # Errors
    /// When the pack or the index cannot be written.
    pub fn record(&mut self, key: &Digest, record: &ItemRecord) -> Result<(), CacheError> {
        self.records.push(encode(key, record));
        if self.unsynced_bytes > SYNC_BYTES || self.synced.elapsed() > SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes everything durable: bytes first, then the records that name them.
    ///
    /// # Errors
    /// When the pack or the index cannot be written.
    pub fn sync(&mut self) -> Result<(), CacheError> {
        if !self.records.is_empty() {
            self.pack.sync()?;
            self.log.append(self.records.iter().map(Vec::as_slice))?;
            self.records.clear();
        }
        self.unsynced_bytes = 0;
        self.synced = Instant::now();
        Ok(())
    }
}
