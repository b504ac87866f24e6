//! One utterance's result of an item-wise stage.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::corpus::Utterance;
use crate::digest::Digest;

/// One item of a set: an utterance and the digest of its data.
#[derive(Clone, Debug)]
pub struct Item {
    /// What is known of the utterance. Augmented copies have ids of their own.
    pub utterance: Arc<Utterance>,
    /// Digest of the data in its stored form.
    pub digest: Digest,
}

/// An utterance that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadItem {
    /// The utterance's id.
    pub id: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The digest of a set: ids, what is known of each utterance, and digests of the data, in order of the ids.
pub fn item_set_digest(items: &[Item]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    let mut text = String::new();
    for Item { utterance, digest } in items {
        // Every field, each ended by a byte that text cannot hold.
        let Utterance {
            id,
            corpus,
            speaker,
            gender,
            language,
            label,
            emotion,
            split,
        } = utterance.as_ref();
        text.clear();
        for field in [
            id.as_str(),
            corpus,
            speaker,
            language,
            label,
            emotion.name(),
        ] {
            text.push_str(field);
            text.push('\0');
        }
        text.push_str(&format!("{gender:?}\0{split:?}\0"));
        hasher.update(text.as_bytes());
        hasher.update(&digest.0);
    }
    Digest(*hasher.finalize().as_bytes())
}
