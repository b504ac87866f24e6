//! What makes a result meaningless, found in the data before anything trains.

use std::collections::BTreeSet;

mod audited;
mod copies;
mod fact;
mod finding;
mod fingerprint;
mod labels;
mod measure;
#[cfg(test)]
mod real_recordings;
mod recordings;
mod shared;
mod shortcuts;
mod similar_speakers;
mod stored_measures;
mod tables;
#[cfg(test)]
mod tests;

pub use audited::Audited;
pub use finding::{Finding, Severity};
pub use fingerprint::{Fingerprint, Fingerprinter};
pub use measure::{Measures, ReadingBlame, Unreadable, measure};
pub use shared::COMPARED_COLUMNS;
use similar_speakers::{Which, similar_speakers};
pub use tables::{ClassRow, DurationRow, class_table, duration_table};

/// What an audit goes by besides the items.
#[derive(Clone, Copy, Debug)]
pub struct Criteria<'a> {
    /// The classes that are to be told apart.
    pub classes: &'a [&'a str],
    /// Columns that may give the class away.
    pub columns: &'a BTreeSet<String>,
    /// Columns whose values no split was to cut.
    pub groups: &'a BTreeSet<String>,
}

/// Everything wrong with `items`: errors first, then by kind.
pub fn audit(items: &[Audited], criteria: Criteria<'_>) -> Vec<Finding> {
    let classes = criteria.classes;
    let mut findings = shared::shared_between_splits(items, criteria.groups);
    findings.extend(similar_speakers(items, Which::All));
    findings.extend(copies::copies(items));
    findings.extend(recordings::unusable_recordings(items));
    findings.extend(labels::missing_classes(items, classes));
    findings.extend(shortcuts::shortcuts(items, classes, criteria.columns));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// What training and held-out data in `items` share, and the classes that training lacks; nothing that is wrong with
/// either alone.
pub fn audit_between(items: &[Audited], criteria: Criteria<'_>) -> Vec<Finding> {
    let mut findings = shared::shared_between_splits(items, criteria.groups);
    let others = copies::copies(items)
        .into_iter()
        .chain(labels::missing_classes(items, criteria.classes));
    findings.extend(similar_speakers(items, Which::AcrossSplits));
    findings.extend(others.filter(|finding| finding.severity == Severity::Error));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}
