//! What an audit looks at: recordings that are listed and not read yet.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::stage::SourceListing;
use pipe_foundation::{Digest, by_cause};
use pipe_speech::corpus::audit::{COMPARED_COLUMNS, Finding, Severity};
use pipe_speech::corpus::{AudioSource, Utterance};

use crate::items::{UtteranceItem, details};

use super::columns::ColumnsOfCorpora;

/// So many causes are named for which files or rows are left out.
const CAUSES_TOLD: usize = 3;

/// What is looked for in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditScope {
    /// Everything.
    Everything,
    /// What its splits share, and what training lacks: the rest is reported of the sources that it is made of.
    BetweenSplits {
        /// The names of these sources.
        parts: BTreeSet<String>,
    },
}

/// The recordings of a corpus, or of a step.
pub struct AuditSource {
    /// The corpus or the step.
    pub name: String,
    /// What is looked for.
    pub scope: AuditScope,
    /// The classes that are told apart.
    pub classes: Vec<String>,
    /// Columns that may give the class away.
    pub columns: BTreeSet<String>,
    /// Columns whose values no split was to cut.
    pub groups: BTreeSet<String>,
    /// Kinds of findings that are put up with, each with what says so: `` `leaks` of speech ``.
    pub allowed: BTreeMap<String, String>,
    /// Its recordings.
    pub recordings: Vec<ListedRecording>,
    /// What listing it found.
    pub findings: Vec<Finding>,
}

/// A recording that is listed and not read yet.
#[derive(Clone)]
pub struct ListedRecording {
    /// What is known of it.
    pub utterance: Utterance,
    /// Where it is.
    pub source: AudioSource,
    /// Digest of all that determines its samples.
    pub digest: Digest,
}

impl AuditSource {
    /// A source of which nothing is known but its name.
    pub fn unlisted(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            scope: AuditScope::Everything,
            classes: Vec::new(),
            columns: COMPARED_COLUMNS.map(str::to_owned).into(),
            groups: BTreeSet::new(),
            allowed: BTreeMap::new(),
            recordings: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The recordings that an `ingest` lists, with the columns of their corpora.
    pub fn of_listing(name: &str, listing: &SourceListing, columns: &ColumnsOfCorpora) -> Self {
        let mut source = Self::unlisted(name);
        let lost = listing.missing.iter().map(|bad| (&*bad.id, &*bad.reason));
        source.findings.extend(left_out(&lost.collect::<Vec<_>>()));
        if let Some(details) = details(listing) {
            source.groups.extend(details.groups.iter().cloned());
            source.put_up_with(&details.allowed_leaks);
        }
        for item in &listing.items {
            let facts = item.utterance_facts();
            for column in facts.utterance.columns.iter().flat_map(|kept| kept.keys()) {
                if !source.columns.contains(column) {
                    source.columns.insert(column.clone());
                }
            }
            if source.classes.is_empty() {
                source.classes = facts.classes.names().map(str::to_owned).collect();
            }
            if let Some(recording) = &facts.recording {
                source.recordings.push(ListedRecording {
                    utterance: columns.completed(&facts.utterance),
                    source: recording.source.clone(),
                    digest: item.digest,
                });
            }
        }
        source
    }

    /// Whether it is one of these steps, or compares what they list.
    pub fn is_of(&self, steps: &BTreeSet<&str>) -> bool {
        match &self.scope {
            AuditScope::Everything => steps.contains(self.name.as_str()),
            AuditScope::BetweenSplits { parts } => {
                parts.iter().all(|part| steps.contains(part.as_str()))
            }
        }
    }

    /// From here on these kinds of leaks are put up with, since `leaks` of the step says so, and no others.
    pub fn put_up_with(&mut self, leaks: &[&str]) {
        let whose = format!("`leaks` of {}", self.name);
        let kinds = leaks.iter();
        self.allowed = kinds
            .map(|kind| ((*kind).to_owned(), whose.clone()))
            .collect();
    }
}

/// What the corpus promises and lacks: what, and why.
pub fn left_out(lost: &[(&str, &str)]) -> Option<Finding> {
    let (first, _) = lost.first()?;
    let cause = by_cause(lost.iter().copied(), CAUSES_TOLD);
    Some(Finding {
        code: "audit::left_out",
        severity: Severity::Warning,
        message: match lost.len() {
            1 => format!("{first} cannot be used and is left out: {cause}"),
            many => format!("{many} files or rows cannot be used and are left out: {cause}"),
        },
        help: "get the files again, or correct the table; `max_bad` of `ingest` says how many a run may lack",
        count: lost.len(),
        names: lost.iter().map(|(what, _)| (*what).to_owned()).collect(),
    })
}
