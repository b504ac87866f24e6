//! What sources listed at each digest, kept as changes: `pipe why` names the file that changed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use pipe_foundation::system::System;
use pipe_foundation::{Digest, durable};

use crate::file_name::file_name_with_ending;

use super::error::CacheError;
use super::log::Log;

/// Ids of a source's items and the digests of their data.
pub type Listing = BTreeMap<String, Digest>;

/// The history of one source's listings: a log of `set digest | digest before | changes`.
///
/// A record counts only after the one that it was made from; where the chain is broken, by damage or by two runs at
/// once, the next record starts over with a whole listing (`digest before` is all zeros).
#[derive(Debug)]
pub struct ListingHistory {
    system: Arc<dyn System>,
    log: Log,
}

impl ListingHistory {
    /// The history kept for the source step `id` of the manifest called `manifest`.
    pub fn new(system: Arc<dyn System>, folder: PathBuf, manifest: &str, id: &str) -> Self {
        // Where a dash would not say where the id begins, what no name of a manifest contains does.
        let name = match id.contains('-') {
            false => format!("{manifest}-{id}"),
            true => format!("{manifest}//{id}"),
        };
        let path = folder.join(file_name_with_ending(&name, ".log"));
        Log::on(system, path).into()
    }

    /// The listing at `wanted`, or none when it was never recorded.
    ///
    /// # Errors
    /// When the log exists but cannot be read.
    pub fn at(&self, wanted: &Digest) -> Result<Option<Listing>, CacheError> {
        let mut replayed = Replayed::default();
        let mut found = None;
        self.log.read(|payload| {
            replayed.take(payload);
            if replayed.at == Some(*wanted) {
                found = Some(replayed.listing.clone());
            }
        })?;
        Ok(found)
    }

    /// Appends what changed since the last recorded listing; a write in proportion to the change.
    ///
    /// # Errors
    /// When the log cannot be read or written.
    pub fn record(&self, digest: &Digest, listing: &Listing) -> Result<(), CacheError> {
        let mut replayed = Replayed::default();
        self.log.read(|payload| replayed.take(payload))?;
        if replayed.at == Some(*digest) {
            return Ok(());
        }
        let mut state = replayed.listing;
        let mut payload = digest.0.to_vec();
        match replayed.at {
            Some(before) => payload.extend_from_slice(&before.0),
            None => {
                state.clear();
                payload.extend_from_slice(&NOTHING);
            }
        }
        for (id, new) in listing {
            if state.get(id) != Some(new) {
                change(&mut payload, id, Some(new));
            }
        }
        for id in state.keys().filter(|id| !listing.contains_key(*id)) {
            change(&mut payload, id, None);
        }
        if let Some(folder) = self.log.path().parent() {
            let created = durable::create_folders(&*self.system, folder);
            created.map_err(|error| CacheError::write(folder, error))?;
        }
        self.log.append([payload.as_slice()])
    }
}

impl From<Log> for ListingHistory {
    fn from(log: Log) -> Self {
        Self {
            system: log.system().clone(),
            log,
        }
    }
}

/// Stands for "no digest": no content has it.
const NOTHING: [u8; 32] = [0; 32];

fn change(payload: &mut Vec<u8>, id: &str, digest: Option<&Digest>) {
    payload.extend_from_slice(&(id.len() as u32).to_le_bytes());
    payload.extend_from_slice(id.as_bytes());
    payload.extend_from_slice(&digest.map_or(NOTHING, |digest| digest.0));
}

/// A listing as the records read so far make it.
#[derive(Default)]
struct Replayed {
    /// Its digest; none before the first record and where the chain is broken.
    at: Option<Digest>,
    listing: Listing,
}

impl Replayed {
    fn take(&mut self, payload: &[u8]) {
        self.at = apply(payload, self.at, &mut self.listing);
    }
}

/// The digest after `payload`, or none when it does not follow `at`.
fn apply(payload: &[u8], at: Option<Digest>, state: &mut Listing) -> Option<Digest> {
    let digest = Digest(payload.get(..32)?.try_into().ok()?);
    let before: [u8; 32] = payload.get(32..64)?.try_into().ok()?;
    if before == NOTHING {
        state.clear();
    } else if at != Some(Digest(before)) {
        return None;
    }
    let mut rest = payload.get(64..)?;
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let id = String::from_utf8_lossy(rest.get(4..4 + length)?).into_owned();
        let new: [u8; 32] = rest.get(4 + length..36 + length)?.try_into().ok()?;
        if new == NOTHING {
            state.remove(&id);
        } else {
            state.insert(id, Digest(new));
        }
        rest = rest.get(36 + length..)?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::*;

    #[test]
    fn earlier_listings_come_back_and_a_change_writes_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let history = ListingHistory::new(
            Arc::new(RealSystem),
            folder.path().to_path_buf(),
            "demo",
            "speech",
        );
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

    #[test]
    fn every_source_of_every_manifest_has_a_log_of_its_own() {
        let path = |manifest: &str, id: &str| {
            let history = ListingHistory::new(
                Arc::new(RealSystem),
                PathBuf::from("listings"),
                manifest,
                id,
            );
            history.log.path().to_path_buf()
        };
        assert_eq!(
            path("demo", "speech"),
            PathBuf::from("listings/demo-speech.log")
        );
        for (one, other) in [
            (("a-b", "c"), ("a", "b-c")),
            (("a/b", "c"), ("a", "b-c")),
            (("a", "s[x=b/c]"), ("a", "s[x=b_c]")),
            (("a", "s[x=b/c-d]"), ("a/s[x=b", "c-d]")),
        ] {
            assert_ne!(path(one.0, one.1), path(other.0, other.1));
        }
        let long = "x".repeat(300);
        let path = path(&long, &long);
        assert!(path.file_name().unwrap().len() <= 255);
        assert_eq!(path.extension().unwrap(), "log");
    }

    #[test]
    fn a_broken_chain_is_never_misread_and_starts_anew() {
        let folder = tempfile::tempdir().unwrap();
        let history = ListingHistory::new(
            Arc::new(RealSystem),
            folder.path().to_path_buf(),
            "demo",
            "speech",
        );
        let of = |n: u32| Digest::of(&n.to_le_bytes());
        let listing = |n: u32| -> Listing { (0..n).map(|i| (format!("c/{i}"), of(i))).collect() };
        let mut ends = Vec::new();
        for n in 1..5 {
            history.record(&of(100 + n), &listing(n)).unwrap();
            ends.push(std::fs::metadata(history.log.path()).unwrap().len() as usize);
        }
        let mut bytes = std::fs::read(history.log.path()).unwrap();
        bytes[ends[0] + 40] ^= 1;
        std::fs::write(history.log.path(), bytes).unwrap();
        assert_eq!(history.at(&of(101)).unwrap(), Some(listing(1)));
        for lost in 102..105 {
            assert_eq!(history.at(&of(lost)).unwrap(), None);
        }
        history.record(&of(106), &listing(6)).unwrap();
        history.record(&of(107), &listing(7)).unwrap();
        assert_eq!(history.at(&of(106)).unwrap(), Some(listing(6)));
        assert_eq!(history.at(&of(107)).unwrap(), Some(listing(7)));
    }
}
