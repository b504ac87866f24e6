//! Classes that a split lacks.

use super::super::Split;
use super::Audited;
use super::finding::{Finding, Severity};

/// Classes that training, validation or test lack.
pub fn missing_classes(items: &[Audited], classes: &[&str]) -> Vec<Finding> {
    let has = |split: Split, class: &str| {
        items.iter().any(|item| {
            item.utterance.split == split && item.utterance.class.as_deref() == Some(class)
        })
    };
    let is_filled = |split: Split| items.iter().any(|item| item.utterance.split == split);
    let lacking = |split: Split, is_wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let all = classes.iter().filter(|_| is_filled(split));
        let lacking = all.filter(|class| !has(split, class) && is_wanted(class));
        lacking.map(|class| (*class).to_owned()).collect()
    };
    let is_held_out = |class: &str| has(Split::Validation, class) || has(Split::Test, class);
    let found = [
        (
            "audit::class_missing_in_training",
            Severity::Error,
            lacking(Split::Train, &is_held_out),
            "training has no utterance of a class that is held out, so that its recall can only be 0",
            "split otherwise, add recordings of it, or leave the class out (`classes` of `ingest`)",
        ),
        (
            "audit::class_missing_in_validation",
            Severity::Warning,
            lacking(Split::Validation, &|_| true),
            "validation has no utterance of a class, so that early stopping does not see it",
            "split otherwise, for example with another `seed` or a greater share of validation",
        ),
        (
            "audit::class_missing_in_test",
            Severity::Warning,
            lacking(Split::Test, &|_| true),
            "test has no utterance of a class, so that scores say nothing of it",
            "split otherwise, for example with another `seed` or a greater share of test",
        ),
        (
            "audit::class_missing",
            Severity::Warning,
            lacking(Split::Train, &|class| !is_held_out(class)),
            "no utterance here is of a class that is to be told apart",
            "check the class map (`classes` of `ingest`, `labels` in corpora.toml)",
        ),
    ];
    let found = found
        .into_iter()
        .filter(|(_, _, names, ..)| !names.is_empty());
    found
        .map(|(code, severity, names, what, help)| {
            Finding::about(code, severity, what, names, help)
        })
        .collect()
}
