//! Reports: what a run's models reach, beside each other and beside the published results.
//!
//! A [`Report`] is a list of named evaluations. It is laid out once as a document of headings, notes and
//! tables, which two renderers write as Markdown and for a terminal.

mod compose;
mod confusions;
mod corpora;
mod document;
mod entry;
mod facts;
mod identity;
mod map;
mod markdown;
mod notes;
mod number;
mod probe;
mod published;
mod seeds;
mod sheet;
mod study;
mod summary;
mod terminal;
mod training;

pub use entry::ReportEntry;
pub use facts::{CorpusFacts, LeakCheck, LeftOut, RunFacts, SplitFacts, StepFacts};
pub use identity::{Attribute, Method, ModelIdentity};
pub use map::{EmbeddingMap, MapPoint};
pub use probe::{Probe, ProbeEntry};
pub use published::{PUBLISHED_SOURCE, PublishedTest, published_ua};
pub use sheet::{Sheet, SheetCell, SheetColumn, Tone};
pub use study::{Gain, PublishedCell, Study, StudyCell, StudyTest, StudyVariant, TestRole};

use serde::{Deserialize, Serialize};

use compose::Detail;

/// Everything a report shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Heading of the whole.
    pub title: String,
    /// One entry per model, in the order of the rows.
    pub entries: Vec<ReportEntry>,
    /// Remarks that stand above the tables.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What the shared layers know, one entry per probed model.
    #[serde(default)]
    pub probes: Vec<ProbeEntry>,
    /// t-SNE maps.
    #[serde(default)]
    pub maps: Vec<EmbeddingMap>,
    /// Data and steps of the run; none in the cached content, which must not depend on times.
    #[serde(default)]
    pub facts: Option<RunFacts>,
}

impl Report {
    /// The report as GitHub-flavoured Markdown.
    pub fn to_markdown(&self) -> String {
        markdown::render(&compose::document(self, Detail::Full))
    }

    /// The report as plain text for a terminal `width` columns wide (at least 40 are used).
    ///
    /// Tables that do not fit leave out their least important columns and say so. Only with `colour` does
    /// the text hold ANSI escapes.
    pub fn to_terminal(&self, width: usize, colour: bool) -> String {
        self.terminal(Detail::Full, width, colour)
    }

    /// As [`Report::to_terminal`], without single training corpora, confusion matrices and the course of training.
    pub fn to_terminal_in_brief(&self, width: usize, colour: bool) -> String {
        self.terminal(Detail::Brief, width, colour)
    }

    fn terminal(&self, detail: Detail, width: usize, colour: bool) -> String {
        terminal::render(&compose::document(self, detail), width.max(40), colour)
    }
}

#[cfg(test)]
mod tests;
