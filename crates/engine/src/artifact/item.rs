//! One item of a set: what is known of it, and the digest of its data.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};

/// What is known of an item besides its data, such as which part of the data it is in. A domain has a type of its own
/// for it.
pub trait ItemFacts: Any + Debug + Send + Sync {
    /// The item's id, unique in a set.
    fn id(&self) -> &str;

    /// Appends everything known, so that different facts append different bytes: results that depend on a set depend
    /// on all of it.
    fn append_to_digest(&self, bytes: &mut Vec<u8>);
}

impl dyn ItemFacts {
    /// The facts as those of one type, if they are.
    pub fn downcast_ref<T: ItemFacts>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

/// Facts of items of which nothing is known but an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemId(pub String);

impl ItemFacts for ItemId {
    fn id(&self) -> &str {
        &self.0
    }

    /// The id, ended by a byte that text cannot hold.
    fn append_to_digest(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.0.as_bytes());
        bytes.push(0);
    }
}

/// One item of a set.
#[derive(Clone, Debug)]
pub struct Item {
    /// What is known of it. Copies that a stage makes of one item have ids of their own.
    pub facts: Arc<dyn ItemFacts>,
    /// Digest of its data in their stored form.
    pub digest: Digest,
}

/// An item that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadItem {
    /// The item's id.
    pub id: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The digest of a set: what is known of each item and digests of the data, in order of the ids.
pub fn item_set_digest(items: &[Item]) -> Digest {
    digest_of_set(items.iter().map(|item| (&*item.facts, &item.digest)))
}

/// As [`item_set_digest`], of the facts and digests themselves.
pub fn digest_of_set<'a>(items: impl Iterator<Item = (&'a dyn ItemFacts, &'a Digest)>) -> Digest {
    /// So much is hashed at once: many chunks of BLAKE3 side by side.
    const BLOCK_BYTES: usize = 128 << 10;
    let mut hasher = blake3::Hasher::new();
    let mut block: Vec<u8> = Vec::with_capacity(BLOCK_BYTES + 1024);
    for (facts, digest) in items {
        facts.append_to_digest(&mut block);
        block.extend_from_slice(&digest.0);
        if block.len() >= BLOCK_BYTES {
            hasher.update(&block);
            block.clear();
        }
    }
    hasher.update(&block);
    Digest(*hasher.finalize().as_bytes())
}
