//! Lists every source of a plan and tells what was left out.

use std::collections::HashMap;
use std::path::Path;

use miette::Report;

use crate::cache::{Cache, FileFacts};
use crate::plan::Plan;
use crate::stage::{Facts, SourceListing, Stage};

/// What the sources list, or why one cannot be listed, by step.
#[derive(Default)]
pub struct Listings {
    /// Listings of the sources that could be listed.
    pub listed: HashMap<usize, SourceListing>,
    /// Errors of those that could not.
    pub failed: HashMap<usize, Report>,
}

/// Lists all sources.
pub fn list_sources(plan: &Plan, cache: &Cache) -> Listings {
    let mut listings = Listings::default();
    for (index, step) in plan.steps.iter().enumerate() {
        if let Stage::Source(stage) = &step.stage {
            match stage.list(&cache.files) {
                Ok(listing) => {
                    listings.listed.insert(index, listing);
                }
                Err(error) => {
                    listings.failed.insert(index, error);
                }
            }
        }
    }
    listings
}

impl Facts for crate::cache::FileMemory {
    fn facts(&self, path: &Path) -> std::io::Result<FileFacts> {
        self.facts(path, || {
            crate::audio::probe(path).map_or(0.0, |info| info.duration_s())
        })
    }
}
