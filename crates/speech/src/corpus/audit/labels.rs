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
    let is_anywhere = |class: &str| has(Split::Train, class) || is_held_out(class);
    // What no split has is reported once; where nothing is trained, of the split that lacks it.
    let is_own = |class: &str| is_anywhere(class) || !is_filled(Split::Train);
    let found = [
        (
            "audit::class_missing_in_training",
            Severity::Error,
            lacking(Split::Train, &is_held_out),
            (
                "a class of the held-out data has no utterance in training, so its recall can only be 0",
                "classes of the held-out data have no utterances in training, so their recalls can only be 0",
            ),
            "split otherwise, add recordings of it, or leave the class out (`classes` of `ingest`)",
        ),
        (
            "audit::class_missing_in_validation",
            Severity::Warning,
            lacking(Split::Validation, &is_own),
            (
                "a class has no utterance in validation, so early stopping does not see it",
                "classes have no utterances in validation, so early stopping does not see them",
            ),
            "split otherwise, for example with another `seed` or a greater share of validation",
        ),
        (
            "audit::class_missing_in_test",
            Severity::Warning,
            lacking(Split::Test, &is_own),
            (
                "a class has no utterance in test, so scores say nothing of it",
                "classes have no utterances in test, so scores say nothing of them",
            ),
            "split otherwise, for example with another `seed` or a greater share of test",
        ),
        (
            "audit::class_missing",
            Severity::Warning,
            lacking(Split::Train, &|class| !is_anywhere(class)),
            (
                "a class has no utterance in any split",
                "classes have no utterances in any split",
            ),
            "check the class map (`classes` of `ingest`, `labels` in corpora.toml)",
        ),
    ];
    Finding::of_each(found)
}
