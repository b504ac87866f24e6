//! Remarks that keep a reader from taking a report for more than it is.

use std::collections::BTreeSet;

use super::compose::{Test, corpora_of};
use super::published::{TRAINING_CORPORA, plain_name};
use super::{Report, summary};

fn papers() -> BTreeSet<String> {
    TRAINING_CORPORA
        .iter()
        .map(|corpus| plain_name(corpus))
        .collect()
}

fn plain(corpora: &BTreeSet<String>) -> BTreeSet<String> {
    corpora.iter().map(|corpus| plain_name(corpus)).collect()
}

/// True for exactly the paper's training corpora.
pub(super) fn is_the_papers_set(corpora: &BTreeSet<String>) -> bool {
    plain(corpora) == papers()
}

/// The report's own notes, then those that follow from its entries.
pub(super) fn remarks(report: &Report) -> Vec<String> {
    let mut remarks = report.notes.clone();
    let mut sets: Vec<&BTreeSet<String>> = Vec::new();
    for entry in &report.entries {
        if !entry.model.training_corpora.is_empty()
            && !sets.contains(&&entry.model.training_corpora)
        {
            sets.push(&entry.model.training_corpora);
        }
    }
    let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    for set in &sets {
        let names = list(&mut set.iter().map(String::as_str));
        if is_the_papers_set(set) {
            remarks.push(format!("Trained on the paper's six corpora: {names}."));
            continue;
        }
        let ours = plain(set);
        let missing = list(
            &mut TRAINING_CORPORA
                .iter()
                .copied()
                .filter(|corpus| !ours.contains(&plain_name(corpus))),
        );
        let relation = if ours.is_disjoint(&papers()) {
            "none of them is among the paper's six training corpora".to_string()
        } else if ours.is_subset(&papers()) {
            format!("a subset of the paper's six; missing: {missing}")
        } else if missing.is_empty() {
            "more than the paper's six".to_string()
        } else {
            format!("not the paper's six; missing of those: {missing}")
        };
        remarks.push(format!("Trained on {names}: {relation}."));
    }
    let tests = summary::tests(report);
    let published = report
        .entries
        .iter()
        .any(|entry| tests.iter().any(|test| test.published(entry).is_some()));
    if published && sets.iter().any(|set| !is_the_papers_set(set)) {
        remarks.push(
            "Published numbers stand beside ours for orientation: the training data differ, so the \
             difference is not a failure or success to reproduce."
                .into(),
        );
    }
    remarks.extend(collapse(report));
    remarks
}

/// One remark that names every collapsed model.
fn collapse(report: &Report) -> Option<String> {
    let corpora = corpora_of(report);
    let mut found = Vec::new();
    for entry in &report.entries {
        let on: Vec<&str> = corpora
            .iter()
            .filter(|(corpus, _)| {
                let metrics = Test::Corpus(corpus.clone()).metrics(entry);
                metrics.is_some_and(|metrics| metrics.collapsed)
            })
            .map(|(corpus, _)| corpus.as_str())
            .collect();
        if !on.is_empty() {
            found.push(format!("{} (on {})", entry.model.name, on.join(", ")));
        }
    }
    (!found.is_empty()).then(|| {
        format!(
            "Collapsed, so not a result: {}. Nearly all predictions are one class.",
            found.join("; ")
        )
    })
}
