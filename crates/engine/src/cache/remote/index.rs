//! The index of a remote cache, as far as it has been read: results, and where in its packs their files are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pipe_foundation::Digest;

use super::reads::At;
use super::segment::{Place, Segment};
use crate::cache::items::{ItemRecord, Location};
use crate::cache::records::StepRecord;

/// Results by their keys, and files by their digests.
#[derive(Debug, Default)]
pub struct StepIndex {
    records: HashMap<Digest, Arc<StepRecord>>,
    objects: HashMap<Digest, Vec<At>>,
    /// Segments that are in it, or that need not be read.
    pub segments: HashSet<String>,
    /// Those that one of them covers.
    pub covered: HashSet<String>,
}

impl StepIndex {
    /// Adds what the segment called `name` holds.
    pub fn add(&mut self, name: &str, segment: Segment) {
        let Segment {
            packs,
            objects,
            records,
            covers,
            ..
        } = segment;
        for (digest, place) in objects {
            let places = self.objects.entry(digest).or_default();
            let at = at(&packs, place);
            if !places.contains(&at) {
                places.push(at);
            }
        }
        for record in records {
            // Whatever it was given as, it is the result of nothing else than what it says.
            let key = record.fingerprint.key();
            self.records.entry(key).or_insert_with(|| Arc::new(record));
        }
        self.covered.extend(covers.iter().cloned());
        self.segments.extend(covers);
        self.segments.insert(name.to_owned());
    }

    /// The result under `key`.
    pub fn record(&self, key: &Digest) -> Option<&Arc<StepRecord>> {
        self.records.get(key)
    }

    /// Where the file with `digest` is said to be.
    pub fn places(&self, digest: &Digest) -> &[At] {
        self.objects.get(digest).map_or(&[], Vec::as_slice)
    }

    /// Everything in one segment that covers the others.
    pub fn merged(&self, covers: Vec<String>) -> Segment {
        let mut numbers: HashMap<Digest, u32> = HashMap::new();
        let mut segment = Segment {
            covers,
            records: self
                .records
                .values()
                .map(|record| (**record).clone())
                .collect(),
            ..Segment::default()
        };
        for (digest, places) in &self.objects {
            for place in places {
                let number = *numbers.entry(place.pack).or_insert_with(|| {
                    segment.packs.push(place.pack);
                    segment.packs.len() as u32 - 1
                });
                let place = (number, place.offset, place.bytes);
                segment.objects.push((*digest, place));
            }
        }
        segment
    }
}

/// What is known of an item at a remote cache.
#[derive(Clone, Debug)]
pub struct RemoteItem {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Where they are; nowhere where they were not kept.
    pub places: Vec<At>,
}

/// Items of one step by their keys.
#[derive(Debug, Default)]
pub struct TagIndex {
    items: HashMap<Digest, RemoteItem>,
}

impl TagIndex {
    /// Adds what a segment holds.
    pub fn add(&mut self, segment: Segment) {
        for (key, record) in segment.items {
            let ItemRecord::Done { digest, location } = record else {
                continue;
            };
            let item = self.items.entry(key).or_insert_with(|| RemoteItem {
                digest,
                places: Vec::new(),
            });
            if let Some(place) = location.filter(|_| item.digest == digest) {
                item.places.push(at_location(&segment.packs, place));
            }
        }
    }

    /// What is known of the item under `key`.
    pub fn get(&self, key: &Digest) -> Option<&RemoteItem> {
        self.items.get(key)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &RemoteItem)> {
        self.items.iter()
    }
}

/// A place whose pack is in the table, as every segment that was read has it.
fn at(packs: &[Digest], (pack, offset, bytes): Place) -> At {
    At {
        pack: packs[pack as usize],
        offset,
        bytes,
    }
}

fn at_location(packs: &[Digest], place: Location) -> At {
    at(packs, (place.pack as u32, place.offset, place.bytes))
}
