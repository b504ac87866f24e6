//! What sources listed at each digest, kept as changes: `pipe why` names the file that changed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::digest::Digest;

use super::error::CacheError;
use super::log::Log;

/// Ids of a source's utterances and the digests of their audio.
pub type Listing = BTreeMap<String, Digest>;

/// The history of one source's listings: a log of `set digest | changes`.
#[derive(Debug)]
pub struct ListingHistory {
    log: Log,
}

impl ListingHistory {
    /// The history kept for the source `name`.
    pub fn new(folder: PathBuf, name: &str) -> Self {
        Self {
            log: Log::new(folder.join(format!("{name}.log"))),
        }
    }

    /// The listing at `wanted`, or none when it was never recorded.
    ///
    /// # Errors
    /// When the log exists but cannot be read.
    pub fn at(&self, wanted: &Digest) -> Result<Option<Listing>, CacheError> {
        let mut state = Listing::new();
        let mut found = None;
        self.log.read(|payload| {
            if let Some(digest) = replay(payload, &mut state) {
                if digest == *wanted {
                    found = Some(state.clone());
                }
            }
        })?;
        Ok(found)
    }

    /// Appends what changed since the last recorded listing; a write in proportion to the change.
    ///
    /// # Errors
    /// When the log cannot be read or written.
    pub fn record(&self, digest: &Digest, listing: &Listing) -> Result<(), CacheError> {
        let mut state = Listing::new();
        let mut last = None;
        self.log
            .read(|payload| last = replay(payload, &mut state).or(last))?;
        if last == Some(*digest) {
            return Ok(());
        }
        let mut payload = digest.0.to_vec();
        for (id, new) in listing {
            if state.get(id) != Some(new) {
                change(&mut payload, id, Some(new));
            }
        }
        for id in state.keys().filter(|id| !listing.contains_key(*id)) {
            change(&mut payload, id, None);
        }
        if let Some(folder) = self.log.path().parent() {
            std::fs::create_dir_all(folder).map_err(|error| CacheError::write(folder, error))?;
        }
        self.log.append([payload.as_slice()])
    }
}

fn change(payload: &mut Vec<u8>, id: &str, digest: Option<&Digest>) {
    payload.extend_from_slice(&(id.len() as u32).to_le_bytes());
    payload.extend_from_slice(id.as_bytes());
    // All zeros stand for "gone": no content has that digest.
    payload.extend_from_slice(&digest.map_or([0; 32], |digest| digest.0));
}

fn replay(payload: &[u8], state: &mut Listing) -> Option<Digest> {
    let digest = Digest(payload.get(..32)?.try_into().ok()?);
    let mut rest = &payload[32..];
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let id = String::from_utf8_lossy(rest.get(4..4 + length)?).into_owned();
        let new: [u8; 32] = rest.get(4 + length..36 + length)?.try_into().ok()?;
        if new == [0; 32] {
            state.remove(&id);
        } else {
            state.insert(id, Digest(new));
        }
        rest = &rest[36 + length..];
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_listings_come_back_and_a_change_writes_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let history = ListingHistory::new(folder.path().to_path_buf(), "speech");
        let of = |n: u32| Digest::of(&n.to_le_bytes());
        let mut listing: Listing = (0..500).map(|n| (format!("corpus/{n}"), of(n))).collect();
        history.record(&of(1000), &listing).unwrap();
        let before = std::fs::metadata(history.log.path()).unwrap().len();
        let first = listing.clone();
        listing.insert("corpus/7".into(), of(7777));
        listing.remove("corpus/9");
        history.record(&of(1001), &listing).unwrap();
        history.record(&of(1001), &listing).unwrap();
        let grown = std::fs::metadata(history.log.path()).unwrap().len() - before;
        assert!(grown < 200, "{grown} bytes for two changes");
        assert_eq!(history.at(&of(1000)).unwrap().unwrap(), first);
        assert_eq!(history.at(&of(1001)).unwrap().unwrap(), listing);
        assert_eq!(history.at(&of(1)).unwrap(), None);
    }
}
