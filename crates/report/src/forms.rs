//! The forms of a report: Markdown, HTML, text for a terminal, CSV, JSON.

use crate::sections::{self, Detail};
use crate::{AuditEntry, Report, Study, csv, html, markdown, terminal};

impl Report {
    /// The report as GitHub-flavoured Markdown.
    pub fn to_markdown(&self) -> String {
        markdown::render(&sections::document(self, Detail::Full))
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
    /// Tables that do not fit omit their least important columns and name them below. Only with `colour` does
    /// the text hold ANSI escapes.
    pub fn to_terminal(&self, width: usize, colour: bool) -> String {
        self.terminal(Detail::Full, width, colour)
    }

    /// As [`Report::to_terminal`], but only the comparison of all variants; where these are few, the table of each
    /// unseen corpus and of all training corpora too.
    pub fn to_terminal_in_brief(&self, width: usize, colour: bool) -> String {
        self.terminal(Detail::Brief, width, colour)
    }

    /// What each fold of a cross-validation reaches, for a terminal as [`Report::to_terminal`].
    pub fn folds_to_terminal(&self, width: usize, colour: bool) -> String {
        terminal::render(&sections::folds_alone(self), width.max(40), colour)
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
        terminal::render(&sections::document(self, detail), width.max(40), colour)
    }
}

/// The page of a report without what it says of the run alone: wall times, and the versions, processors and devices of
/// steps. Pages of the same results by the same version of this crate are then the same.
pub fn without_run(page: &str) -> String {
    html::of_run::without_run(page)
}

impl AuditEntry {
    /// What was found, as plain text for a terminal, as [`Report::to_terminal`].
    pub fn to_terminal(&self, width: usize, colour: bool) -> String {
        terminal::render(&sections::audit::audit_alone(self), width.max(40), colour)
    }
}
