//! The index of items: item key to digest and place in a pack, or to the reason why there is no result.

use std::collections::HashMap;

use pipe_foundation::Digest;

use super::error::CacheError;
use super::log::{Log, LogState};

/// Where an item's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// Number of the pack.
    pub pack: u64,
    /// Offset in bytes.
    pub offset: u64,
    /// Length in bytes.
    pub bytes: u64,
}

/// What is known of an item key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemRecord {
    /// The result is known; without a location its bytes were not kept.
    Done {
        /// Digest of the bytes.
        digest: Digest,
        /// Where they are.
        location: Option<Location>,
    },
    /// This input has no result, whenever it is tried.
    Bad {
        /// Why.
        reason: String,
    },
}

/// All item records of a cache, loaded at once: about 120 bytes each.
#[derive(Debug, Default)]
pub struct ItemIndex {
    records: HashMap<Digest, ItemRecord>,
    /// What reading the log found.
    pub state: LogState,
}

impl ItemIndex {
    /// Loads the index.
    ///
    /// # Errors
    /// When the log exists but cannot be read.
    pub fn load(log: &Log) -> Result<Self, CacheError> {
        let mut records: HashMap<Digest, ItemRecord> = HashMap::new();
        let state = log.read(|payload| {
            if let Some((key, record)) = decode(payload) {
                // A record without a location adds nothing to one that has the bytes.
                let keeps_bytes = match (records.get(&key), &record) {
                    (
                        Some(ItemRecord::Done {
                            digest: old,
                            location: Some(_),
                        }),
                        ItemRecord::Done {
                            digest,
                            location: None,
                        },
                    ) => old == digest,
                    _ => false,
                };
                if !keeps_bytes {
                    records.insert(key, record);
                }
            }
        })?;
        Ok(Self { records, state })
    }

    /// What is known of `key`.
    pub fn get(&self, key: &Digest) -> Option<&ItemRecord> {
        self.records.get(key)
    }

    /// All records.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &ItemRecord)> {
        self.records.iter()
    }
}

/// The form of a record in the log.
pub fn encode(key: &Digest, record: &ItemRecord) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    bytes.extend_from_slice(&key.0);
    match record {
        ItemRecord::Done { digest, location } => {
            bytes.push(if location.is_some() { 2 } else { 1 });
            bytes.extend_from_slice(&digest.0);
            if let Some(Location {
                pack,
                offset,
                bytes: length,
            }) = location
            {
                for number in [pack, offset, length] {
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
            }
        }
        ItemRecord::Bad { reason } => {
            bytes.push(3);
            bytes.extend_from_slice(reason.as_bytes());
        }
    }
    bytes
}

/// The record that [`encode`] made the bytes of.
pub fn decode(bytes: &[u8]) -> Option<(Digest, ItemRecord)> {
    let key = Digest(bytes.get(..32)?.try_into().ok()?);
    let kind = *bytes.get(32)?;
    let rest = bytes.get(33..)?;
    let record = match kind {
        1 | 2 => {
            let digest = Digest(rest.get(..32)?.try_into().ok()?);
            let number = |index: usize| -> Option<u64> {
                Some(u64::from_le_bytes(
                    rest.get(32 + 8 * index..40 + 8 * index)?.try_into().ok()?,
                ))
            };
            let location = match kind {
                1 => None,
                _ => Some(Location {
                    pack: number(0)?,
                    offset: number(1)?,
                    bytes: number(2)?,
                }),
            };
            ItemRecord::Done { digest, location }
        }
        3 => ItemRecord::Bad {
            reason: String::from_utf8_lossy(rest).into_owned(),
        },
        _ => return None,
    };
    Some((key, record))
}
