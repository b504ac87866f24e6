//! How the items of a group are walked over.

use std::collections::HashSet;
use std::path::Path;

use pipe_foundation::Digest;
use pipe_foundation::progress::{Progress, Silent};

use crate::exec::allotment::Allotment;
use crate::exec::limit::PastLimit;
use crate::exec::selection::ItemShare;

/// How the items of a group are walked over.
pub(super) struct WalkOptions<'w> {
    /// Digests of items that are not what they should be, and are made again.
    pub(super) distrusted: HashSet<Digest>,
    /// The folder for work in progress.
    pub(super) scratch: &'w Path,
    /// Who is told, and asked whether to stop.
    pub(super) progress: &'w dyn Progress,
    /// What becomes of steps with too many bad items.
    pub(super) past: PastLimit,
    /// What it may use; nothing is computed without.
    pub(super) lent: Option<&'w Allotment>,
    /// The share of the items; all of them without one.
    pub(super) share: Option<ItemShare>,
}

impl WalkOptions<'_> {
    /// Of a walk that computes nothing: it finds what is known.
    pub(super) fn dry() -> Self {
        Self {
            distrusted: HashSet::new(),
            scratch: Path::new(""),
            progress: &Silent,
            past: PastLimit::Ignore,
            lent: None,
            share: None,
        }
    }
}
