//! Speakers whose names differ only in how they are written: maybe one voice in two splits.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Split;
use super::super::leaks::similar_names;
use super::Audited;
use super::finding::{Finding, Severity};

/// Which of them are reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those that are not in one split alone.
    AcrossSplits,
}

/// Sets of names of one corpus that differ only in case, blanks or Unicode form; they count as different speakers.
pub fn similar_speakers(items: &[Audited], which: Which) -> Option<Finding> {
    let mut corpora: BTreeMap<&str, BTreeMap<&str, BTreeSet<Split>>> = BTreeMap::new();
    for item in items {
        let speakers = corpora.entry(&item.utterance.corpus).or_default();
        let splits = speakers.entry(&item.utterance.speaker).or_default();
        splits.insert(item.utterance.split);
    }
    let mut names = Vec::new();
    for speakers in corpora.values() {
        for alike in similar_names(speakers.keys().copied()) {
            let splits: BTreeSet<Split> = alike
                .iter()
                .flat_map(|name| &speakers[name])
                .copied()
                .collect();
            if which == Which::All || splits.len() > 1 {
                names.push(alike.join(" and "));
            }
        }
    }
    if names.is_empty() {
        return None;
    }
    let what = match names.len() {
        1 => "speakers whose names differ only in case, blanks or Unicode form count as different ones".to_owned(),
        many => format!(
            "{many} sets of speakers whose names differ only in case, blanks or Unicode form count as different ones"
        ),
    };
    Some(Finding::about(
        "audit::similar_speakers",
        Severity::Warning,
        &what,
        names,
        "if they are one speaker, write the names alike: otherwise one voice may be in training and test",
    ))
}
