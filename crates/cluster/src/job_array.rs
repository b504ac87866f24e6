//! Arrays of jobs: like tasks that are submitted in one go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::work::{Resources, Share};

/// What one task does: a unit of work, or a share of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// The unit.
    pub unit: usize,
    /// The share of its items; all of the unit without one.
    pub share: Option<Share>,
}

/// An array of jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobArray {
    /// What it does, for people.
    pub title: String,
    /// By its number, what each task does, one piece after another.
    pub tasks: BTreeMap<u32, Vec<Piece>>,
    /// What it waits for.
    pub after: Vec<Dependency>,
    /// What each task asks for.
    pub resources: Resources,
}

/// An array that another one waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dependency {
    /// The number of the array that is waited for.
    pub array: usize,
    /// How.
    pub kind: DependencyKind,
}

/// How an array waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyKind {
    /// Until all its tasks have ended well; if one has not, never.
    AfterOk,
    /// Each task until that of the same number has ended well.
    AfterCorresponding,
    /// Until all its tasks have ended, in whatever way.
    AfterAny,
}
