//! `--quiet`: a run that tells only what went wrong, and one line at its end.

use miette::Report;
use pipe_engine::exec::{Event, Observer};
use pipe_foundation::sync::lock;
use std::sync::Mutex;

use super::console::print_error;
use super::lines::format_event;
use super::signals::Signals;

/// Prints errors, warnings and the end.
pub struct QuietObserver {
    signals: Signals,
    /// The name of the manifest: lines of several runs may come together in one mail.
    manifest: Mutex<String>,
}

impl QuietObserver {
    /// An observer that prints to standard error.
    pub fn new(signals: Signals) -> Self {
        Self {
            signals,
            manifest: Mutex::default(),
        }
    }
}

impl Observer for QuietObserver {
    fn event(&self, event: &Event) {
        match event {
            Event::RunStarted { manifest, .. } => lock(&self.manifest).clone_from(manifest),
            Event::Warning { .. } | Event::RunFinished { .. } => {
                let Some(line) = format_event(event, 0) else {
                    return;
                };
                match event {
                    Event::RunFinished { .. } => {
                        print_error(&format!("{}: {line}", lock(&self.manifest)));
                    }
                    _ => print_error(line.trim_start()),
                }
            }
            _ => {}
        }
    }

    fn failure(&self, step: &str, report: &Report) {
        print_error(&format!("{step} failed:\n{report:?}"));
    }

    fn interrupted(&self) -> bool {
        self.signals.asked()
    }
}
