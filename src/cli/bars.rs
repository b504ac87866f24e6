//! A run on a terminal: a bar for each step at work, a line for each that is done.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use miette::{Diagnostic, Report};
use pipe_engine::exec::{Event, Observer, Status};
use pipe_foundation::sync::lock;

use super::explain;
use super::lines::{NameColumn, epoch_text, format_event};
use super::signals::Signals;
use super::visible::{self, visible};

/// Draws bars on standard error.
pub struct BarObserver {
    signals: Signals,
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
    names: NameColumn,
}

impl BarObserver {
    /// An observer that draws on standard error.
    pub fn new(signals: Signals) -> Self {
        Self {
            signals,
            all: MultiProgress::new(),
            bars: Mutex::default(),
            names: NameColumn::default(),
        }
    }

    fn say(&self, line: &str) {
        // Without a terminal there is nothing to draw on and nothing lost.
        let _ = self.all.println(visible(line));
    }

    /// The step's name in its column, then `rest`.
    fn style(&self, rest: &str) -> ProgressStyle {
        let width = self.names.width();
        ProgressStyle::with_template(&format!("  {{spinner}} {{prefix:<{width}}}  {rest}"))
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─")
    }

    fn with_bar(&self, step: &str, act: impl FnOnce(&ProgressBar)) {
        let mut bars = lock(&self.bars);
        act(bars.entry(step.to_string()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            bar.set_prefix(visible(step).into_owned());
            bar.set_style(self.style("{wide_msg}"));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        }));
    }
}

fn coloured(status: Status, line: &str) -> String {
    let colour = match status {
        Status::Hit | Status::Skipped => 2,
        Status::Executed => 32,
        Status::Failed => 31,
    };
    visible::coloured(colour, line)
}

impl Observer for BarObserver {
    fn event(&self, event: &Event) {
        self.names.on_event(event);
        match event {
            Event::StepStarted { step } => self.with_bar(step, |_| {}),
            Event::StepProgress { step, done, total } => self.with_bar(step, |bar| {
                if bar.length() != Some(*total) {
                    bar.set_length(*total);
                    // The text of an epoch says more than a count of batches.
                    let text = if bar.message().is_empty() {
                        "{bar:30.cyan/dim} {pos}/{len}  {eta} left"
                    } else {
                        "{bar:12.cyan/dim} {wide_msg}"
                    };
                    bar.set_style(self.style(text));
                }
                bar.set_position(*done);
            }),
            Event::Stage(event) => {
                if let Some(report) = event.report() {
                    self.with_bar(&event.step, |bar| {
                        bar.set_style(self.style("{bar:12.cyan/dim} {wide_msg}"));
                        bar.set_message(epoch_text(report));
                    });
                }
            }
            Event::StepFinished { step, status, .. } => {
                if let Some(bar) = lock(&self.bars).remove(step) {
                    bar.disable_steady_tick();
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                if let Some(line) = format_event(event, self.names.width()) {
                    self.say(&coloured(*status, &line));
                }
            }
            Event::Warning { .. } | Event::ItemBad { .. } => {
                if let Some(line) = format_event(event, self.names.width()) {
                    self.say(&visible::coloured(33, &line));
                }
            }
            other => {
                if let Some(line) = format_event(other, self.names.width()) {
                    self.say(&line);
                }
            }
        }
    }

    fn failure(&self, step: &str, report: &Report) {
        self.say(&format!("{step} failed:\n{report:?}"));
        if let Some(hint) = explain::hint([&**report as &dyn Diagnostic]) {
            self.say(&hint);
        }
    }

    fn interrupted(&self) -> bool {
        self.signals.asked()
    }
}
