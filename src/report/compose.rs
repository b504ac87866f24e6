//! Lays a report out: which blocks it has, in which order.

use std::collections::{BTreeMap, BTreeSet};

use crate::eval::Metrics;

use super::document::{Block, Cell, Document, Tone};
use super::entry::baseline_of;
use super::{Method, PublishedTest, Report, ReportEntry, number};
use super::{confusions, corpora, notes, probes, seeds, summary, training};

/// Something that models are compared on: one corpus, or all corpora of the training together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    /// One corpus.
    Corpus(String),
    /// All corpora that the model was trained on, held-out speakers.
    InDomain,
}

impl Test {
    /// Name in headings.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Corpus(corpus) => corpus,
            Self::InDomain => "in domain",
        }
    }

    /// What a model reaches on it; none where it was not tested on it.
    pub(super) fn metrics(&self, entry: &ReportEntry) -> Option<Metrics> {
        match self {
            Self::Corpus(corpus) => entry.evaluation.corpora.get(corpus).cloned(),
            Self::InDomain => entry.in_domain(),
        }
    }

    /// Number of speakers of it that a model was tested on.
    pub(super) fn speakers(&self, entry: &ReportEntry) -> usize {
        let speakers = entry.evaluation.speakers.iter();
        speakers
            .filter(|(corpus, _)| match self {
                Self::Corpus(name) => *corpus == name,
                Self::InDomain => entry.model.training_corpora.contains(*corpus),
            })
            .map(|(_, count)| *count)
            .sum()
    }

    /// The paper's test that it is.
    pub(super) fn as_published(&self) -> Option<PublishedTest> {
        match self {
            Self::Corpus(corpus) => PublishedTest::of_corpus(corpus),
            Self::InDomain => Some(PublishedTest::InDomain),
        }
    }

    /// The published UA in % of a model on it.
    pub(super) fn published(&self, entry: &ReportEntry) -> Option<f64> {
        let test = self.as_published()?;
        // A test corpus that was trained on, or in-domain speech of other corpora, is another experiment.
        let comparable = match self {
            Self::Corpus(corpus) => !entry.model.training_corpora.contains(corpus),
            Self::InDomain => notes::is_the_papers_set(&entry.model.training_corpora),
        };
        comparable
            .then(|| super::published_ua(entry.model.method?, &entry.model.attributes, test))
            .flatten()
    }

    /// The published UA less that of the published baseline, in points; none for the baseline.
    pub(super) fn published_gain(&self, entry: &ReportEntry) -> Option<f64> {
        if entry.model.method == Some(Method::Baseline) {
            return None;
        }
        let none = BTreeSet::new();
        let baseline = super::published_ua(Method::Baseline, &none, self.as_published()?)?;
        Some(self.published(entry)? - baseline)
    }
}

/// Every corpus that any model was tested on: unseen ones first, then those of the training.
pub(super) fn corpora_of(report: &Report) -> Vec<(String, Role)> {
    let mut roles: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for entry in &report.entries {
        for corpus in entry.evaluation.corpora.keys() {
            let role = roles.entry(corpus).or_default();
            if entry.model.training_corpora.contains(corpus) {
                role.0 = true;
            } else {
                role.1 = true;
            }
        }
    }
    let mut corpora: Vec<(String, Role)> = roles
        .into_iter()
        .map(|(corpus, role)| {
            let role = match role {
                (true, false) => Role::InDomain,
                (true, true) => Role::Mixed,
                (false, _) => Role::Unseen,
            };
            (corpus.to_string(), role)
        })
        .collect();
    corpora.sort_by_key(|(_, role)| *role);
    corpora
}

/// Whether a test corpus was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// By no model.
    Unseen,
    /// By some models.
    Mixed,
    /// By every model.
    InDomain,
}

/// The gain of a model over its baseline, with the standard error of the difference.
///
/// The two UAs are taken as independent. They share their utterances, so the true error is rather smaller.
pub(super) fn gain(report: &Report, entry: &ReportEntry, test: &Test) -> Option<(f64, f64)> {
    let ours = test.metrics(entry)?;
    let theirs = test.metrics(baseline_of(entry, &report.entries)?)?;
    let (a, b) = (ours.ua_standard_error?, theirs.ua_standard_error?);
    Some((ours.ua? - theirs.ua?, (a * a + b * b).sqrt()))
}

/// A gain as a cell: coloured where it is beyond 1.96 standard errors.
pub(super) fn gain_cell(gain: Option<(f64, f64)>) -> Cell {
    let Some((value, error)) = gain else {
        return Cell::toned(number::NONE, Tone::Faint);
    };
    let tone = match value {
        value if value > 1.96 * error => Tone::Good,
        value if value < -1.96 * error => Tone::Bad,
        _ => Tone::Plain,
    };
    Cell::toned(number::difference(value, error), tone)
}

/// A UA as a cell, with its gain in brackets where it is given; a collapse is marked by `!`.
pub(super) fn ua_cell(metrics: Option<&Metrics>, gain: Option<(f64, f64)>) -> Cell {
    let Some(metrics) = metrics else {
        return Cell::toned(number::NONE, Tone::Faint);
    };
    let mut cell = Cell::from(number::ua(metrics));
    if let Some((value, error)) = gain {
        cell.text += &format!(" ({:+.1})", 100.0 * value);
        if value > 1.96 * error {
            cell.tone = Tone::Good;
        }
    }
    if metrics.collapsed {
        cell.text += " !";
        cell.tone = Tone::Bad;
    }
    cell
}

/// How much of a report is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Everything.
    Full,
    /// Accuracies and recalls on unseen corpora and in domain.
    Brief,
}

/// The report as blocks.
pub(super) fn document(report: &Report, detail: Detail) -> Document {
    let mut blocks = Vec::new();
    let remarks = notes::remarks(report);
    if !remarks.is_empty() {
        blocks.push(Block::Notes(remarks));
    }
    if report.entries.is_empty() && report.probes.is_empty() {
        blocks.push(Block::Paragraph(
            "There is nothing to report: no model was evaluated.".into(),
        ));
    } else if !report.entries.is_empty() {
        blocks.extend(summary::blocks(report));
        blocks.extend(seeds::blocks(report));
        blocks.extend(corpora::blocks(report, detail));
        if detail == Detail::Full {
            blocks.extend(confusions::blocks(report));
            blocks.extend(training::blocks(report));
        }
    }
    if detail == Detail::Full {
        blocks.extend(probes::blocks(report));
    }
    Document {
        title: report.title.clone(),
        blocks,
    }
}
