//! The events of a run in progress; `docs/events.md` describes them for programs that read them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::artifact::BadItem;
use crate::cache::Holder;

use super::miss::Miss;
use super::stage_event::StageEvent;

/// The version of the form of all events. It is raised when one is removed or renamed, when a field of one is removed,
/// renamed or changes its meaning, and when a value that a field may have is renamed; not for new events, fields and
/// values, which readers are to pass over.
pub const SCHEMA_VERSION: u32 = 1;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its result was in the cache.
    Hit,
    /// It ran.
    Executed,
    /// It ran and failed.
    Failed,
    /// It did not run because a step before it failed, the run was interrupted, or it is not what the run was about.
    Skipped,
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins; always the first event.
    RunStarted {
        /// [`SCHEMA_VERSION`].
        schema_version: u32,
        /// Version of the program.
        pipe_version: String,
        /// Name of the manifest.
        manifest: String,
        /// Ids of all steps.
        steps: Vec<String>,
    },
    /// A source left items out.
    ItemsLeftOut {
        /// The step's id.
        step: String,
        /// How many.
        items: usize,
        /// How many for each cause, where the domain knows.
        causes: BTreeMap<String, usize>,
    },
    /// A step has no result in the cache and has to run; that of a step with one is found in its
    /// [`Event::StepFinished`].
    StepMissed {
        /// Its id.
        step: String,
        /// Its key, if that is known before the steps before it are done.
        key: Option<String>,
        /// Why.
        #[serde(flatten)]
        miss: Miss,
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
        /// The process of that run; none where it is on another machine, or is not shown to this one.
        process: Option<u32>,
        /// Who does that run on another machine, such as `process 4711 of anna on node7, since 14:05 UTC`.
        #[serde(default)]
        by: Option<String>,
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
        /// False for a failure that may pass: the next run tries again.
        permanent: bool,
    },
    /// Items that failed in the run before, in a way that may pass, are tried again.
    ItemsRetried {
        /// The step's id.
        step: String,
        /// How many.
        items: usize,
        /// The ids of the first of them, at most 20.
        ids: Vec<String>,
    },
    /// Stored items are not what they were, and are made again.
    ItemsDamaged {
        /// The id of the step that noticed, or of the first of its group.
        step: String,
        /// How many.
        items: usize,
    },
    /// A result is not used any more, and is made again if it is needed: a file of it is damaged or gone, or it was made
    /// from a damaged one.
    ResultDamaged {
        /// The id of the step when it ran.
        step: String,
        /// Its key.
        key: String,
        /// The file that is damaged or gone, which may be the record in the cache; none for a result that was made from
        /// a damaged one.
        file: Option<String>,
        /// True where the file is not there any more.
        #[serde(default)]
        gone: bool,
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
        /// True where its result came from the remote cache in this run.
        #[serde(default)]
        fetched: bool,
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
    /// The remote cache is not used any more in this run; a warning says so too.
    RemoteOff {
        /// Where it is.
        url: String,
        /// Why.
        reason: String,
    },
    /// Parts of the index of the remote cache are not used; a warning says so too.
    RemoteRefused {
        /// Where it is.
        url: String,
        /// How many.
        segments: usize,
        /// Why.
        reason: String,
    },
    /// Parts of the remote cache did not come, or not as its index says they are; a warning says so too.
    RemoteDamaged {
        /// Where it is.
        url: String,
        /// How many.
        parts: usize,
    },
    /// Results or items came from the remote cache.
    RemoteFetched {
        /// Where it is.
        url: String,
        /// Results of steps.
        results: usize,
        /// Items.
        items: usize,
        /// Bytes of their content.
        bytes: u64,
    },
    /// Results or items went to the remote cache.
    RemotePushed {
        /// Where it is.
        url: String,
        /// Results of steps.
        results: usize,
        /// Items.
        items: usize,
        /// Bytes of their content.
        bytes: u64,
    },
    /// The run has ended; always the last event.
    RunFinished {
        /// Steps by how they ended.
        steps: StepCounts,
        /// Items over all steps.
        items: ItemCounts,
        /// Results that were found damaged or gone, or were made from such.
        #[serde(default)]
        damaged: usize,
        /// Steps with results that are not where people look for them, because something else is in their place.
        #[serde(default)]
        blocked: usize,
        /// Steps that ran and whose results are nowhere, because neither the cache nor their folder can be written.
        #[serde(default)]
        lost: usize,
        /// Seconds from the start.
        seconds: f64,
        /// True when the user stopped it.
        interrupted: bool,
    },
    /// The stage of a step reports something in words of its own. An event that is not one of these is read as such a
    /// report.
    #[serde(untagged)]
    Stage(StageEvent),
}

impl Event {
    /// That a step waits for the run of `holder`.
    pub fn waiting(step: &str, holder: &Holder) -> Self {
        let is_elsewhere = holder.host.is_some();
        Self::StepWaiting {
            step: step.into(),
            process: holder.process.filter(|_| !is_elsewhere),
            by: is_elsewhere.then(|| holder.to_string()),
        }
    }

    /// False for what only says how far the work is: the log of a run leaves it out.
    pub fn is_decision(&self) -> bool {
        match self {
            Self::StepProgress { .. } => false,
            Self::Stage(event) => event.is_decision(),
            _ => true,
        }
    }

    /// The event as a line of JSON, without the line break; `at_s` is the time since the start of the run in seconds.
    pub fn line(&self, at_s: f64) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            event: &'a Event,
            at_s: f64,
        }
        // To the microsecond: more digits only take room.
        let at_s = (at_s * 1e6).round() / 1e6;
        let line = Line { event: self, at_s };
        // Only maps whose keys are no text cannot be written, and there are none.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// Steps by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepCounts {
    /// Steps that ran.
    pub executed: usize,
    /// Steps whose result was in the cache.
    pub hit: usize,
    /// Those of them whose result came from the remote cache in this run.
    #[serde(default)]
    pub fetched: usize,
    /// Steps that failed.
    pub failed: usize,
    /// Steps that could not run.
    pub skipped: usize,
}

/// Items over all steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
