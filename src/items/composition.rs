//! What a set of items is made of: utterances by corpus, split and class.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::artifact::Item;
use pipe_speech::corpus::{Emotion, Split};
use serde::{Deserialize, Serialize};

use super::UtteranceItem;

/// What a set of items is made of, for people; no key depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composition {
    /// One row per corpus and split that occur, in the order of names and of [`Split::ALL`].
    pub rows: Vec<CompositionRow>,
}

/// One split of one corpus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompositionRow {
    /// The corpus.
    pub corpus: String,
    /// The split.
    pub split: Split,
    /// Utterances of each class, in the order of [`Emotion::ALL`].
    pub classes: [usize; 3],
    /// Speakers heard.
    pub speakers: usize,
}

impl CompositionRow {
    /// Utterances of all classes.
    pub fn utterances(&self) -> usize {
        self.classes.iter().sum()
    }
}

impl Composition {
    /// Counts items.
    pub fn of(items: &[Item]) -> Self {
        type Counted<'a> = ([usize; 3], BTreeSet<&'a str>);
        let mut counted: BTreeMap<(&str, usize), Counted<'_>> = BTreeMap::new();
        for item in items {
            let utterance = item.utterance();
            let split = Split::ALL.iter().position(|s| *s == utterance.split);
            let cell = counted
                .entry((&utterance.corpus, split.unwrap_or_default()))
                .or_default();
            for (count, class) in cell.0.iter_mut().zip(Emotion::ALL) {
                *count += usize::from(class == utterance.emotion);
            }
            cell.1.insert(&utterance.speaker);
        }
        let row =
            |((corpus, split), (classes, speakers)): ((&str, usize), Counted<'_>)| CompositionRow {
                corpus: corpus.into(),
                split: Split::ALL[split],
                classes,
                speakers: speakers.len(),
            };
        Self {
            rows: counted.into_iter().map(row).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pipe_foundation::Digest;
    use pipe_speech::corpus::Utterance;

    use super::*;
    use crate::items::UtteranceFacts;

    #[test]
    fn utterances_are_counted_by_corpus_split_and_class() {
        let item = |corpus: &str, speaker: &str, emotion, split| Item {
            facts: Arc::new(UtteranceFacts {
                utterance: Utterance {
                    id: String::new(),
                    corpus: corpus.into(),
                    speaker: speaker.into(),
                    gender: None,
                    language: "en".into(),
                    label: String::new(),
                    emotion,
                    split,
                },
                recording: None,
            }),
            digest: Digest::of(b""),
        };
        let composition = Composition::of(&[
            item("b", "b/1", Emotion::Neutral, Split::Test),
            item("a", "a/1", Emotion::Positive, Split::Test),
            item("a", "a/1", Emotion::Negative, Split::Train),
            item("a", "a/2", Emotion::Negative, Split::Train),
        ]);
        let rows: Vec<_> = composition
            .rows
            .iter()
            .map(|row| (row.corpus.as_str(), row.split, row.classes, row.speakers))
            .collect();
        assert_eq!(
            rows,
            [
                ("a", Split::Train, [0, 0, 2], 2),
                ("a", Split::Test, [1, 0, 0], 1),
                ("b", Split::Test, [0, 1, 0], 1),
            ]
        );
    }
}
