//! A step's error together with where more about it is to be found.

use miette::{Diagnostic, LabeledSpan, Report, Severity, SourceCode};

/// The error of a step about which there are files to read.
#[derive(Debug)]
pub struct Failure {
    report: Report,
    files: String,
}

impl Failure {
    /// `report`; `files` says which they are, and ends its help.
    pub fn new(report: Report, files: String) -> Self {
        Self { report, files }
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
        Some(match self.report.help() {
            Some(help) => Box::new(format!("{help}\n{}", self.files)),
            None => Box::new(self.files.clone()),
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
