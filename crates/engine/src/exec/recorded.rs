//! A run that keeps its decisions: what happens goes to the observer and into the log of the run.

use std::time::Duration;

use miette::Report;

use pipe_foundation::system::System;

use crate::cache::RunLog;

use super::event::Event;
use super::observer::Observer;

/// Passes everything on to an observer, and decisions to the log of the run too.
pub struct Recorded<'a> {
    observer: &'a dyn Observer,
    log: &'a RunLog<'a>,
    system: &'a dyn System,
    started: Duration,
}

impl<'a> Recorded<'a> {
    /// Of a run that began at `started`, by [`System::uptime`].
    pub fn new(
        observer: &'a dyn Observer,
        log: &'a RunLog<'a>,
        system: &'a dyn System,
        started: Duration,
    ) -> Self {
        Self {
            observer,
            log,
            system,
            started,
        }
    }
}

impl Observer for Recorded<'_> {
    fn event(&self, event: &Event) {
        if event.is_decision() {
            let at_s = (self.system.uptime() - self.started).as_secs_f64();
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
