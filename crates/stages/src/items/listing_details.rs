//! What a report says of a source besides its items: corpora, checks for leaks, and what was left out.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use pipe_engine::stage::SourceListing;
use pipe_report::{CorpusFacts, LeakCheck, PartitionFacts};
use pipe_speech::corpus::Dropped;

use super::{Composition, Heard};

/// What an `ingest` found out when it listed its corpora.
#[derive(Clone, Debug, Default)]
pub struct ListingDetails {
    /// The corpora it read, without counts.
    pub corpora: Vec<CorpusFacts>,
    /// What it checked for leaks between its splits.
    pub leak_checks: Vec<LeakCheck>,
    /// The kinds of leaks that it puts up with, as `leaks` names them.
    pub allowed_leaks: Vec<&'static str>,
    /// What its splits were not to cut, besides speakers.
    pub groups: Vec<String>,
    /// What was left out, with the corpus in front, and why.
    pub dropped: Vec<Dropped>,
    /// The published partition that it follows.
    pub partition: Option<PartitionFacts>,
    /// Files besides those of its utterances without which its corpora would be listed otherwise, with the names of these.
    pub needed: BTreeSet<(String, PathBuf)>,
    /// What its items are, counted.
    pub composition: Composition,
    /// Who and what is heard in its items.
    pub heard: Heard,
}

/// The details of a listing of utterances.
pub fn details(listing: &SourceListing) -> Option<Arc<ListingDetails>> {
    listing.details.clone()?.downcast().ok()
}
