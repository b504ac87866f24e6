//! Reports: what a run's models reach, beside each other and beside the published results.
//!
//! A [`Report`] is a list of named evaluations. [`Study`] compares them: every number of every form comes from
//! there. It is laid out once as a document of headings, notes and tables, which two renderers write as Markdown and
//! for a terminal; [`Report::to_csv`] and [`Report::to_study_json`] give the numbers to other programs.

mod compose;
mod confusions;
mod csv;
mod document;
mod entry;
pub mod eval;
mod facts;
mod html;
mod identity;
mod learning_curve;
mod map;
mod map_svg;
mod markdown;
mod models;
mod notes;
mod number;
mod per_test;
mod probe;
mod probes;
mod published;
mod sheet;
mod study;
mod summary;
mod terminal;
mod test_set;
mod training;

pub use entry::ReportEntry;
pub use facts::{CorpusFacts, LeakCheck, LeftOut, RunFacts, SplitFacts, StepFacts};
pub use identity::{Attribute, Method, ModelIdentity};
pub use learning_curve::{EpochHeadLoss, EpochLosses, EpochPoint, EpochScores};
pub use map::{EmbeddingMap, MapPoint};
pub use map_svg::MapColour;
pub use probe::{Probe, ProbeEntry};
pub use published::{PUBLISHED_SOURCE, PublishedTest, published_ua};
pub use sheet::{Sheet, SheetCell, SheetColumn, Tone};
pub use study::{
    Gain, PublishedCell, Study, StudyCell, StudyModel, StudyTest, StudyVariant, TestRole,
};

use std::borrow::Cow;

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
    /// The comparison of its models, when it was made before: its bootstrap takes time.
    #[serde(default)]
    pub study: Option<Study>,
    /// Data and steps of the run; none in the cached content, which must not depend on times.
    #[serde(default)]
    pub facts: Option<RunFacts>,
}

impl Report {
    /// The comparison of its models.
    pub fn study(&self) -> Cow<'_, Study> {
        match &self.study {
            Some(study) => Cow::Borrowed(study),
            None => Cow::Owned(Study::of(self)),
        }
    }

    /// The report as GitHub-flavoured Markdown.
    pub fn to_markdown(&self) -> String {
        markdown::render(&compose::document(self, Detail::Full))
    }

    /// The report as one HTML page that needs no other file and no network.
    ///
    /// The same report gives the same bytes.
    pub fn to_html(&self) -> String {
        self.to_html_of(&self.study())
    }

    /// As [`Report::to_html`], with a study that was made before.
    pub fn to_html_of(&self, study: &Study) -> String {
        html::render(self, study)
    }

    /// The report as plain text for a terminal `width` columns wide (at least 40 are used).
    ///
    /// Tables that do not fit leave out their least important columns and say so. Only with `colour` does
    /// the text hold ANSI escapes.
    pub fn to_terminal(&self, width: usize, colour: bool) -> String {
        self.terminal(Detail::Full, width, colour)
    }

    /// As [`Report::to_terminal`], but only the comparison of all variants; where these are few, the table of each
    /// unseen corpus and of all training corpora too.
    pub fn to_terminal_in_brief(&self, width: usize, colour: bool) -> String {
        self.terminal(Detail::Brief, width, colour)
    }

    /// The study as a table for other programs: one row per variant and test, proportions in 0..=1 in full precision.
    pub fn to_csv(&self) -> String {
        csv::render(&self.study())
    }

    /// The study as JSON.
    ///
    /// # Errors
    /// Where a number is not finite.
    pub fn to_study_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self.study().as_ref()).map(|json| json + "\n")
    }

    fn terminal(&self, detail: Detail, width: usize, colour: bool) -> String {
        terminal::render(&compose::document(self, detail), width.max(40), colour)
    }
}

#[cfg(test)]
mod tests;
