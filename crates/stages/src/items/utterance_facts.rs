//! What is known of an item of a speech pipeline: the utterance, and at the source its recording.

use std::io::Write as _;
use std::sync::Arc;

use pipe_engine::artifact::{Item, ItemFacts};
use pipe_engine::stage::{ItemCopy, LoadedItem};
use pipe_report::PartitionFacts;
use pipe_speech::corpus::{AudioSource, ClassSet, Utterance};

/// An utterance, and where its audio is as long as it is an item of a source.
#[derive(Clone, Debug)]
pub struct UtteranceFacts {
    /// What is known of it. Augmented copies have ids of their own.
    pub utterance: Utterance,
    /// The classes that the task distinguishes.
    pub classes: Arc<ClassSet>,
    /// Its recording; none for copies that a stage makes.
    pub recording: Option<Recording>,
    /// The published partition that gave it its split; none where there is none.
    pub partition: Option<Arc<PartitionFacts>>,
}

/// Where the audio of an utterance is.
#[derive(Clone, Debug)]
pub struct Recording {
    /// File, part of a file, or made up.
    pub source: AudioSource,
    /// Length in seconds.
    pub duration_s: f64,
    /// Where its columns are written, such as `labels.csv:12`; none where it keeps no columns.
    pub place: Option<Arc<str>>,
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
            class,
            votes,
            columns,
            split,
        } = &self.utterance;
        for field in [
            id.as_str(),
            corpus,
            speaker,
            language,
            label,
            class.as_deref().unwrap_or_default(),
        ] {
            bytes.extend_from_slice(field.as_bytes());
            bytes.push(0);
        }
        // Writing to a Vec cannot fail.
        let _ = write!(bytes, "{gender:?}\0{split:?}\0");
        // What only other tasks than the paper's have is added where it is there, so that the digests of the others stay.
        if !self.classes.is_valence3() {
            bytes.extend_from_slice(b"classes\0");
            bytes.extend_from_slice(&self.classes.digest().0);
        }
        if let Some(partition) = &self.partition {
            let PartitionFacts { name, digest, .. } = &**partition;
            let _ = write!(bytes, "partition\0{name}\0{digest}\0");
        }
        for (class, count) in votes.iter().flat_map(|votes| votes.iter()) {
            let _ = write!(bytes, "vote\0{class}\0{count}\0");
        }
        for (name, value) in columns.iter().flat_map(|columns| columns.iter()) {
            bytes.extend_from_slice(b"column\0");
            for field in [name, value] {
                bytes.extend_from_slice(field.as_bytes());
                bytes.push(0);
            }
        }
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

    /// The number of the utterance's class among those that the task distinguishes.
    fn class_number(&self) -> Option<usize> {
        let facts = self.utterance_facts();
        facts.classes.position(facts.utterance.class.as_deref()?)
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
    use pipe_speech::corpus::{Gender, Split};

    use pipe_engine::artifact::item_set_digest;

    use super::*;

    fn items(count: u32) -> Vec<Item> {
        let set = Arc::new(ClassSet::valence3());
        let classes: Vec<Arc<str>> = set.names().map(Arc::from).collect();
        let item = |number: u32| Item {
            facts: Arc::new(UtteranceFacts {
                utterance: Utterance {
                    id: format!("corpus/{number:06}"),
                    corpus: "corpus".into(),
                    speaker: format!("corpus/{}", number % 7).into(),
                    gender: [None, Some(Gender::Female), Some(Gender::Male)][number as usize % 3],
                    language: "en".into(),
                    label: "angry".into(),
                    class: Some(classes[number as usize % 3].clone()),
                    votes: None,
                    columns: None,
                    split: Split::ALL[number as usize % 3],
                },
                classes: set.clone(),
                recording: None,
                partition: None,
            }),
            digest: Digest::of(&number.to_le_bytes()),
        };
        (0..count).map(item).collect()
    }

    #[test]
    fn other_classes_and_columns_have_digests_of_their_own() {
        let facts = |classes: &[&str], column: Option<(&str, &str)>| {
            let item = items(1).remove(0);
            let mut facts = item.utterance_facts().clone();
            facts.classes = Arc::new(ClassSet::new(classes.iter().copied()));
            let columns = column.map(|(name, value)| [(name.to_owned(), value.to_owned())].into());
            facts.utterance.columns = columns.map(Arc::new);
            let mut bytes = Vec::new();
            facts.append_to_digest(&mut bytes);
            bytes
        };
        let paper = ["positive", "neutral", "negative"];
        let all = [
            facts(&paper, None),
            facts(&["positive", "negative", "neutral"], None),
            facts(&[], None),
            facts(&paper, Some(("age", "30"))),
            facts(&paper, Some(("age3", "0"))),
            {
                let mut facts = items(1).remove(0).utterance_facts().clone();
                facts.partition = Some(Arc::new(PartitionFacts::default()));
                let mut bytes = Vec::new();
                facts.append_to_digest(&mut bytes);
                bytes
            },
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|other| other != one), "{index}");
        }
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
