//! Gives back what packs and the item index hold of items that nobody needs any more.
//!
//! An item is needed as long as the index names it as the result of its key, and a step that has it is kept. Items of
//! steps that never finished, and of versions whose index did not name steps, stay.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use pipe_foundation::Digest;

use crate::artifact::{BLOCK_BYTES, FilePart};
use crate::cache::items::{self, ItemIndex, ItemRecord, Location, StepTag};
use crate::cache::usage::Usage;
use crate::cache::{Cache, CacheError, folder, packs};

/// Not worth rewriting as long as less than one byte in this many is dead.
const WORTH: u64 = 4;

/// What is to be rewritten or removed.
pub struct Compaction {
    /// Records of the index that are needed.
    live: HashMap<Digest, ItemRecord>,
    /// Packs to take items from, with the items that are needed, in the order of the pack.
    packs: BTreeMap<u64, Vec<(Digest, Digest, Location)>>,
    paths: Vec<PathBuf>,
    pack_bytes: u64,
    /// Whether the index alone is worth rewriting, and what that frees.
    index_bytes: u64,
    rewrites_index: bool,
}

impl Compaction {
    /// Finds what is dead, that is of steps with `dead_tags`, out of date or damaged, in packs that are `old` enough.
    ///
    /// # Errors
    /// When the index or a folder cannot be read.
    pub fn of(
        cache: &Cache,
        dead_tags: &HashSet<StepTag>,
        is_old: &dyn Fn(&Path) -> Result<bool, CacheError>,
    ) -> Result<Self, CacheError> {
        let log = cache.item_log();
        let index = ItemIndex::load_but(&log, dead_tags)?;
        let state = index.state;
        let live = index.into_records();
        let mut needed: BTreeMap<u64, Vec<(Digest, Digest, Location)>> = BTreeMap::new();
        let mut live_index_bytes = 0;
        for (key, record) in &live {
            live_index_bytes += items::encoded_bytes(record);
            if let ItemRecord::Done {
                digest,
                location: Some(location),
            } = record
            {
                let pack = needed.entry(location.pack).or_default();
                pack.push((*key, *digest, *location));
            }
        }
        let mut found = Self {
            live,
            packs: BTreeMap::new(),
            paths: Vec::new(),
            pack_bytes: 0,
            index_bytes: (state.bytes as u64).saturating_sub(live_index_bytes),
            rewrites_index: false,
        };
        for path in folder::entries(&*cache.system, &cache.root.join("packs"))? {
            let Some(pack) = packs::number(&path) else {
                continue;
            };
            let bytes = match cache.system.link_metadata(&path) {
                Ok(metadata) => metadata.bytes,
                Err(error) => return Err(CacheError::read(&path, error)),
            };
            let mut items = needed.remove(&pack).unwrap_or_default();
            items.sort_by_key(|(_, _, location)| location.offset);
            let live_bytes = packs::bytes_of(items.iter().map(|(_, _, location)| location.bytes));
            let dead = bytes.saturating_sub(live_bytes);
            if dead > bytes / WORTH && is_old(&path)? {
                found.pack_bytes += dead;
                found.packs.insert(pack, items);
                found.paths.push(path);
            }
        }
        let dead_index = found.index_bytes;
        found.rewrites_index = !found.packs.is_empty()
            || (dead_index > state.bytes as u64 / WORTH && is_old(log.path())?);
        if !found.rewrites_index {
            found.index_bytes = 0;
        }
        Ok(found)
    }

    /// What it frees, by part of the cache.
    pub fn frees(&self) -> Vec<Usage> {
        let part = |name: &str, files: usize, bytes| Usage {
            name: name.into(),
            files: files as u64,
            bytes,
        };
        let index = usize::from(self.index_bytes > 0);
        vec![
            part("packs", self.paths.len(), self.pack_bytes),
            part("items.log", index, self.index_bytes),
        ]
    }

    /// Writes needed items into a new pack, then the index that names them there, then removes the old packs: whenever
    /// it is killed, the index names only what exists. Nobody else may use the cache meanwhile.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn run(mut self, cache: &Cache) -> Result<(), CacheError> {
        const PART_BYTES: u64 = 16 << 20;
        if !self.rewrites_index {
            return Ok(());
        }
        let mut writer = cache.pack_writer();
        let mut pending = 0;
        for (key, digest, location) in self.packs.values().flatten() {
            // A damaged item is made again when it is needed.
            let record = match cache.packs.open(*location, digest)? {
                None => None,
                Some(item) => {
                    let location = match cache.packs.is_long(location.bytes) {
                        true => copied(cache, *location, &item)?,
                        false => {
                            pending += location.bytes;
                            let bytes = item.to_vec();
                            writer.add(&read(cache, *location, bytes)?)?
                        }
                    };
                    Some(ItemRecord::Done {
                        digest: *digest,
                        location: Some(location),
                    })
                }
            };
            match record {
                Some(record) => self.live.insert(*key, record),
                None => self.live.remove(key),
            };
            if pending > PART_BYTES {
                writer.take().map_or(Ok(()), |part| part.write())?;
                pending = 0;
            }
        }
        writer.take().map_or(Ok(()), |part| part.write())?;
        let mut live = self.live;
        cache.item_log().rewrite(|payload| {
            let (key, record) = items::decode(payload)?;
            // Of several records of a key, the first that matches the index is kept.
            let wanted = live.get(&key)?;
            let moved = match (wanted, &record) {
                (
                    ItemRecord::Done {
                        digest: wanted,
                        location: Some(_),
                    },
                    ItemRecord::Done {
                        digest,
                        location: Some(_),
                    },
                ) => wanted == digest,
                (wanted, record) => wanted == record,
            };
            if !moved {
                return None;
            }
            let wanted = live.remove(&key)?;
            if wanted == record {
                return Some(Cow::Borrowed(payload));
            }
            let payload = match items::step_of(payload) {
                Some(step) => items::encode(&key, step, &wanted),
                None => items::encode_without_step(&key, &wanted),
            };
            Some(Cow::Owned(payload))
        })?;
        for path in &self.paths {
            folder::remove(&*cache.system, path)?;
        }
        Ok(())
    }
}

/// The long item at `location` in a pack of its own, written block by block.
fn copied(cache: &Cache, location: Location, item: &FilePart) -> Result<Location, CacheError> {
    let mut pack = cache.own_pack()?;
    let mut block = vec![0; BLOCK_BYTES];
    let mut at = 0;
    while at < item.bytes() {
        let count = (BLOCK_BYTES as u64).min(item.bytes() - at) as usize;
        read(cache, location, item.read_at(&mut block[..count], at))?;
        pack.write(&block[..count])?;
        at += count as u64;
    }
    pack.finish()
}

/// What was read of the pack of an item.
fn read<T>(cache: &Cache, location: Location, read: std::io::Result<T>) -> Result<T, CacheError> {
    let path = || packs::path(&cache.root.join("packs"), location.pack);
    read.map_err(|error| CacheError::read(&path(), error))
}
