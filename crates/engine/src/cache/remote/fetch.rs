//! Results and items from a remote cache: each part is checked before it counts, and put where this cache keeps its own.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_foundation::system::{Open, System};

use super::reads::{Part, Take, read_parts};
use super::{Notice, Remote, Transfer};
use crate::cache::records::{StepOutput, StepRecord};
use crate::cache::{Cache, CacheError};

impl Remote {
    /// Brings the results under `keys`, with all of their files, into `cache`, as far as they can be had; `folder` is an
    /// empty one for work in progress. Gives how many came.
    ///
    /// # Errors
    /// When the cache cannot be read or written.
    pub fn fetch(
        &self,
        cache: &Cache,
        keys: &[Digest],
        folder: &Path,
    ) -> Result<usize, CacheError> {
        let mut records: Vec<Arc<StepRecord>> = Vec::new();
        for key in keys {
            records.extend(self.record(key)?);
        }
        let mut wanted: HashMap<Digest, Part> = HashMap::new();
        let mut there: HashSet<Digest> = HashSet::new();
        for record in &records {
            let StepOutput::Files(files) = &record.output else {
                continue;
            };
            for file in &files.files {
                if there.contains(&file.digest) || wanted.contains_key(&file.digest) {
                    continue;
                }
                if cache.objects.has(&file.digest, &cache.files)? {
                    there.insert(file.digest);
                    continue;
                }
                let places = lock(&self.steps).places(&file.digest).to_vec();
                let own = places.iter().filter(|at| at.bytes == file.bytes);
                let own: Vec<_> = own.copied().collect();
                wanted.insert(file.digest, Part::new(file.digest, file.digest, &own));
            }
        }
        let system = &*cache.system;
        let bytes = std::sync::atomic::AtomicU64::new(0);
        let took = |part: &Part, content: Vec<u8>| {
            use std::sync::atomic::Ordering::Relaxed;
            bytes.fetch_add(content.len() as u64, Relaxed);
            write(system, &folder.join(part.digest.hex()), &content)
        };
        self.read(wanted.into_values().collect(), &took)?;
        let came = cache.objects.take(folder)?;
        there.extend(came.files.iter().map(|file| file.digest));
        let mut results = 0;
        for record in records {
            let whole = match &record.output {
                StepOutput::Files(files) => {
                    files.files.iter().all(|file| there.contains(&file.digest))
                }
                StepOutput::Items { .. } => true,
            };
            if whole {
                self.keep(cache, &record)?;
                results += 1;
            }
        }
        if results > 0 {
            self.notice(Notice::Fetched(Transfer {
                results,
                items: 0,
                bytes: bytes.into_inner(),
            }));
        }
        Ok(results)
    }

    /// Writes down a result whose files are in `cache`.
    pub(in crate::cache) fn keep(
        &self,
        cache: &Cache,
        record: &StepRecord,
    ) -> Result<(), CacheError> {
        let key = record.fingerprint.key();
        cache.records.put(record)?;
        cache.sync_result(&key, &record.output)?;
        lock(&self.fetched).insert(key);
        Ok(())
    }

    /// Reads parts of packs, and passes each to `take` once it is what it should be.
    ///
    /// # Errors
    /// What `take` returns.
    pub fn read(&self, parts: Vec<Part>, take: Take<'_>) -> Result<(), CacheError> {
        // They are in no pack.
        let (empty, parts): (Vec<Part>, Vec<Part>) = parts
            .into_iter()
            .partition(|part| part.digest == Digest::of(b""));
        for part in empty {
            take(&part, Vec::new())?;
        }
        let lost = read_parts(&self.link, parts, take)?.len();
        if lost > 0 && self.link.is_usable() {
            self.notice(Notice::Damaged { parts: lost });
        }
        Ok(())
    }

    /// Items came from it.
    pub fn has_given_items(&self, items: usize, bytes: u64) {
        self.notice(Notice::Fetched(Transfer {
            results: 0,
            items,
            bytes,
        }));
    }
}

fn write(system: &dyn System, path: &Path, content: &[u8]) -> Result<(), CacheError> {
    let file = system.open(path, Open::CreateNew);
    let written = file.and_then(|mut file| file.write_all(content));
    written.map_err(|error| CacheError::write(path, error))
}
