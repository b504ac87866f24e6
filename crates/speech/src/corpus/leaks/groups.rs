//! Groups that were to stay whole and are in more than one split.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::corpus::split::{RECORDING, SPEAKER, group_value, spans_corpora};
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

/// What there is of a value: the corpora that have it, and the number of its utterances by the position of their split.
#[derive(Default)]
struct Found<'e> {
    corpora: BTreeSet<&'e str>,
    splits: BTreeMap<usize, usize>,
}

/// Values of `attribute` whose utterances are in several splits, of whichever corpora they are, sorted.
pub fn cut_groups(entries: &[&Entry], attribute: &str) -> Vec<CutGroup> {
    let mut values: HashMap<(&str, Cow<'_, str>), Found<'_>> = HashMap::new();
    for &entry in entries {
        if let Some(value) = group_value(entry, attribute) {
            let corpus = &*entry.utterance.corpus;
            let within = match spans_corpora(attribute) {
                true => "",
                false => corpus,
            };
            let found = values.entry((within, value)).or_default();
            found.corpora.insert(corpus);
            let split = Split::ALL.iter().position(|s| *s == entry.utterance.split);
            *found.splits.entry(split.unwrap_or_default()).or_default() += 1;
        }
    }
    let mut cut: Vec<CutGroup> = values
        .into_iter()
        .filter(|(_, found)| found.splits.len() > 1)
        .map(|((_, value), found)| CutGroup {
            attribute: attribute.to_owned(),
            value: shown(attribute, &found.corpora, &value),
            splits: found
                .splits
                .into_iter()
                .map(|(split, count)| (Split::ALL[split], count))
                .collect(),
        })
        .collect();
    cut.sort_by(|a, b| a.value.cmp(&b.value));
    cut
}

/// A value with its corpus or corpora; of a file, the name alone.
fn shown(attribute: &str, corpora: &BTreeSet<&str>, value: &str) -> String {
    let value = match attribute {
        SPEAKER => return value.to_owned(),
        RECORDING => value.rsplit(['/', '\\']).next().unwrap_or_default(),
        _ => value,
    };
    let corpora: Vec<&str> = corpora.iter().copied().collect();
    match corpora[..] {
        [corpus] => format!("{corpus}/{value}"),
        _ => format!("{value} (of {})", corpora.join(", ")),
    }
}
