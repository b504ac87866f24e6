//! One utterance's result of an item-wise stage.

use std::io::Write as _;
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_speech::corpus::Utterance;
use serde::{Deserialize, Serialize};

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
    let parts = items.iter().map(|item| (&*item.utterance, &item.digest));
    digest_of_set(parts)
}

/// As [`item_set_digest`], of the utterances and digests themselves.
pub fn digest_of_set<'a>(items: impl Iterator<Item = (&'a Utterance, &'a Digest)>) -> Digest {
    /// So much is hashed at once: many chunks of BLAKE3 side by side.
    const BLOCK_BYTES: usize = 128 << 10;
    let mut hasher = blake3::Hasher::new();
    let mut block: Vec<u8> = Vec::with_capacity(BLOCK_BYTES + 1024);
    for (utterance, digest) in items {
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
        } = utterance;
        for field in [
            id.as_str(),
            corpus,
            speaker,
            language,
            label,
            emotion.name(),
        ] {
            block.extend_from_slice(field.as_bytes());
            block.push(0);
        }
        // Writing to a Vec cannot fail.
        let _ = write!(block, "{gender:?}\0{split:?}\0");
        block.extend_from_slice(&digest.0);
        if block.len() >= BLOCK_BYTES {
            hasher.update(&block);
            block.clear();
        }
    }
    hasher.update(&block);
    Digest(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use pipe_speech::corpus::{Emotion, Gender, Split};

    use super::*;

    fn items(count: u32) -> Vec<Item> {
        let item = |number: u32| Item {
            utterance: Arc::new(Utterance {
                id: format!("corpus/{number:06}"),
                corpus: "corpus".into(),
                speaker: format!("corpus/{}", number % 7),
                gender: [None, Some(Gender::Female), Some(Gender::Male)][number as usize % 3],
                language: "en".into(),
                label: "angry".into(),
                emotion: Emotion::ALL[number as usize % 3],
                split: Split::ALL[number as usize % 3],
            }),
            digest: Digest::of(&number.to_le_bytes()),
        };
        (0..count).map(item).collect()
    }

    #[test]
    fn digests_of_sets_never_change() {
        let golden = [
            (
                0,
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            ),
            (
                1,
                "0d5062033dd3c1f12651352270a5bf28c9cba1370d257d0df9f7d3d486561490",
            ),
            (
                5000,
                "b8548d55d11d47a7dea93c7b4692dd62bee50ff9137b7dc6e04265da6a8249b3",
            ),
        ];
        for (count, digest) in golden {
            assert_eq!(
                item_set_digest(&items(count)).hex(),
                digest,
                "{count} items"
            );
        }
    }
}
