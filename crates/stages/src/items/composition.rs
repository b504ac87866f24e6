//! What a set of items is made of: utterances by corpus, split and class.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pipe_engine::artifact::Item;
use pipe_speech::corpus::{ClassSet, Split};
use serde::{Deserialize, Serialize};

use super::UtteranceItem;

/// What a set of items is made of, for people; no key depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composition {
    /// The classes that the task distinguishes, in their order.
    #[serde(default = "paper_classes")]
    pub classes: Vec<String>,
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
    /// Utterances in all.
    #[serde(default)]
    pub utterances: usize,
    /// Utterances of each class, in the order of [`Composition::classes`].
    pub classes: Vec<usize>,
    /// Speakers heard.
    pub speakers: usize,
}

impl CompositionRow {
    /// Utterances of all classes.
    pub fn utterances(&self) -> usize {
        match self.utterances {
            // Recorded before there were utterances without class.
            0 => self.classes.iter().sum(),
            utterances => utterances,
        }
    }
}

impl Composition {
    /// Counts items. Where they come from sources with different classes, all of these are counted.
    pub fn of(items: &[Item]) -> Self {
        type Counted<'a> = (usize, Vec<usize>, BTreeSet<&'a str>);
        let mut sets: Vec<&Arc<ClassSet>> = Vec::new();
        for set in items.iter().map(|item| &item.utterance_facts().classes) {
            let same =
                |known: &&Arc<ClassSet>| Arc::ptr_eq(known, set) || known.digest() == set.digest();
            if !sets.iter().any(same) {
                sets.push(set);
            }
        }
        let mut names: Vec<&str> = Vec::new();
        for name in sets.iter().flat_map(|set| set.names()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut counted: BTreeMap<(&str, usize), Counted<'_>> = BTreeMap::new();
        for item in items {
            let utterance = item.utterance();
            let split = Split::ALL.iter().position(|s| *s == utterance.split);
            let cell = counted
                .entry((&utterance.corpus, split.unwrap_or_default()))
                .or_default();
            cell.0 += 1;
            cell.1.resize(names.len(), 0);
            let class = utterance.class.as_deref();
            let place = class.and_then(|class| names.iter().position(|name| *name == class));
            if let Some(place) = place {
                cell.1[place] += 1;
            }
            cell.2.insert(&utterance.speaker);
        }
        let row = |((corpus, split), counted): ((&str, usize), Counted<'_>)| {
            let (utterances, classes, speakers) = counted;
            CompositionRow {
                corpus: corpus.into(),
                split: Split::ALL[split],
                utterances,
                classes,
                speakers: speakers.len(),
            }
        };
        Self {
            classes: names.into_iter().map(str::to_owned).collect(),
            rows: counted.into_iter().map(row).collect(),
        }
    }
}

/// The classes of compositions that were recorded without.
fn paper_classes() -> Vec<String> {
    ClassSet::valence3().names().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use pipe_foundation::Digest;
    use pipe_speech::corpus::Utterance;

    use super::*;
    use crate::items::UtteranceFacts;

    fn item_of(
        classes: &Arc<ClassSet>,
        corpus: &str,
        speaker: &str,
        class: &str,
        split: Split,
    ) -> Item {
        Item {
            facts: Arc::new(UtteranceFacts {
                utterance: Utterance {
                    id: String::new(),
                    corpus: corpus.into(),
                    speaker: speaker.into(),
                    gender: None,
                    language: "en".into(),
                    label: "".into(),
                    class: Some(class.into()),
                    votes: None,
                    columns: None,
                    split,
                },
                classes: classes.clone(),
                recording: None,
                partition: None,
            }),
            digest: Digest::of(b""),
        }
    }

    #[test]
    fn utterances_are_counted_by_corpus_split_and_class() {
        let classes = Arc::new(ClassSet::valence3());
        let item = |corpus: &str, speaker: &str, class: &str, split| {
            item_of(&classes, corpus, speaker, class, split)
        };
        let composition = Composition::of(&[
            item("b", "b/1", "neutral", Split::Test),
            item("a", "a/1", "positive", Split::Test),
            item("a", "a/1", "negative", Split::Train),
            item("a", "a/2", "negative", Split::Train),
        ]);
        let rows: Vec<_> = composition
            .rows
            .iter()
            .map(|row| {
                let classes = row.classes.as_slice();
                (row.corpus.as_str(), row.split, classes, row.speakers)
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("a", Split::Train, &[0, 0, 2][..], 2),
                ("a", Split::Test, &[1, 0, 0][..], 1),
                ("b", Split::Test, &[0, 1, 0][..], 1),
            ]
        );
    }

    #[test]
    fn classes_of_all_sources_are_counted() {
        let few = Arc::new(ClassSet::new(["calm", "happy"]));
        let many = Arc::new(ClassSet::new(["angry", "happy", "sad"]));
        let composition = Composition::of(&[
            item_of(&few, "a", "a/1", "happy", Split::Train),
            item_of(&many, "b", "b/1", "sad", Split::Test),
            item_of(&many, "b", "b/1", "happy", Split::Test),
        ]);
        assert_eq!(composition.classes, ["calm", "happy", "angry", "sad"]);
        let counts: Vec<&[usize]> = composition
            .rows
            .iter()
            .map(|row| &row.classes[..])
            .collect();
        assert_eq!(counts, [&[0, 1, 0, 0][..], &[0, 1, 0, 1]]);
    }
}
