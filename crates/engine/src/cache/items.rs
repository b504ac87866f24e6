//! The index of items: item key to digest and place in a pack, or to the reason why there is no result.

use std::collections::{HashMap, HashSet};

use pipe_foundation::Digest;

use super::error::CacheError;
use super::log::{self, Log, LogState};

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

/// Which step an item belongs to: the start of the digest of what all items of the step depend on. Different steps may
/// share one by chance, so that it only ever serves to leave records out.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct StepTag(pub u32);

impl StepTag {
    /// The tag of a step whose items all depend on what has the digest `prefix`.
    pub fn of(prefix: &Digest) -> Self {
        let [a, b, c, d, ..] = prefix.0;
        Self(u32::from_le_bytes([a, b, c, d]))
    }
}

/// Item records of a cache, loaded at once: about 120 bytes each.
#[derive(Clone, Debug, Default)]
pub struct ItemIndex {
    records: HashMap<Digest, ItemRecord>,
    /// What reading the log found.
    pub state: LogState,
}

impl ItemIndex {
    /// Loads the whole index.
    ///
    /// # Errors
    /// When the log exists but cannot be read.
    pub fn load(log: &Log) -> Result<Self, CacheError> {
        let mut index = Self::default();
        index.add(log, |_| true)?;
        Ok(index)
    }

    /// Loads the records of some steps, and those that name no step, from several logs; those of later logs count.
    ///
    /// # Errors
    /// As [`ItemIndex::load`].
    pub fn load_of(logs: &[Log], steps: &HashSet<StepTag>) -> Result<Self, CacheError> {
        let mut index = Self::default();
        for log in logs {
            index.add(log, |step| step.is_none_or(|step| steps.contains(&step)))?;
        }
        Ok(index)
    }

    /// Loads all records but those of some steps.
    ///
    /// # Errors
    /// As [`ItemIndex::load`].
    pub fn load_but(log: &Log, steps: &HashSet<StepTag>) -> Result<Self, CacheError> {
        let mut index = Self::default();
        index.add(log, |step| step.is_none_or(|step| !steps.contains(&step)))?;
        Ok(index)
    }

    /// All records, by key.
    pub fn into_records(self) -> HashMap<Digest, ItemRecord> {
        self.records
    }

    fn add(
        &mut self,
        log: &Log,
        wanted: impl Fn(Option<StepTag>) -> bool,
    ) -> Result<(), CacheError> {
        let records = &mut self.records;
        self.state = log.read(|payload| {
            if !wanted(step_of(payload)) {
                return;
            }
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
        Ok(())
    }

    /// Adds a record, unless one is known that says as much; true if it was added.
    pub fn add_unless_known(&mut self, key: Digest, record: ItemRecord) -> bool {
        let has_bytes = |record: &ItemRecord| matches!(record, ItemRecord::Done { location, .. } if location.is_some());
        let adds = match self.records.get(&key) {
            None => true,
            Some(ItemRecord::Bad { .. }) => false,
            Some(known) => has_bytes(&record) && !has_bytes(known),
        };
        if adds {
            self.records.insert(key, record);
        }
        adds
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

/// Added to the kind of a record that names its step, right after the kind.
const WITH_STEP: u8 = 16;

/// The form of a record in the log.
pub fn encode(key: &Digest, step: StepTag, record: &ItemRecord) -> Vec<u8> {
    encode_with(key, Some(step), record)
}

/// The form of a record of an earlier version, whose step is not known.
pub fn encode_without_step(key: &Digest, record: &ItemRecord) -> Vec<u8> {
    encode_with(key, None, record)
}

/// Bytes that a record takes in the log.
pub fn encoded_bytes(record: &ItemRecord) -> u64 {
    let payload = encode(&Digest([0; 32]), StepTag(0), record).len();
    (payload + log::HEADER) as u64
}

fn encode_with(key: &Digest, step: Option<StepTag>, record: &ItemRecord) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(100);
    bytes.extend_from_slice(&key.0);
    let kind = match record {
        ItemRecord::Done { location: None, .. } => 1,
        ItemRecord::Done { .. } => 2,
        ItemRecord::Bad { .. } => 3,
    };
    match step {
        Some(step) => {
            bytes.push(kind + WITH_STEP);
            bytes.extend_from_slice(&step.0.to_le_bytes());
        }
        None => bytes.push(kind),
    }
    match record {
        ItemRecord::Done { digest, location } => {
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
        ItemRecord::Bad { reason } => bytes.extend_from_slice(reason.as_bytes()),
    }
    bytes
}

/// The step of a record in the log; records of earlier versions name none.
pub fn step_of(bytes: &[u8]) -> Option<StepTag> {
    let named = bytes.get(32..37).filter(|bytes| bytes[0] > WITH_STEP)?;
    Some(StepTag(u32::from_le_bytes(named[1..].try_into().ok()?)))
}

/// The record that [`encode`], of this version or an earlier one, made the bytes of.
pub fn decode(bytes: &[u8]) -> Option<(Digest, ItemRecord)> {
    let key = Digest(bytes.get(..32)?.try_into().ok()?);
    let (kind, rest) = match *bytes.get(32)? {
        kind if kind > WITH_STEP => (kind - WITH_STEP, bytes.get(37..)?),
        kind => (kind, bytes.get(33..)?),
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_by_step_and_those_of_earlier_versions_always() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path().join("items.log"));
        let digest = |n: u8| Digest::of(&[n]);
        let location = Location {
            pack: 7,
            offset: 64,
            bytes: 5,
        };
        let done = |location| ItemRecord::Done {
            digest: digest(9),
            location,
        };
        let bad = ItemRecord::Bad {
            reason: "too short".into(),
        };
        let (one, other) = (StepTag(1), StepTag(2));
        let mut earlier = digest(4).0.to_vec();
        earlier.extend([&[1][..], &digest(9).0].concat());
        let records = [
            encode(&digest(1), one, &done(Some(location))),
            encode(&digest(2), other, &done(None)),
            encode(&digest(3), other, &bad),
            earlier,
        ];
        log.append(records.iter().map(Vec::as_slice)).unwrap();
        let all = ItemIndex::load(&log).unwrap();
        let wanted = [done(Some(location)), done(None), bad, done(None)];
        for (n, record) in (1..).zip(&wanted) {
            assert_eq!(all.get(&digest(n)), Some(record));
        }
        let some = ItemIndex::load_of(std::slice::from_ref(&log), &HashSet::from([other])).unwrap();
        let found: Vec<bool> = (1..5).map(|n| some.get(&digest(n)).is_some()).collect();
        assert_eq!(found, [false, true, true, true]);
        assert_eq!(step_of(&records[0]), Some(one));
        assert_eq!(step_of(&records[3]), None);
    }
}
