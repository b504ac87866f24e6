//! The command line: one file a subcommand, and how runs look on a terminal.

mod arguments;
mod bars;
mod cache;
mod chart;
mod context;
mod corpora;
mod corpora_diagnostic;
mod evaluations;
mod export;
mod date;
mod diff;
mod graph;
mod init;
mod json;
mod lines;
mod own_name;
mod paint;
mod plan;
mod predict;
mod predictions;
mod report;
mod run;
mod runs;
mod schema;
mod show;
mod signals;
mod size;
mod why;

use std::process::ExitCode;

use clap::Parser;
use miette::{Diagnostic, Report};
use pipe_nn::model::DeviceError;
use thiserror::Error;

use crate::inspect::InspectError;
use crate::track::TrackError;
use pipe_engine::cache::CacheError;
use pipe_engine::exec::RunError;
use pipe_engine::manifest::Diagnostics;

use arguments::{Arguments, Subcommand};

/// Why a subcommand could not do its work.
#[derive(Debug, Error, Diagnostic)]
pub enum CliError {
    /// The manifest or `corpora.toml` is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Manifest(#[from] Diagnostics),
    /// The cache cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cache(#[from] CacheError),
    /// A model cannot be used as asked.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Model(Box<dyn Diagnostic + Send + Sync>),
    /// A run or step is not known.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Inspect(#[from] InspectError),
    /// Trainings cannot be tracked there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Track(#[from] TrackError),
    /// The device cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Device(#[from] DeviceError),
    /// Anything else that the user gave is wrong.
    #[error("{message}")]
    #[diagnostic(code(cli::usage), help("{help}"))]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// Output could not be written.
    #[error("cannot write {what}: {reason}")]
    #[diagnostic(
        code(cli::output),
        help("check that the folder exists, has free space and is writable")
    )]
    Output {
        /// What was to be written.
        what: String,
        /// What the system said.
        reason: std::io::Error,
    },
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Cache(error) => Self::Cache(error),
        }
    }
}

impl CliError {
    /// 2 for what the user wrote, 3 for the cache, 1 for the rest.
    fn code(&self) -> u8 {
        match self {
            Self::Cache(_) | Self::Inspect(InspectError::Cache(_)) => 3,
            Self::Manifest(_)
            | Self::Model(_)
            | Self::Inspect(_)
            | Self::Track(_)
            | Self::Device(_)
            | Self::Usage { .. } => 2,
            Self::Output { .. } => 1,
        }
    }
}

/// Parses the arguments, does the work, and returns how it went: 0 done, 1 a step failed, 2 the manifest or the
/// configuration is wrong, 3 the cache is unusable, 130 interrupted (129 for SIGHUP, 131 for SIGQUIT, 143 for SIGTERM).
pub fn main() -> ExitCode {
    if let Some(code) = crate::stage::supervisor() {
        return code;
    }
    let arguments = Arguments::parse();
    let json = arguments.common.json;
    let done = match arguments.command {
        Subcommand::Run(options) => run::run(&options, &arguments.common),
        Subcommand::Plan(options) => plan::plan(&options, &arguments.common),
        Subcommand::Why(options) => why::why(&options, &arguments.common),
        Subcommand::Report(options) => report::report(&options, &arguments.common),
        Subcommand::Runs(options) => runs::runs(&options, &arguments.common),
        Subcommand::Diff(options) => diff::diff(&options, &arguments.common),
        Subcommand::Show(options) => show::show(&options, &arguments.common),
        Subcommand::Graph(options) => graph::graph(&options, &arguments.common),
        Subcommand::Predict(options) => predict::predict(&options, &arguments.common),
        Subcommand::Export(options) => export::export(&options, &arguments.common),
        Subcommand::Corpora(options) => corpora::corpora(&options, &arguments.common),
        Subcommand::Cache(options) => cache::cache(&options, &arguments.common),
        Subcommand::Schema(options) => schema::schema(&options, &arguments.common),
        Subcommand::Init(options) => init::init(&options),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = error.code();
            if json {
                json::error(&error, code);
            } else {
                show(error);
            }
            ExitCode::from(code)
        }
    }
}

/// Shows an error on standard error; several problems of a manifest one after another.
fn show(error: CliError) {
    match error {
        CliError::Manifest(diagnostics) => {
            let count = diagnostics.iter().count();
            for diagnostic in diagnostics.iter() {
                print_error(&format!("{:?}", Report::new(diagnostic.clone())));
            }
            if count > 1 {
                print_error(&format!("{count} errors; nothing was run"));
            }
        }
        other => print_error(&format!("{:?}", Report::new(other))),
    }
}

/// Writes a line to standard error; a terminal that was closed, or a full disk, must not keep the rest from being done.
fn print_error(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes to standard output; a reader that went away is not an error.
fn print(text: &str) -> Result<(), CliError> {
    use std::io::Write;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(reason) => Err(CliError::Output {
            what: "to standard output".into(),
            reason,
        }),
        Ok(()) => Ok(()),
    }
}
