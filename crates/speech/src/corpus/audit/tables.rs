//! How many utterances of each class there are, and how long they are, by corpus and split.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::Split;
use super::Audited;

/// Utterances of each class in a split of a corpus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassRow {
    /// The corpus.
    pub corpus: String,
    /// The split.
    pub split: Split,
    /// Utterances by class, in the order of the classes.
    pub utterances: Vec<usize>,
}

/// Lengths of the recordings in a split of a corpus that can be read, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DurationRow {
    /// The corpus.
    pub corpus: String,
    /// The split.
    pub split: Split,
    /// Recordings that can be read.
    pub utterances: usize,
    /// Speakers.
    pub speakers: usize,
    /// All together.
    pub total_s: f64,
    /// The shortest.
    pub shortest_s: f64,
    /// The middle one, of an even number the longer of both.
    pub median_s: f64,
    /// The longest.
    pub longest_s: f64,
}

fn parts(items: &[Audited]) -> BTreeMap<(&str, Split), Vec<&Audited>> {
    let mut parts: BTreeMap<(&str, Split), Vec<&Audited>> = BTreeMap::new();
    for item in items {
        let part = (&*item.utterance.corpus, item.utterance.split);
        parts.entry(part).or_default().push(item);
    }
    parts
}

/// A row for each corpus and split that has utterances.
pub fn class_table(items: &[Audited], classes: &[&str]) -> Vec<ClassRow> {
    let rows = parts(items).into_iter().map(|((corpus, split), items)| {
        let of_class = |class: &str| {
            let of_class = |item: &&&Audited| item.utterance.class.as_deref() == Some(class);
            items.iter().filter(of_class).count()
        };
        ClassRow {
            corpus: corpus.to_owned(),
            split,
            utterances: classes.iter().map(|class| of_class(class)).collect(),
        }
    });
    rows.collect()
}

/// A row for each corpus and split that has recordings that can be read.
pub fn duration_table(items: &[Audited]) -> Vec<DurationRow> {
    let rows = parts(items)
        .into_iter()
        .filter_map(|((corpus, split), items)| {
            let durations = items
                .iter()
                .filter_map(|item| Some(item.measures()?.duration_s));
            let mut durations: Vec<f64> = durations.collect();
            durations.sort_by(f64::total_cmp);
            let speakers: BTreeSet<&str> =
                items.iter().map(|item| &*item.utterance.speaker).collect();
            Some(DurationRow {
                corpus: corpus.to_owned(),
                split,
                utterances: durations.len(),
                speakers: speakers.len(),
                total_s: durations.iter().sum(),
                shortest_s: *durations.first()?,
                median_s: durations[durations.len() / 2],
                longest_s: *durations.last()?,
            })
        });
    rows.collect()
}
