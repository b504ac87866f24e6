//! A store in trouble.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pipe_engine::cache::remote::{MemoryStore, Patience, RemoteStore, StoreError};

/// A store that does what the others of its kind do when they are in trouble.
#[derive(Debug)]
pub struct Troubled {
    store: MemoryStore,
    /// Which requests fail, and how.
    trouble: fn(usize) -> Option<StoreError>,
    pub asked: AtomicUsize,
}

impl Troubled {
    pub fn new(trouble: fn(usize) -> Option<StoreError>) -> Arc<Self> {
        Arc::new(Self {
            store: MemoryStore::default(),
            trouble,
            asked: AtomicUsize::new(0),
        })
    }

    fn check(&self) -> Result<(), StoreError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        (self.trouble)(asked).map_or(Ok(()), Err)
    }
}

impl RemoteStore for Troubled {
    fn url(&self) -> &str {
        "troubled://"
    }

    fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        patience: &Patience<'_>,
    ) -> Result<Vec<u8>, StoreError> {
        self.check()?;
        self.store.get(name, range, patience)
    }

    fn put_if_absent(
        &self,
        name: &str,
        bytes: &Arc<[u8]>,
        patience: &Patience<'_>,
    ) -> Result<bool, StoreError> {
        self.check()?;
        self.store.put_if_absent(name, bytes, patience)
    }

    fn list(&self, prefix: &str, patience: &Patience<'_>) -> Result<Vec<String>, StoreError> {
        self.check()?;
        self.store.list(prefix, patience)
    }
}
