//! Lists every source of a plan and tells what was left out.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use miette::Report;
use pipe_foundation::machine_fault::is_machine_fault;
use pipe_speech::audio::AudioError;

use crate::cache::{Cache, FileInfo, StatCache};
use crate::plan::Plan;
use crate::stage::{FileInfos, SourceListing, Stage};

use super::walk::internal_error;

/// What the sources list, or why one cannot be listed, by step.
#[derive(Default)]
pub struct Listings {
    /// Listings of the sources that could be listed.
    pub listed: HashMap<usize, SourceListing>,
    /// Errors of those that could not.
    pub failed: HashMap<usize, Report>,
}

/// The memory of files until the user asks to stop: a large corpus takes long to read for the first time.
struct InterruptibleFiles<'a> {
    memory: &'a StatCache,
    interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl FileInfos for InterruptibleFiles<'_> {
    fn info(&self, path: &Path) -> std::io::Result<FileInfo> {
        if (self.interrupted)() {
            return Err(std::io::Error::other("interrupted"));
        }
        FileInfos::info(self.memory, path)
    }
}

/// Lists all sources. Once `interrupted`, nothing that it lists is complete.
pub fn list_sources(
    plan: &Plan,
    cache: &Cache,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Listings {
    let facts = InterruptibleFiles {
        memory: &cache.files,
        interrupted,
    };
    let mut listings = Listings::default();
    for (index, step) in plan.steps.iter().enumerate() {
        if let Stage::Source(stage) = &step.stage {
            let listed = catch_unwind(AssertUnwindSafe(|| stage.list(&facts)))
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

impl FileInfos for StatCache {
    fn info(&self, path: &Path) -> std::io::Result<FileInfo> {
        self.info(path, || match pipe_speech::audio::probe(path) {
            Ok(info) => Ok(info.duration_s()),
            // The splits depend on the lengths, so a file must not seem short because it could not be opened.
            Err(AudioError::Io { source, .. }) if is_machine_fault(&source) => Err(source),
            // What is wrong with the file itself is told when its samples are read.
            Err(_) => Ok(0.0),
        })
    }
}
