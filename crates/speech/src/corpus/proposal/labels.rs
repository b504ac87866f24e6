//! The labels of a proposed entry, in the classes of `valence3`, and what they mean in words that class maps share.

use std::collections::BTreeMap;

use crate::corpus::Labels;
use crate::corpus::labels::normalise;

use super::words::{Valence, meaning};

/// The labels that are words for emotions, by their class.
pub(super) fn lists(labels: &BTreeMap<String, usize>) -> Labels {
    let of = |wanted: Valence| {
        let of_class = labels
            .keys()
            .filter(|label| meaning(label).is_some_and(|meaning| meaning.valence == Some(wanted)));
        of_class.cloned().collect()
    };
    Labels {
        positive: of(Valence::Positive),
        neutral: of(Valence::Neutral),
        negative: of(Valence::Negative),
        ..Labels::default()
    }
}

/// What labels mean that are no English words of class maps themselves.
pub(super) fn names(labels: &BTreeMap<String, usize>) -> BTreeMap<String, String> {
    let named = labels.keys().filter_map(|label| {
        let meaning = meaning(label)?;
        let is_other = meaning.valence.is_some() && normalise(label) != meaning.name;
        is_other.then(|| (label.clone(), meaning.name.to_string()))
    });
    named.collect()
}

/// Labels that no list has, with their utterances.
pub(super) fn unknown(labels: &BTreeMap<String, usize>) -> Vec<(&str, usize)> {
    let unknown = labels
        .iter()
        .filter(|(label, _)| meaning(label).is_none_or(|meaning| meaning.valence.is_none()));
    unknown
        .map(|(label, count)| (label.as_str(), *count))
        .collect()
}
