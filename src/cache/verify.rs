//! Reads everything in the cache and compares it with its digest; what is damaged is taken out and made again when needed.

use serde::Serialize;

use crate::digest::Digest;

use super::items::{ItemIndex, ItemRecord};
use super::{Cache, CacheError};

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
    /// What was damaged, by name; objects and records among it were removed.
    pub damaged: Vec<String>,
}

/// Reads the whole cache.
///
/// # Errors
/// When the cache cannot be read at all.
pub fn verify(cache: &Cache) -> Result<Verified, CacheError> {
    let mut found = Verified::default();
    for (digest, path) in cache.objects.all() {
        found.objects += 1;
        found.bytes += path.metadata().map_or(0, |metadata| metadata.len());
        if Digest::of_file(&path).ok() != Some(digest) {
            found.damaged.push(format!("object {digest}"));
            std::fs::remove_file(&path).map_err(|error| CacheError::write(&path, error))?;
        }
    }
    for path in cache.records.paths() {
        found.records += 1;
        if cache.records.read(&path).is_none() {
            let name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            found.damaged.push(format!("record of step {name}"));
            std::fs::remove_file(&path).map_err(|error| CacheError::write(&path, error))?;
        }
    }
    let index = ItemIndex::load(&cache.item_log())?;
    if index.state.damaged_bytes > 0 {
        found.damaged.push(format!(
            "{} bytes of the item index",
            index.state.damaged_bytes
        ));
    }
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
            }
        }
    }
    found.damaged.sort();
    Ok(found)
}
