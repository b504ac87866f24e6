//! A step's error together with the place where what it had made is kept.

use std::path::PathBuf;

use miette::{Diagnostic, LabeledSpan, Report, Severity, SourceCode};

/// The error of a step that left files behind.
#[derive(Debug)]
pub struct Failure {
    report: Report,
    kept: PathBuf,
}

impl Failure {
    /// `report`, saying that files are kept in `kept`.
    pub fn new(report: Report, kept: PathBuf) -> Self {
        Self { report, kept }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.report.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.report.source()
    }
}

impl Diagnostic for Failure {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.report.code()
    }

    fn severity(&self) -> Option<Severity> {
        self.report.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let kept = format!("what it had made is kept in {}", self.kept.display());
        Some(match self.report.help() {
            Some(help) => Box::new(format!("{help}\n{kept}")),
            None => Box::new(kept),
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.report.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.report.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.report.related()
    }
}
