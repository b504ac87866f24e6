//! The command line: one file a subcommand, and how runs look on a terminal.

mod arguments;
mod attach;
mod audit;
mod bars;
mod built_in_corpora;
mod bundle;
mod bundle_arguments;
mod bundle_files;
mod cache;
mod cache_arguments;
mod cancel;
mod cache_exchange;
mod chart;
mod cluster_arguments;
mod command_line;
mod completions;
mod console;
mod context;
mod corpora;
mod corpora_add;
mod corpora_arguments;
mod corpora_diagnostic;
mod corpus_named;
mod error;
mod evaluations;
mod executor;
mod explain;
mod export;
mod export_emobox;
mod failures;
mod date;
mod diagnostics;
mod diff;
mod doctor;
mod following;
mod graph;
mod held_key;
mod init;
mod items;
mod json;
mod limit_argument;
mod lines;
mod local_run;
mod lock;
mod manifest_arguments;
mod manual;
mod manual_arguments;
mod model;
mod model_arguments;
mod number_line;
mod output_file;
mod own_name;
mod paint;
mod permission;
mod plan;
mod predict;
mod predictions;
mod quiet;
mod reason;
mod reference;
mod remote_cache;
mod report;
mod reproduce;
mod run;
mod run_arguments;
mod runs;
mod runs_folder;
mod schema;
mod settled;
mod shown_error;
mod show;
mod signals;
mod step;
mod target;
mod telling;
mod trust;
mod visible;
mod watch;
mod whence;
mod why;
mod wrapped;

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser;
use pipe_engine::program;
use pipe_foundation::start_shared_threads;

use crate::version::VERSION;

use arguments::{Arguments, Subcommand};
use console::{StandardOutput, print_error};
use error::CliError;
use shown_error::show_error;

/// Parses the arguments, does the work, and returns how it went: 0 done, 1 a step failed, 2 the manifest or the
/// configuration is wrong, 3 the cache is unusable, 70 memory was refused or there is a defect, 130 interrupted (129 for
/// SIGHUP, 131 for SIGQUIT, 143 for SIGTERM).
pub fn main() -> ExitCode {
    if let Some(code) = pipe_stages::stage::supervisor() {
        return code;
    }
    failures::explain();
    program::set_version(VERSION);
    diagnostics::show_without_strangers_escapes();
    let done = std::panic::catch_unwind(|| match Arguments::try_parse() {
        Ok(arguments) => work(arguments.settled()),
        Err(refused) => answer(&refused),
    });
    done.unwrap_or_else(|panic| {
        print_error(&failures::internal_error(&*panic));
        ExitCode::from(failures::CODE)
    })
}

/// Prints the help or the version that was asked for, or what is wrong with the arguments.
fn answer(refused: &clap::Error) -> ExitCode {
    if refused.use_stderr() {
        // What it quotes may be the name of a file by a stranger.
        print_error(refused.render().to_string().trim_end());
        return ExitCode::from(u8::try_from(refused.exit_code()).unwrap_or(2));
    }
    let printed = refused.print();
    let printed = printed.and_then(|()| StandardOutput.flush());
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let error = CliError::standard_output(error);
            let code = error.code();
            show_error(error);
            ExitCode::from(code)
        }
        // Only 0 and 2 are given.
        _ => ExitCode::from(u8::try_from(refused.exit_code()).unwrap_or(2)),
    }
}

/// Does what the arguments say.
fn work(arguments: Arguments) -> ExitCode {
    let json = arguments.common.json;
    let done = start_shared_threads().map_err(CliError::from);
    let done = done.and_then(|()| match arguments.command {
        Subcommand::Run(options) => run::run(&options, &arguments.common),
        Subcommand::Attach(options) => attach::attach(&options, &arguments.common),
        Subcommand::Cancel(options) => cancel::cancel(&options, &arguments.common),
        Subcommand::Step(options) => step::step(&options, &arguments.common),
        Subcommand::Lock(options) => lock::lock(&options, &arguments.common),
        Subcommand::Bundle(options) => bundle::bundle(&options, &arguments.common),
        Subcommand::Reproduce(options) => reproduce::reproduce(&options, &arguments.common),
        Subcommand::Plan(options) => plan::plan(&options, &arguments.common),
        Subcommand::Why(options) => why::why(&options, &arguments.common),
        Subcommand::Report(options) => report::report(&options, &arguments.common),
        Subcommand::Runs(options) => runs::runs(&options, &arguments.common),
        Subcommand::Whence(options) => whence::whence(&options, &arguments.common),
        Subcommand::Diff(options) => diff::diff(&options, &arguments.common),
        Subcommand::Show(options) => show::show(&options, &arguments.common),
        Subcommand::Items(options) => items::items(&options, &arguments.common),
        Subcommand::Graph(options) => graph::graph(&options, &arguments.common),
        Subcommand::Predict(options) => predict::predict(&options, &arguments.common),
        Subcommand::Export(options) => export::export(&options, &arguments.common),
        Subcommand::Corpora(options) => corpora::corpora(&options, &arguments.common),
        Subcommand::Audit(options) => audit::audit(&options, &arguments.common),
        Subcommand::Doctor(options) => doctor::doctor(&options, &arguments.common),
        Subcommand::Cache(options) => cache::cache(&options, &arguments.common),
        Subcommand::Trust(options) => trust::trust(&options, &arguments.common),
        Subcommand::Explain(options) => explain::explain(&options, &arguments.common),
        Subcommand::Schema(options) => schema::schema(&options, &arguments.common),
        Subcommand::Init(options) => init::init(&options),
        Subcommand::Completions(options) => completions::completions(&options),
        Subcommand::Man(options) => manual::man(&options),
    });
    let code = match done {
        Ok(code) => code,
        Err(error) => {
            let code = error.code();
            let more = match &error {
                CliError::Manifest(diagnostics) => diagnostics.count() - diagnostics.shown().len(),
                _ => 0,
            };
            // Where standard output cannot be written, it cannot say so either.
            if !json || json::error(&error, more, code).is_err() {
                show_error(error);
            }
            code
        }
    };
    // Programs read standard output as JSON, where all is said that matters.
    match json || console::tell_not_said() {
        true => ExitCode::from(code),
        false => ExitCode::from(code.max(1)),
    }
}
