//! Why a step has to run, in the words of `pipe why`.

use serde::{Deserialize, Serialize};

use crate::plan::Reason;

/// Why a step has no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Miss {
    /// In one word.
    pub cause: MissCause,
    /// When the run was that the step is compared with, in seconds since 1970.
    pub compared_with_s: Option<u64>,
    /// What differs from it, at most 20.
    pub reasons: Vec<Reason>,
    /// How many more there are.
    pub more_reasons: usize,
    /// Ids of the steps whose results it waits for, where its key depends on them.
    pub after: Vec<String>,
}

/// Why a step has no result, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissCause {
    /// No earlier run that is remembered has done it.
    FirstRun,
    /// Something that it depends on has changed.
    Changed,
    /// A step before it has to run first, and may come to what it was.
    After,
    /// Its result was made and is damaged.
    Damaged,
    /// Its result was made and is not in the cache any more.
    Removed,
    /// Some of its items failed in the run before, in a way that may pass.
    Retry,
    /// The history of the manifest cannot be read.
    Unknown,
}

impl From<MissCause> for Miss {
    fn from(cause: MissCause) -> Self {
        Self {
            cause,
            compared_with_s: None,
            reasons: Vec::new(),
            more_reasons: 0,
            after: Vec::new(),
        }
    }
}
