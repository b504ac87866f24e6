//! Lists every source of a plan.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use miette::Report;
use pipe_foundation::Digest;

use crate::cache::{Cache, FileInfo, Measure, StatCache};
use crate::plan::Plan;
use crate::stage::{FileInfos, SourceListing, Stage};

use super::internal_error::internal_error;

/// What the sources list, or why one cannot be listed, by step.
#[derive(Default)]
pub struct Listings {
    /// Listings of the sources that could be listed.
    pub listed: HashMap<usize, SourceListing>,
    /// Errors of those that could not.
    pub failed: HashMap<usize, Report>,
}

/// The stat cache until the user asks to stop: many files take long to read for the first time.
struct InterruptibleFiles<'a> {
    stat_cache: &'a StatCache,
    interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl FileInfos for InterruptibleFiles<'_> {
    fn digest(&self, path: &Path) -> std::io::Result<Digest> {
        self.check()?;
        self.stat_cache.digest_unless(path, &self.interrupted)
    }

    fn measured(&self, path: &Path, measure: Measure<'_>) -> std::io::Result<FileInfo> {
        self.check()?;
        self.stat_cache
            .measured_unless(path, measure, &self.interrupted)
    }

    fn measured_again(&self, path: &Path, measure: Measure<'_>) -> std::io::Result<FileInfo> {
        self.check()?;
        self.stat_cache
            .measured_again(path, measure, &self.interrupted)
    }
}

/// Lists all sources that are `wanted`. Once `interrupted`, nothing that it lists is complete.
pub fn list_sources(
    plan: &Plan,
    cache: &Cache,
    wanted: impl Fn(usize) -> bool,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Listings {
    let files = InterruptibleFiles {
        stat_cache: &cache.files,
        interrupted,
    };
    let mut listings = Listings::default();
    for (index, step) in plan.steps.iter().enumerate() {
        if let Stage::Source(stage) = &step.stage
            && wanted(index)
        {
            let listed = catch_unwind(AssertUnwindSafe(|| stage.list(&files)))
                .unwrap_or_else(|panic| Err(internal_error(&*panic)));
            match listed {
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

impl InterruptibleFiles<'_> {
    fn check(&self) -> std::io::Result<()> {
        match (self.interrupted)() {
            true => Err(std::io::Error::other("interrupted")),
            false => Ok(()),
        }
    }
}

impl FileInfos for StatCache {
    fn digest(&self, path: &Path) -> std::io::Result<Digest> {
        self.digest(path)
    }

    fn measured(&self, path: &Path, measure: Measure<'_>) -> std::io::Result<FileInfo> {
        StatCache::measured(self, path, measure)
    }

    fn measured_again(&self, path: &Path, measure: Measure<'_>) -> std::io::Result<FileInfo> {
        StatCache::measured_again(self, path, measure, &|| false)
    }
}
