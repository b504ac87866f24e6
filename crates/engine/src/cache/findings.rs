//! The memory of what was found out about contents, by a digest of the content and the question: it is found out once.
//!
//! Nothing in it is needed: what is lost, cannot be read or is pruned is found out again.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;

use crate::stage::ContentFindings;

use super::log::Log;
use super::{Cache, CacheError};

/// Findings are written in parts of about so many bytes: a killed run finds out little again.
const PART_BYTES: usize = 1 << 20;

/// What is known of contents, and what of it is not written yet.
pub struct Findings {
    log: Log,
    /// The log of another memory that is only read.
    base: Option<Log>,
    saves: bool,
    /// Read when something is first asked for.
    known: OnceLock<Mutex<HashMap<Digest, Vec<u8>>>>,
    new: Mutex<Vec<Vec<u8>>>,
}

impl Findings {
    /// The memory in `log`, on top of that in `base`.
    pub(super) fn new(log: Log, base: Option<Log>, saves: bool) -> Self {
        Self {
            log,
            base,
            saves,
            known: OnceLock::new(),
            new: Mutex::default(),
        }
    }

    fn known(&self) -> &Mutex<HashMap<Digest, Vec<u8>>> {
        self.known.get_or_init(|| {
            let mut known = HashMap::new();
            for log in self.base.iter().chain([&self.log]) {
                // What cannot be read is found out again.
                let _ = log.read(|payload| {
                    if let Some((key, found)) = decode(payload) {
                        known.insert(key, found.to_vec());
                    }
                });
            }
            Mutex::new(known)
        })
    }

    fn recall(&self, key: &Digest) -> Option<Vec<u8>> {
        lock(self.known()).get(key).cloned()
    }

    fn keep(&self, key: Digest, found: &[u8]) {
        let mut payload = key.0.to_vec();
        payload.extend_from_slice(found);
        lock(self.known()).insert(key, found.to_vec());
        let is_part = {
            let mut new = lock(&self.new);
            new.push(payload);
            new.iter().map(Vec::len).sum::<usize>() > PART_BYTES
        };
        if is_part {
            self.save();
        }
    }

    fn save(&self) {
        let new = std::mem::take(&mut *lock(&self.new));
        if self.saves {
            // What cannot be written is found out again.
            let _ = self.log.append(new.iter().map(Vec::as_slice));
        }
    }

    /// What reading the log finds, and with `repair` the log without what is damaged.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }
}

fn decode(payload: &[u8]) -> Option<(Digest, &[u8])> {
    let (key, found) = payload.split_first_chunk::<32>()?;
    Some((Digest(*key), found))
}

impl ContentFindings for Cache {
    fn recall(&self, key: &Digest) -> Option<Vec<u8>> {
        self.findings.recall(key)
    }

    fn keep(&self, key: Digest, file: Option<&Path>, found: &[u8]) {
        let is_of_content = file.is_none_or(|file| self.files.is_unchanged(file).unwrap_or(false));
        if is_of_content {
            self.findings.keep(key, found);
        }
    }

    fn save(&self) {
        self.findings.save();
    }
}

impl Cache {
    /// Drops damaged bytes from the memory of findings.
    ///
    /// # Errors
    /// When its log cannot be read or written.
    pub(super) fn compact_findings(&self) -> Result<(), CacheError> {
        self.findings
            .log
            .retain(|payload| decode(payload).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::StatCache;

    #[test]
    fn what_was_found_is_known_to_the_next_process_unless_its_file_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Cache::open(&folder.path().join("cache"), false).unwrap();
        let file = folder.path().join("a.wav");
        std::fs::write(&file, "a").unwrap();
        let cache = open();
        let digest = StatCache::digest(&cache.files, &file).unwrap();
        assert_eq!(cache.recall(&digest), None);
        cache.keep(digest, Some(&file), b"found");
        let other = Digest::of(b"made");
        cache.keep(other, None, b"");
        cache.save();
        drop(cache);
        let cache = open();
        assert_eq!(cache.recall(&digest).as_deref(), Some(&b"found"[..]));
        assert_eq!(cache.recall(&other).as_deref(), Some(&b""[..]));
        std::fs::write(&file, "another content").unwrap();
        let third = Digest::of(b"third");
        cache.keep(third, Some(&file), b"of what is no longer there");
        assert_eq!(cache.recall(&third), None);
    }
}
