//! Groups that were to stay whole and are in more than one split.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::corpus::split::{RECORDING, SPEAKER, group_value};
use crate::corpus::{Entry, Split};

/// A group in more than one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutGroup {
    /// What the group is: `session`, `text`, a column.
    pub attribute: String,
    /// Its value, with the corpus.
    pub value: String,
    /// Splits and the number of its utterances there.
    pub splits: Vec<(Split, usize)>,
}

impl std::fmt::Display for CutGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} is in ", self.attribute, self.value)?;
        for (place, (split, count)) in self.splits.iter().enumerate() {
            let before = if place == 0 { "" } else { ", " };
            write!(f, "{before}{} ({count} utterances)", split.name())?;
        }
        Ok(())
    }
}

/// Values of `attribute` whose utterances are in several splits, sorted.
pub fn cut_groups(entries: &[&Entry], attribute: &str) -> Vec<CutGroup> {
    let mut counts: HashMap<(&str, Cow<'_, str>), BTreeMap<usize, usize>> = HashMap::new();
    for &entry in entries {
        if let Some(value) = group_value(entry, attribute) {
            let splits = counts.entry((&entry.utterance.corpus, value)).or_default();
            let split = Split::ALL.iter().position(|s| *s == entry.utterance.split);
            *splits.entry(split.unwrap_or_default()).or_default() += 1;
        }
    }
    let mut cut: Vec<CutGroup> = counts
        .into_iter()
        .filter(|(_, splits)| splits.len() > 1)
        .map(|((corpus, value), splits)| CutGroup {
            attribute: attribute.to_owned(),
            value: shown(attribute, corpus, &value),
            splits: splits
                .into_iter()
                .map(|(split, count)| (Split::ALL[split], count))
                .collect(),
        })
        .collect();
    cut.sort_by(|a, b| a.value.cmp(&b.value));
    cut
}

/// A value with its corpus; of a file, the name alone.
fn shown(attribute: &str, corpus: &str, value: &str) -> String {
    match attribute {
        SPEAKER => value.to_owned(),
        RECORDING => {
            let name = value.rsplit(['/', '\\']).next().unwrap_or_default();
            format!("{corpus}/{name}")
        }
        _ => format!("{corpus}/{value}"),
    }
}
