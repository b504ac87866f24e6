//! A run that keeps its decisions: what happens goes to the observer and into the log of the run.

use std::time::Instant;

use miette::Report;

use crate::cache::RunLog;

use super::event::Event;
use super::observer::Observer;

/// Passes everything on to an observer, and decisions to the log of the run too.
pub struct Recorded<'a> {
    observer: &'a dyn Observer,
    log: &'a RunLog<'a>,
    started: Instant,
}

impl<'a> Recorded<'a> {
    /// Of a run that began at `started`.
    pub fn new(observer: &'a dyn Observer, log: &'a RunLog<'a>, started: Instant) -> Self {
        Self {
            observer,
            log,
            started,
        }
    }
}

impl Observer for Recorded<'_> {
    fn event(&self, event: &Event) {
        if event.is_decision() {
            let at_s = self.started.elapsed().as_secs_f64();
            self.log.decided(&event.line(at_s));
        }
        self.observer.event(event);
    }

    fn failure(&self, step: &str, report: &Report) {
        self.observer.failure(step, report);
    }

    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }
}
