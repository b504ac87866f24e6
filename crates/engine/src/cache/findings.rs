//! The memory of what was found out about contents, by a digest of the content and the question: it is found out once.
//!
//! Nothing in it is needed: what is lost, cannot be read or is pruned is found out again.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;

use super::error::CacheError;
use super::log::Log;

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

    /// What is known.
    pub fn recall(&self, key: &Digest) -> Option<Vec<u8>> {
        lock(self.known()).get(key).cloned()
    }

    /// Keeps what was found out.
    pub fn keep(&self, key: Digest, found: &[u8]) {
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

    /// Writes what is kept.
    pub fn save(&self) {
        let new = std::mem::take(&mut *lock(&self.new));
        if self.saves {
            // What cannot be written is found out again.
            let _ = self.log.append(new.iter().map(Vec::as_slice));
        }
    }

    /// Its log.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// Drops damaged bytes from its log.
    ///
    /// # Errors
    /// When that cannot be read or written.
    pub(super) fn compact(&self) -> Result<(), CacheError> {
        self.log.retain(|payload| decode(payload).is_some())
    }
}

fn decode(payload: &[u8]) -> Option<(Digest, &[u8])> {
    let (key, found) = payload.split_first_chunk::<32>()?;
    Some((Digest(*key), found))
}
