//! Who hears of a run in progress; terminals and `--json` are observers.

use std::sync::Arc;

use pipe_foundation::progress::{Progress, WorkReport};

use super::event::Event;
use super::stage_event::StageEvent;

/// Receives the events of a run.
pub trait Observer: Sync + Send {
    /// One thing happened.
    fn event(&self, _event: &Event) {}
    /// A step failed; `report` is the full diagnostic.
    fn failure(&self, _step: &str, _report: &miette::Report) {}
    /// Whether the user has asked to stop.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Takes no notice of anything.
pub struct Silent;

impl Observer for Silent {}

/// The progress of one step, passed to an observer.
pub struct StepProgress<'a> {
    /// The step's id.
    pub step: &'a str,
    /// Who hears it.
    pub observer: &'a dyn Observer,
}

impl Progress for StepProgress<'_> {
    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }

    fn advance(&self, done: u64, total: u64) {
        self.observer.event(&Event::StepProgress {
            step: self.step.into(),
            done,
            total,
        });
    }

    fn report(&self, report: Arc<dyn WorkReport>) {
        self.report_of(self.step, report);
    }

    fn report_of(&self, step: &str, report: Arc<dyn WorkReport>) {
        let event = StageEvent::new(step, report);
        self.observer.event(&Event::Stage(event));
    }

    fn damaged(&self, items: usize) {
        self.observer.event(&Event::ItemsDamaged {
            step: self.step.into(),
            items,
        });
    }

    fn warn(&self, message: &str) {
        self.warn_of(self.step, message);
    }

    fn warn_of(&self, step: &str, message: &str) {
        self.observer.event(&Event::Warning {
            step: step.into(),
            message: message.into(),
        });
    }
}

/// The progress of a group of steps, as one of them reports it.
pub struct MemberProgress<'a> {
    /// The step's id.
    pub step: &'a str,
    /// That of the group.
    pub group: &'a dyn Progress,
}

impl Progress for MemberProgress<'_> {
    fn interrupted(&self) -> bool {
        self.group.interrupted()
    }

    fn advance(&self, done: u64, total: u64) {
        self.group.advance(done, total);
    }

    fn report(&self, report: Arc<dyn WorkReport>) {
        self.group.report_of(self.step, report);
    }

    fn damaged(&self, items: usize) {
        self.group.damaged(items);
    }

    fn warn(&self, message: &str) {
        self.group.warn_of(self.step, message);
    }
}
