//! What a person should know of a split before anything is computed from it.

use std::collections::{BTreeMap, BTreeSet};

use pipe_speech::corpus::leaks::similar_names;
use pipe_speech::corpus::split::{RECORDING, SPEAKER, group_value, groups_in_words, spans_corpora};
use pipe_speech::corpus::{ClassSet, Entry, Split, Utterance};

use super::listed::Listed;
use super::split_parameters::SplitChoice;
use super::splitting::Splitting;

/// Names are given up to this many.
const FEW: usize = 4;

/// What a person should know of a split, and of the names that it rests on.
pub fn warnings_of_split(
    entries: &[Listed],
    choice: &SplitChoice,
    splitting: &Splitting,
) -> Vec<String> {
    let groups = &choice.grouped_by();
    let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
    let utterances: Vec<&Utterance> = known.iter().map(|e| &e.utterance).collect();
    let mut warnings = similar_group_names(&known, groups);
    let wanted = splitting.wanted();
    let leaves_out = matches!(splitting, Splitting::LeaveOneOut { .. });
    warnings.extend(missing_parts(&known, &wanted, leaves_out, groups));
    warnings.extend(missing_classes(&utterances, splitting.needs_every_class()));
    warnings
}

/// Speakers, and values of `groups`, that differ only in how they are written.
fn similar_group_names(entries: &[&Entry], groups: &[String]) -> Vec<String> {
    let mut warnings = Vec::new();
    let attributes = groups.iter().map(String::as_str);
    let others = attributes.filter(|attribute| ![SPEAKER, RECORDING].contains(attribute));
    for attribute in [SPEAKER].into_iter().chain(others) {
        let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for entry in entries {
            if let Some(value) = group_value(entry, attribute) {
                let within = match spans_corpora(attribute) {
                    true => "",
                    false => &*entry.utterance.corpus,
                };
                values.entry(within).or_default().insert(value.into_owned());
            }
        }
        for names in values.values() {
            let alike = similar_names(names.iter().map(String::as_str));
            let shown: Vec<String> = alike
                .iter()
                .take(FEW)
                .map(|names| names.join(" and "))
                .collect();
            if shown.is_empty() {
                continue;
            }
            let more = match alike.len() - shown.len() {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            warnings.push(format!(
                "names of {attribute}s differ only in case, blanks or Unicode form, and count as different: {}{more}; if they are one, write them alike",
                shown.join("; ")
            ));
        }
    }
    warnings
}

/// Splits that were asked for and have no utterances of a corpus. A fold that `leaves_out` a value tests nothing of the
/// corpora that lack it, and trains on nothing of those that have nothing else: that is what it is for.
fn missing_parts(
    entries: &[&Entry],
    wanted: &[Split],
    leaves_out: bool,
    groups: &[String],
) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut corpora: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for &entry in entries {
        let own = corpora.entry(&entry.utterance.corpus).or_default();
        own.push(entry);
    }
    for (corpus, own) in &corpora {
        let has = |split: Split| own.iter().any(|entry| entry.utterance.split == split);
        if leaves_out && !has(Split::Train) && !has(Split::Validation) {
            continue;
        }
        let meant = wanted.iter().copied();
        let meant = meant.filter(|&split| !leaves_out || split != Split::Test || has(split));
        let meant: Vec<Split> = meant.collect();
        let empty = meant.iter().filter(|split| !has(**split));
        let empty: Vec<&str> = empty.map(|split| split.name()).collect();
        if empty.is_empty() {
            continue;
        }
        let speakers: BTreeSet<&str> = own.iter().map(|entry| &*entry.utterance.speaker).collect();
        let (has, wholes) = match groups {
            [] => (counted(speakers.len(), "speaker"), "speakers"),
            [only] if only == SPEAKER => (counted(speakers.len(), "speaker"), "speakers"),
            several => (groups_in_words(own, several), "groups"),
        };
        warnings.push(format!(
            "{corpus} has {has}, too few for {} splits of whole {wholes}: none of its utterances is in {}",
            meant.len(),
            empty.join(" or ")
        ));
    }
    warnings
}

/// Those of `splits` that have utterances, and none of a class.
fn missing_classes(utterances: &[&Utterance], splits: &[Split]) -> Vec<String> {
    let mut warnings = Vec::new();
    let classes: BTreeSet<&str> = utterances
        .iter()
        .filter_map(|u| u.class.as_deref())
        .collect();
    for &split in splits {
        let own: Vec<&&Utterance> = utterances.iter().filter(|u| u.split == split).collect();
        if own.is_empty() {
            continue;
        }
        let has: BTreeSet<&str> = own.iter().filter_map(|u| u.class.as_deref()).collect();
        let lacking: Vec<&str> = classes.difference(&has).copied().collect();
        let speakers: BTreeSet<&str> = own.iter().map(|utterance| &*utterance.speaker).collect();
        if !lacking.is_empty() {
            warnings.push(format!(
                "{} has no utterance of {} ({} there)",
                split.name(),
                lacking.join(", "),
                counted(speakers.len(), "speaker")
            ));
        }
    }
    warnings
}

/// Classes that were asked for, and that no utterance has.
pub fn unused_classes(classes: &ClassSet, entries: &[Listed]) -> Option<String> {
    let has = |class: &&str| {
        let mut own = entries
            .iter()
            .map(|(entry, ..)| entry.utterance.class.as_deref());
        own.any(|own| own == Some(class))
    };
    let unused: Vec<&str> = classes.names().filter(|class| !has(class)).collect();
    (!unused.is_empty() && !entries.is_empty()).then(|| {
        format!(
            "no utterance has the class {}: it has no recall, and a model gets an output for it that is never right; check the labels of `classes`",
            unused.join(" or ")
        )
    })
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
