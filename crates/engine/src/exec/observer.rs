//! The events of a run in progress; terminals and `--json` are observers.

use pipe_foundation::progress::{EpochReport, Scalars};
use serde::Serialize;

use crate::artifact::BadItem;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its result was in the cache.
    Hit,
    /// It ran.
    Executed,
    /// It ran and failed.
    Failed,
    /// It did not run because a step before it failed, or the run was interrupted.
    Skipped,
}

/// One event of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// Name of the manifest.
        manifest: String,
        /// Ids of all steps.
        steps: Vec<String>,
    },
    /// A step begins to work.
    StepStarted {
        /// Its id.
        step: String,
    },
    /// A step waits for another run that works on the same.
    StepWaiting {
        /// Its id.
        step: String,
    },
    /// A step is partly done.
    StepProgress {
        /// Its id.
        step: String,
        /// Units done.
        done: u64,
        /// Units in all.
        total: u64,
    },
    /// A training continues after epochs that an earlier run did.
    TrainingResumed {
        /// The step's id.
        step: String,
        /// How many they are.
        epochs: usize,
        /// What was measured in each.
        #[serde(skip)]
        scalars: Vec<Scalars>,
    },
    /// An epoch of training has ended.
    Epoch {
        /// The step's id.
        step: String,
        /// Loss, accuracy, time.
        #[serde(flatten)]
        report: EpochReport,
    },
    /// Something a person should read.
    Warning {
        /// The step's id.
        step: String,
        /// The text.
        message: String,
    },
    /// An item was set aside.
    ItemBad {
        /// The step's id.
        step: String,
        /// Which, and why.
        #[serde(flatten)]
        item: BadItem,
    },
    /// A step has ended.
    StepFinished {
        /// Its id.
        step: String,
        /// How.
        status: Status,
        /// Its key, once it is known.
        key: Option<String>,
        /// Seconds it worked.
        seconds: f64,
        /// Items computed now.
        computed: usize,
        /// Items taken from the cache.
        reused: usize,
        /// Items set aside.
        bad: usize,
    },
    /// A step has failed.
    StepFailed {
        /// Its id.
        step: String,
        /// What went wrong, with its causes.
        error: String,
        /// The stable code of the error.
        code: Option<String>,
        /// What to do.
        help: Option<String>,
    },
    /// The run has ended; always the last event.
    RunFinished {
        /// Steps by how they ended.
        steps: StepCounts,
        /// Items over all steps.
        items: ItemCounts,
        /// Seconds from the start.
        seconds: f64,
    },
}

/// Steps by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepCounts {
    /// Steps that ran.
    pub executed: usize,
    /// Steps whose result was in the cache.
    pub hit: usize,
    /// Steps that failed.
    pub failed: usize,
    /// Steps that could not run.
    pub skipped: usize,
}

/// Items over all steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ItemCounts {
    /// Computed in this run.
    pub computed: usize,
    /// Taken from the cache.
    pub reused: usize,
    /// Set aside by a step that could not make them.
    pub bad: usize,
    /// Left out by the sources; `dropped.tsv` says which, and why.
    pub left_out: usize,
}

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

impl pipe_foundation::progress::Progress for StepProgress<'_> {
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

    fn resumed(&self, epochs: &[Scalars]) {
        self.observer.event(&Event::TrainingResumed {
            step: self.step.into(),
            epochs: epochs.len(),
            scalars: epochs.to_vec(),
        });
    }

    fn epoch(&self, report: &EpochReport) {
        self.observer.event(&Event::Epoch {
            step: self.step.into(),
            report: report.clone(),
        });
    }

    fn warn(&self, message: &str) {
        self.observer.event(&Event::Warning {
            step: self.step.into(),
            message: message.into(),
        });
    }
}
