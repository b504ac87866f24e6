//! What is known of an item of a speech pipeline: the utterance, and at the source its recording.

use std::io::Write as _;
use std::sync::Arc;

use pipe_engine::artifact::{Item, ItemFacts};
use pipe_engine::stage::{ItemCopy, LoadedItem};
use pipe_speech::corpus::{AudioSource, Utterance};

/// An utterance, and where its audio is as long as it is an item of a source.
#[derive(Clone, Debug)]
pub struct UtteranceFacts {
    /// What is known of it. Augmented copies have ids of their own.
    pub utterance: Utterance,
    /// Its recording; none for copies that a stage makes.
    pub recording: Option<Recording>,
}

/// Where the audio of an utterance is.
#[derive(Clone, Debug)]
pub struct Recording {
    /// File, part of a file, or made up.
    pub source: AudioSource,
    /// Length in seconds.
    pub duration_s: f64,
}

impl ItemFacts for UtteranceFacts {
    fn id(&self) -> &str {
        &self.utterance.id
    }

    /// Every field of the utterance, each ended by a byte that text cannot hold. Where the audio is does not count.
    fn append_to_digest(&self, bytes: &mut Vec<u8>) {
        let Utterance {
            id,
            corpus,
            speaker,
            gender,
            language,
            label,
            emotion,
            split,
        } = &self.utterance;
        for field in [
            id.as_str(),
            corpus,
            speaker,
            language,
            label,
            emotion.name(),
        ] {
            bytes.extend_from_slice(field.as_bytes());
            bytes.push(0);
        }
        // Writing to a Vec cannot fail.
        let _ = write!(bytes, "{gender:?}\0{split:?}\0");
    }
}

/// The facts of one item of a speech pipeline. The stages of such a pipeline make no items but utterances.
pub trait UtteranceItem {
    /// What is known of the item.
    fn facts(&self) -> &dyn ItemFacts;

    /// The same as what it is.
    fn utterance_facts(&self) -> &UtteranceFacts {
        let facts = self.facts();
        facts.downcast_ref().unwrap_or_else(|| {
            unreachable!("an item of a speech pipeline is not an utterance: {facts:?}")
        })
    }

    /// The utterance.
    fn utterance(&self) -> &Utterance {
        &self.utterance_facts().utterance
    }

    /// Bytes of the waveform at a rate, by the length of the recording; `otherwise` where that is not known.
    fn waveform_bytes(&self, rate_hz: u32, otherwise: u64) -> u64 {
        match &self.utterance_facts().recording {
            Some(recording) => (4.0 * recording.duration_s * f64::from(rate_hz)) as u64,
            None => otherwise,
        }
    }
}

impl UtteranceItem for Item {
    fn facts(&self) -> &dyn ItemFacts {
        &*self.facts
    }
}

impl UtteranceItem for LoadedItem {
    fn facts(&self) -> &dyn ItemFacts {
        &*self.facts
    }
}

impl UtteranceItem for ItemCopy {
    fn facts(&self) -> &dyn ItemFacts {
        &*self.facts
    }
}

impl UtteranceItem for dyn ItemFacts {
    fn facts(&self) -> &dyn ItemFacts {
        self
    }
}

impl UtteranceItem for Arc<dyn ItemFacts> {
    fn facts(&self) -> &dyn ItemFacts {
        &**self
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::Digest;
    use pipe_speech::corpus::{Emotion, Gender, Split};

    use pipe_engine::artifact::item_set_digest;

    use super::*;

    fn items(count: u32) -> Vec<Item> {
        let item = |number: u32| Item {
            facts: Arc::new(UtteranceFacts {
                utterance: Utterance {
                    id: format!("corpus/{number:06}"),
                    corpus: "corpus".into(),
                    speaker: format!("corpus/{}", number % 7),
                    gender: [None, Some(Gender::Female), Some(Gender::Male)][number as usize % 3],
                    language: "en".into(),
                    label: "angry".into(),
                    emotion: Emotion::ALL[number as usize % 3],
                    split: Split::ALL[number as usize % 3],
                },
                recording: None,
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
