//! `--json`: one JSON object a line, for programs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use miette::{Diagnostic, Report};
use pipe_engine::exec::{Event, Observer, SCHEMA_VERSION};
use pipe_foundation::sync::lock;

use super::console::print_now;
use super::signals::Signals;

/// Prints every event as it happens.
pub struct JsonObserver {
    signals: Signals,
    started: Instant,
    progress_every: Duration,
    /// When progress of a step was last printed.
    progressed: Mutex<HashMap<String, Instant>>,
    lost: Arc<Mutex<Option<std::io::Error>>>,
}

impl JsonObserver {
    /// An observer of a run that begins now. Of the progress of one step it prints an event every `progress_every` at most, and
    /// always the one that says all is done. The first reason why an event could not be written, such as a full disk,
    /// goes to `lost`.
    pub fn new(
        signals: Signals,
        progress_every: Duration,
        lost: Arc<Mutex<Option<std::io::Error>>>,
    ) -> Self {
        Self {
            signals,
            started: Instant::now(),
            progress_every,
            progressed: Mutex::default(),
            lost,
        }
    }

    /// Whether this much progress is too little to tell so soon.
    fn is_too_soon(&self, step: &str, done: u64, total: u64) -> bool {
        let mut progressed = lock(&self.progressed);
        let last = progressed.get(step);
        let soon = last.is_some_and(|last| last.elapsed() < self.progress_every);
        if soon && done < total {
            return true;
        }
        progressed.insert(step.to_owned(), Instant::now());
        false
    }
}

impl Observer for JsonObserver {
    fn event(&self, event: &Event) {
        if let Event::StepProgress { step, done, total } = event
            && self.is_too_soon(step, *done, *total)
        {
            return;
        }
        let line = event.line(self.started.elapsed().as_secs_f64());
        // A full disk must not stop the run.
        if let Err(error) = print_now(&format!("{line}\n")) {
            lock(&self.lost).get_or_insert(error);
        }
    }

    fn failure(&self, _step: &str, _report: &Report) {}

    fn interrupted(&self) -> bool {
        self.signals.asked()
    }
}

/// Prints an error that kept the subcommand from starting; `more` errors are not among those related to it.
///
/// # Errors
/// Where standard output cannot be written, so that it has to be reported otherwise.
pub fn error(error: &dyn Diagnostic, more: usize, exit_code: u8) -> std::io::Result<()> {
    let related: Vec<serde_json::Value> = error
        .related()
        .into_iter()
        .flatten()
        .map(describe)
        .collect();
    let line = serde_json::json!({
        "event": "error",
        "schema_version": SCHEMA_VERSION,
        "message": error.to_string(),
        "code": error.code().map(|code| code.to_string()),
        "help": error.help().map(|help| help.to_string()),
        "errors": related,
        "more_errors": more,
        "exit_code": exit_code,
    });
    print_now(&format!("{line}\n"))
}

fn describe(error: &dyn Diagnostic) -> serde_json::Value {
    let label = error.labels().and_then(|mut labels| labels.next());
    let place = label.as_ref().and_then(|label| {
        let source = error.source_code()?;
        let span = source.read_span(label.inner(), 0, 0).ok()?;
        Some((
            span.name().map(str::to_string),
            span.line() + 1,
            span.column() + 1,
        ))
    });
    let (file, line, column) = match place {
        Some((file, line, column)) => (file, Some(line), Some(column)),
        None => (None, None, None),
    };
    serde_json::json!({
        "message": error.to_string(),
        "code": error.code().map(|code| code.to_string()),
        "help": error.help().map(|help| help.to_string()),
        "file": file,
        "line": line,
        "column": column,
        "label": label.as_ref().and_then(|label| label.label()),
    })
}
