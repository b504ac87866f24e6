//! A store in memory, for tests and for counting: what a plan asks of a store is known without one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use pipe_foundation::sync::lock;

use super::store::{Patience, RemoteStore, StoreError};

/// How many names one request lists, as S3 does.
const NAMES_AT_ONCE: usize = 1000;

/// Objects in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<String, Arc<[u8]>>>,
    requests: AtomicU64,
}

impl MemoryStore {
    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// All objects.
    pub fn objects(&self) -> BTreeMap<String, Arc<[u8]>> {
        lock(&self.objects).clone()
    }

    /// Puts an object in the place of another.
    pub fn replace(&self, name: &str, bytes: Vec<u8>) {
        lock(&self.objects).insert(name.into(), bytes.into());
    }
}

impl RemoteStore for MemoryStore {
    fn url(&self) -> &str {
        "memory:///"
    }

    fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        _: &Patience<'_>,
    ) -> Result<Vec<u8>, StoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let objects = lock(&self.objects);
        let found = objects.get(name);
        let bytes = found.ok_or_else(|| StoreError::Absent(name.into()))?;
        let end = bytes.len() as u64;
        let Range { start, end } =
            range.map_or(0..end, |range| range.start.min(end)..range.end.min(end));
        Ok(bytes[start as usize..end as usize].to_vec())
    }

    fn put_if_absent(
        &self,
        name: &str,
        bytes: &Arc<[u8]>,
        _: &Patience<'_>,
    ) -> Result<bool, StoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut objects = lock(&self.objects);
        let is_new = !objects.contains_key(name);
        if is_new {
            objects.insert(name.into(), bytes.clone());
        }
        Ok(is_new)
    }

    fn list(&self, prefix: &str, _: &Patience<'_>) -> Result<Vec<String>, StoreError> {
        let objects = lock(&self.objects);
        let names: Vec<String> = (objects.keys())
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect();
        let pages = names.len().div_ceil(NAMES_AT_ONCE).max(1);
        self.requests.fetch_add(pages as u64, Ordering::Relaxed);
        Ok(names)
    }
}
