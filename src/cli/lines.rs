//! A run as plain lines, for logs and pipes; the wording is shared with the bars of a terminal.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use miette::Report;
use pipe_engine::exec::{Event, ItemCounts, Observer, Status, StepCounts};
use pipe_foundation::sync::lock;
use pipe_nn::train::{EpochReport, Monitored};
use pipe_stages::byte_size::bytes_text;

use super::console::print_error;
use super::signals::Signals;

/// Prints a line when something worth reading happens.
pub struct LineObserver {
    signals: Signals,
    last_printed: Mutex<HashMap<String, Instant>>,
    names: NameColumn,
}

/// How wide the column of step names is; known once the run has named its steps.
#[derive(Default)]
pub struct NameColumn(AtomicUsize);

impl NameColumn {
    /// Wide enough for all of `names`, within reason.
    pub fn width_of<'a>(names: impl Iterator<Item = &'a str>) -> usize {
        let longest = names.map(|name| name.chars().count()).max();
        longest.unwrap_or(0).clamp(8, 60)
    }

    /// Takes the names from the event that starts a run.
    pub fn on_event(&self, event: &Event) {
        if let Event::RunStarted { steps, .. } = event {
            let width = Self::width_of(steps.iter().map(String::as_str));
            self.0.store(width, Ordering::Relaxed);
        }
    }

    /// The width in characters.
    pub fn width(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// `1 item`, `2 items`.
pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

impl LineObserver {
    /// An observer that prints to standard error.
    pub fn new(signals: Signals) -> Self {
        Self {
            signals,
            last_printed: Mutex::default(),
            names: NameColumn::default(),
        }
    }
}

/// Progress within a step is printed at most this often.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

impl Observer for LineObserver {
    fn event(&self, event: &Event) {
        self.names.on_event(event);
        let line = match event {
            Event::StepProgress { step, done, total } => {
                let mut last_printed = lock(&self.last_printed);
                let last = last_printed
                    .entry(step.clone())
                    .or_insert_with(Instant::now);
                if last.elapsed() < PROGRESS_EVERY {
                    return;
                }
                *last = Instant::now();
                format!("  {step}: {done} of {total}")
            }
            Event::StepStarted { step } => format!("  {step}: started"),
            Event::Stage(event) => match event.report() {
                Some(report) => format!("  {}: {}", event.step, epoch_text(report)),
                None => return,
            },
            other => match format_event(other, self.names.width()) {
                Some(line) => line,
                None => return,
            },
        };
        print_error(&line);
    }

    fn failure(&self, step: &str, report: &Report) {
        print_error(&format!("{step} failed:\n{report:?}"));
    }

    fn interrupted(&self) -> bool {
        self.signals.asked()
    }
}

/// The line for events that every form of output shows; names of steps take `width` characters.
pub fn format_event(event: &Event, width: usize) -> Option<String> {
    match event {
        Event::RunStarted {
            manifest, steps, ..
        } => Some(format!("{manifest}: {}", counted(steps.len(), "step"))),
        Event::StepWaiting { step, process, by } => {
            let by = by.clone().or(process.map(|id| format!("process {id}")));
            let by = by.map_or_else(String::new, |by| format!(" ({by})"));
            Some(format!(
                "  {step}: another run{by} is working on this step, waiting for it"
            ))
        }
        Event::Warning { step, message } => Some(format!("  warning: {step}: {message}")),
        Event::ItemBad { step, item, .. } => Some(format!(
            "  set aside by {step}: {}: {}",
            item.id, item.reason
        )),
        Event::StepFinished {
            step,
            status,
            seconds,
            computed,
            reused,
            bad,
            fetched,
            ..
        } => {
            let done = finished(*status, *fetched, *seconds, *computed, *reused, *bad);
            let mark = match status {
                Status::Hit => "=",
                Status::Executed => "+",
                Status::Failed => "!",
                Status::Skipped => "-",
            };
            Some(format!("  {mark} {step:<width$}  {done}"))
        }
        Event::RemotePushed {
            url,
            results,
            items,
            bytes,
        } => Some(format!(
            "  sent to {url}: {}, {}, {}",
            counted(*results, "result"),
            counted(*items, "item"),
            bytes_text(*bytes)
        )),
        Event::RunFinished {
            steps,
            items,
            damaged,
            seconds,
            ..
        } => Some(summary(steps, items, *damaged, *seconds)),
        _ => None,
    }
}

fn finished(
    status: Status,
    fetched: bool,
    seconds: f64,
    computed: usize,
    reused: usize,
    bad: usize,
) -> String {
    let word = match status {
        Status::Hit if fetched => "fetched",
        Status::Hit => "unchanged",
        Status::Executed => "done",
        Status::Failed => "failed",
        Status::Skipped => "not run",
    };
    let mut parts = vec![word.to_string()];
    if computed + reused > 0 {
        parts.push(match (computed, reused) {
            (0, reused) => counted(reused, "item"),
            (computed, 0) => counted(computed, "item"),
            (computed, reused) => {
                format!("{} new, {reused} reused", counted(computed, "item"))
            }
        });
    }
    if bad > 0 {
        parts.push(format!("{bad} set aside"));
    }
    if seconds >= 0.05 {
        // Of items it is what all cores have worked, which may be longer than the run.
        parts.push(match computed + reused {
            0 => duration_text(seconds),
            _ => format!("{} of work", duration_text(seconds)),
        });
    }
    parts.join(", ")
}

fn summary(steps: &StepCounts, items: &ItemCounts, damaged: usize, seconds: f64) -> String {
    let mut parts = Vec::new();
    for (count, word) in [
        (steps.executed, "executed"),
        (steps.hit.saturating_sub(steps.fetched), "unchanged"),
        (steps.fetched, "fetched"),
        (steps.failed, "failed"),
        (steps.skipped, "not run"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let mut line = format!("{} in {}", parts.join(", "), duration_text(seconds));
    if items.computed > 0 {
        line.push_str(&format!(
            "; {} computed, {} reused",
            counted(items.computed, "item"),
            items.reused
        ));
    }
    if damaged > 0 {
        let results = counted(damaged, "result");
        line.push_str(&format!("; {results} damaged in the cache"));
    }
    if items.bad > 0 {
        line.push_str(&format!("; {} set aside", items.bad));
    }
    if items.left_out > 0 {
        line.push_str(&format!("; {} left out (dropped.tsv)", items.left_out));
    }
    line
}

/// `epoch 3/40  loss 0.912  UA 61.2 %, best 63.0 %  45 s left`; early stopping may end it sooner.
pub fn epoch_text(report: &EpochReport) -> String {
    let EpochReport {
        epoch,
        epochs,
        loss,
        validation_ua,
        best_ua,
        monitored,
        seconds,
        ..
    } = report;
    let left = seconds * (epochs - (epoch + 1).min(*epochs)) as f64;
    let score = match (monitored, validation_ua, best_ua) {
        (Some(Monitored { name, value, best }), ..) => format!("{name} {value:.3}, best {best:.3}"),
        (None, Some(ua), Some(best)) => {
            format!("UA {:.1} %, best {:.1} %", ua * 100.0, best * 100.0)
        }
        _ => String::new(),
    };
    format!(
        "epoch {}/{epochs}  loss {loss:.3}  {score}  {} left",
        epoch + 1,
        duration_text(left),
    )
}

/// A duration as people say it.
pub fn duration_text(seconds: f64) -> String {
    // Rounded before it is taken apart: no minute has 60 seconds.
    let (whole, minutes) = (seconds.round(), (seconds / 60.0).round());
    match seconds {
        s if s < 0.0995 => format!("{:.0} ms", s * 1000.0),
        s if s < 59.95 => format!("{s:.1} s"),
        s if s < 3599.5 => format!("{:.0} min {:02.0} s", (whole / 60.0).floor(), whole % 60.0),
        _ => format!(
            "{:.0} h {:02.0} min",
            (minutes / 60.0).floor(),
            minutes % 60.0
        ),
    }
}
