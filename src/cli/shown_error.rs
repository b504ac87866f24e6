//! An error of a command as it is shown to a person.

use miette::{Diagnostic, Report};
use pipe_foundation::grouped;

use super::console::print_error;
use super::error::CliError;
use super::explain;

/// Shows an error on standard error; several problems of a manifest one after another, of very many the first.
pub fn show_error(error: CliError) {
    match error {
        CliError::Manifest(diagnostics) => {
            for diagnostic in diagnostics.shown() {
                print_error(&format!("{:?}", Report::new(diagnostic.clone())));
            }
            if let Some(more) = diagnostics.not_shown() {
                print_error(&format!("{more}\n"));
            }
            if diagnostics.count() > 1 {
                let count = grouped(diagnostics.count() as u64);
                print_error(&format!("{count} errors; nothing was run"));
            }
            let shown = diagnostics.shown().iter();
            explain::hint_at(shown.map(|diagnostic| diagnostic as &dyn Diagnostic));
        }
        other => {
            let report = Report::new(other);
            print_error(&format!("{report:?}"));
            explain::hint_at([&*report as &dyn Diagnostic]);
        }
    }
}
