//! Reads everything in the cache and compares it with its digest; what is damaged is taken out and made again when needed.

use std::collections::HashSet;
use std::path::Path;

use pipe_foundation::Digest;
use serde::Serialize;

use super::items::{self, ItemIndex, ItemRecord};
use super::log::LogState;
use super::{Cache, CacheError, StepOutput};

/// What was read and what was wrong.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// Objects read.
    pub objects: usize,
    /// Items read.
    pub items: usize,
    /// Step records read.
    pub records: usize,
    /// Bytes read.
    pub bytes: u64,
    /// What was damaged or gone, by name; the cache holds nothing of it any more.
    pub damaged: Vec<String>,
}

/// Reads the whole cache. Runs may go on meanwhile.
///
/// # Errors
/// When the cache cannot be read at all, or what is damaged not be removed.
pub fn verify(cache: &Cache) -> Result<Verified, CacheError> {
    let mut found = Verified::default();
    objects(cache, &mut found)?;
    records(cache, &mut found)?;
    items(cache, &mut found)?;
    // Opening the cache has mended this log already.
    log_state("the memory of files", cache.files.state, &mut found);
    for log in cache.listing_logs() {
        let state = log.read(|_| {})?;
        if log_state(&format!("listing {}", stem(log.path())), state, &mut found) {
            log.retain(|_| true)?;
        }
    }
    for path in cache.runs.damaged() {
        found.damaged.push(format!("record of run {}", stem(&path)));
        remove(&path)?;
    }
    for path in cache.damaged_owners() {
        found
            .damaged
            .push(format!("owner of the name {}", stem(&path)));
        remove(&path)?;
    }
    found.damaged.sort();
    cache.sweep();
    Ok(found)
}

fn objects(cache: &Cache, found: &mut Verified) -> Result<(), CacheError> {
    for (digest, path) in cache.objects.all() {
        found.objects += 1;
        found.bytes += path.metadata().map_or(0, |metadata| metadata.len());
        if Digest::of_file(&path).ok() != Some(digest) {
            found.damaged.push(format!("object {digest}"));
            remove(&path)?;
        }
    }
    Ok(())
}

/// Step records, and whether the objects that they name are there.
fn records(cache: &Cache, found: &mut Verified) -> Result<(), CacheError> {
    for path in cache.records.paths() {
        found.records += 1;
        let whole = match cache.records.read(&path).map(|record| record.output) {
            None => false,
            Some(StepOutput::Items { .. }) => true,
            Some(StepOutput::Files(files)) => {
                let gone = files
                    .files
                    .iter()
                    .find(|file| !cache.objects.path(&file.digest).is_file());
                match gone {
                    None => true,
                    Some(file) => {
                        let name = format!("object {}", file.digest);
                        // A damaged one was told of above.
                        if !found.damaged.contains(&name) {
                            found.damaged.push(name);
                        }
                        remove(&path)?;
                        continue;
                    }
                }
            }
        };
        if !whole {
            found
                .damaged
                .push(format!("record of step {}", stem(&path)));
            remove(&path)?;
        }
    }
    Ok(())
}

fn items(cache: &Cache, found: &mut Verified) -> Result<(), CacheError> {
    let log = cache.item_log();
    let index = ItemIndex::load(&log)?;
    let mut mend = log_state("the item index", index.state, found);
    let mut lost = HashSet::new();
    for (key, record) in index.iter() {
        if let ItemRecord::Done {
            digest,
            location: Some(location),
        } = record
        {
            found.items += 1;
            found.bytes += location.bytes;
            if cache.packs.get(*location, digest).is_none() {
                found.damaged.push(format!("item {key}"));
                lost.insert((*key, *location));
                mend = true;
            }
        }
    }
    if mend {
        log.retain(|payload| match items::decode(payload) {
            Some((
                key,
                ItemRecord::Done {
                    location: Some(location),
                    ..
                },
            )) => !lost.contains(&(key, location)),
            other => other.is_some(),
        })?;
    }
    Ok(())
}

fn log_state(name: &str, state: LogState, found: &mut Verified) -> bool {
    found.bytes += state.bytes as u64;
    let damaged = state.damaged_bytes > 0;
    if damaged {
        found
            .damaged
            .push(format!("{} bytes of {name}", state.damaged_bytes));
    }
    damaged
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn remove(path: &Path) -> Result<(), CacheError> {
    std::fs::remove_file(path).map_err(|error| CacheError::write(path, error))
}
