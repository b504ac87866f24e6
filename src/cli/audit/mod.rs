//! `pipe audit`: what makes a result meaningless, said before anything trains.

mod json_lines;
mod sources;
mod text;

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pipe_foundation::progress::Progress;

use pipe_stages::audit::{AuditOutcome, measure_all};

use super::arguments::Common;
use super::console::{print, print_error};
use super::corpora_arguments::AuditArguments;
use super::error::CliError;
use super::paint::Paint;
use super::signals::Signals;

use json_lines::json_lines;
use sources::{source_of_corpus, sources_of_manifest};
use text::text;

/// Prints what is wrong with the recordings of a manifest or a corpus; 1 where a score on them means nothing.
pub fn audit(arguments: &AuditArguments, common: &Common) -> Result<u8, CliError> {
    end_when_asked();
    let ((sources, odd), cache) = match is_manifest(&arguments.what) {
        true => sources_of_manifest(arguments, common)?,
        false => source_of_corpus(arguments, common)?,
    };
    let mut lines = String::new();
    for (step, message) in &odd {
        if common.json {
            let line = serde_json::json!({ "event": "warning", "step": step, "message": message });
            lines += &format!("{line}\n");
        } else {
            print_error(&format!("  warning: {step}: {message}"));
        }
    }
    let bar = Bar::new();
    let measured = measure_all(&sources, &cache, &bar);
    bar.0.finish_and_clear();
    let outcome = AuditOutcome::of(sources, &measured);
    print(&match common.json {
        true => lines + &json_lines(&outcome),
        false => text(&outcome, Paint::stdout()),
    })?;
    Ok(u8::from(outcome.severities.errors > 0))
}

/// Names of corpora hold no separators and seldom end like files; a file that is there is meant.
fn is_manifest(what: &Path) -> bool {
    what.components().count() > 1 || what.extension().is_some_and(|e| e == "toml") || what.is_file()
}

/// Ends the process soon after a signal asks for it, wherever the work is: an audit writes nothing that could be lost.
fn end_when_asked() {
    const LOOK_EVERY: Duration = Duration::from_millis(50);
    let signals = Signals::listen();
    let watch = move || {
        while !signals.asked() {
            std::thread::sleep(LOOK_EVERY);
        }
        std::process::exit(signals.exit_code().into());
    };
    // Where the system refuses a thread, the second signal ends the process too.
    let _ = std::thread::Builder::new().spawn(watch);
}

/// Progress on a terminal; nothing elsewhere.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let style = ProgressStyle::with_template(
            "  reading recordings  {bar:30.cyan/dim} {pos}/{len}  {eta} left",
        );
        let bar = ProgressBar::new(0);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }
}

impl Progress for Bar {
    fn interrupted(&self) -> bool {
        false
    }

    fn advance(&self, _done: u64, total: u64) {
        if self.0.length() != Some(total) {
            self.0.set_length(total);
        }
        self.0.inc(1);
    }

    fn warn(&self, _message: &str) {}
}
