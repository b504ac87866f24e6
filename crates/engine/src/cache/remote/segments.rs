//! Segments of the index: remembered ones are read from the cache, others are fetched once.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pipe_foundation::sync::lock;
use pipe_foundation::{Digest, durable};

use super::index::{StepIndex, TagIndex};
use super::segment::{Segment, SegmentError};
use super::store::StoreError;
use super::{Notice, Remote};
use crate::cache::CacheError;
use crate::cache::folder;
use crate::cache::items::StepTag;

/// The part of the index with results.
pub const STEPS: &str = "index";
/// How a segment that covers others is called.
const MERGED: &str = "merged-";
/// From so many segments on that nothing covers, whoever pushes covers them: each costs whoever is new a request.
const MANY: usize = 64;
/// So many segments are fetched at once.
const AT_ONCE: usize = 8;

/// The part of the index with the items of a step.
pub fn part_of(tag: StepTag) -> String {
    format!("items/{:08x}", tag.0)
}

impl Remote {
    /// Reads what is remembered of the index, once.
    pub(super) fn load(&self) -> Result<(), CacheError> {
        if self.is_loaded.get().is_some() {
            return Ok(());
        }
        // Two that come at once read it twice.
        let distrusted = self.keys("distrusted.log")?;
        lock(&self.distrusted).extend(distrusted);
        let known = self.remembered(STEPS)?;
        for (name, segment) in self.opened(STEPS, known) {
            lock(&self.steps).add(&name, segment);
        }
        let _ = self.is_loaded.set(());
        Ok(())
    }

    /// Reads the index as it is now, once.
    pub(super) fn refresh(&self) -> Result<(), CacheError> {
        let mut is_fresh = lock(&self.is_fresh);
        if *is_fresh || self.link.is_off() {
            return Ok(());
        }
        let Ok(names) = self.names(STEPS) else {
            return Ok(());
        };
        self.forget_gone(&names)?;
        let is_known = |name: &String| lock(&self.steps).segments.contains(name);
        // The one that covers most comes first: its name has their number.
        for name in names.iter().rev().filter(|name| covers_others(name)) {
            if !is_known(name) {
                self.add_fetched(vec![name.clone()])?;
            }
        }
        let others = names.into_iter();
        self.add_fetched(others.filter(|name| !is_known(name)).collect())?;
        *is_fresh = !self.link.is_off();
        self.is_read.store(*is_fresh, Ordering::Relaxed);
        Ok(())
    }

    /// What it has of the items of a step.
    ///
    /// # Errors
    /// When what is remembered of it in the cache cannot be read.
    pub fn items(&self, tag: StepTag) -> Result<Arc<TagIndex>, CacheError> {
        if let Some(known) = lock(&self.tags).get(&tag) {
            return Ok(known.clone());
        }
        let part = part_of(tag);
        let mut index = TagIndex::default();
        if let Ok(names) = self.names(&part) {
            let mut known = self.remembered(&part)?;
            known.retain(|(name, _)| names.contains(name));
            let is_known = |name: &String| known.iter().any(|(known, _)| known == name);
            let new = names.iter().filter(|name| !is_known(name));
            let new = self.fetched_segments(&part, new.cloned().collect())?;
            known.extend(new);
            for (_, segment) in self.opened(&part, known) {
                index.add(segment);
            }
        }
        let index = Arc::new(index);
        lock(&self.tags).insert(tag, index.clone());
        Ok(index)
    }

    /// Forgets segments that somebody has removed from the store, since nothing says what else is gone.
    fn forget_gone(&self, names: &BTreeSet<String>) -> Result<(), CacheError> {
        let mut known = self.remembered(STEPS)?;
        let (there, gone) = known.drain(..).partition(|(name, _)| names.contains(name));
        let gone: Vec<(String, Vec<u8>)> = gone;
        if gone.is_empty() {
            return Ok(());
        }
        for (name, _) in &gone {
            if self.remembers {
                folder::remove(&*self.system, &self.path_of(STEPS, name))?;
            }
        }
        *lock(&self.steps) = StepIndex::default();
        for (name, segment) in self.opened(STEPS, there) {
            lock(&self.steps).add(&name, segment);
        }
        Ok(())
    }

    fn add_fetched(&self, names: Vec<String>) -> Result<(), CacheError> {
        let fetched = self.fetched_segments(STEPS, names)?;
        for (name, segment) in self.opened(STEPS, fetched) {
            lock(&self.steps).add(&name, segment);
        }
        Ok(())
    }

    /// A segment with everything of the others and how its name begins, if there are many of these that nothing covers.
    pub(super) fn merged(&self) -> Option<(String, Segment)> {
        let steps = lock(&self.steps);
        let open = steps.segments.difference(&steps.covered).count();
        (open >= MANY).then(|| {
            let covers: Vec<String> = steps.segments.iter().cloned().collect();
            (
                format!("{MERGED}{:08}-", covers.len()),
                steps.merged(covers),
            )
        })
    }

    /// Names of the segments of a part, without the name of the part.
    fn names(&self, part: &str) -> Result<BTreeSet<String>, StoreError> {
        let prefix = format!("{part}/");
        let names = self.link.list(&prefix)?.into_iter();
        let own = names.filter_map(|name| Some(name.strip_prefix(&prefix)?.to_owned()));
        Ok(own.filter(|name| digest_in(name).is_some()).collect())
    }

    /// Fetches and remembers segments; those that do not come are left out.
    fn fetched_segments(
        &self,
        part: &str,
        names: Vec<String>,
    ) -> Result<Vec<(String, Vec<u8>)>, CacheError> {
        let fetch = |name: &String| {
            let path = format!("{part}/{name}");
            // What has been damaged on the way may come whole the second time.
            let mut tries = (0..2).map(|_| self.link.get(&path, None));
            let whole = tries.find_map(|got| match got {
                Ok(bytes) if digest_in(name) == Some(Digest::of(&bytes)) => Some(Ok(bytes)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            });
            if let Some(Ok(bytes)) = whole {
                return Some((name.clone(), bytes));
            }
            if self.link.is_usable() {
                self.notice(Notice::Damaged { parts: 1 });
            }
            None
        };
        let mut fetched: Vec<(String, Vec<u8>)> = Vec::new();
        for names in names.chunks(AT_ONCE) {
            std::thread::scope(|scope| {
                let fetch = &fetch;
                let spawn = |name: &'_ String| {
                    let name = name.clone();
                    let thread = std::thread::Builder::new();
                    thread.spawn_scoped(scope, move || fetch(&name)).ok()
                };
                let threads: Vec<_> = names.iter().map(spawn).collect();
                for (thread, name) in threads.into_iter().zip(names) {
                    fetched.extend(match thread {
                        Some(thread) => thread.join().unwrap_or_default(),
                        None => fetch(name),
                    });
                }
            });
        }
        for (name, bytes) in &fetched {
            self.remember(part, name, bytes)?;
        }
        Ok(fetched)
    }

    /// Keeps a segment in the cache, so that it is not fetched again.
    pub(super) fn remember(&self, part: &str, name: &str, bytes: &[u8]) -> Result<(), CacheError> {
        if !self.remembers {
            return Ok(());
        }
        let path = self.path_of(part, name);
        // Its name says whether it is whole, whatever a power cut leaves.
        let placed = durable::place(&*self.system, &path, bytes);
        placed.map_err(|error| CacheError::write(&path, error))
    }

    fn path_of(&self, part: &str, name: &str) -> PathBuf {
        self.folder
            .join(format!("{}-{name}", part.replace('/', "-")))
    }

    /// Segments of a part in the cache that are whole.
    fn remembered(&self, part: &str) -> Result<Vec<(String, Vec<u8>)>, CacheError> {
        let prefix = format!("{}-", part.replace('/', "-"));
        let mut known = Vec::new();
        for path in folder::entries(&*self.system, &self.folder)? {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.and_then(|name| name.strip_prefix(&prefix));
            let Some((name, digest)) = name.and_then(|name| Some((name, digest_in(name)?))) else {
                continue;
            };
            let bytes = self.system.read(&path);
            let bytes = bytes.map_err(|error| CacheError::read(&path, error))?;
            if Digest::of(&bytes) == digest {
                known.push((name.to_owned(), bytes));
            }
        }
        Ok(known)
    }

    /// What is in segments that are trusted, in the order of their names; says how many are not.
    fn opened(&self, part: &str, mut segments: Vec<(String, Vec<u8>)>) -> Vec<(String, Segment)> {
        segments.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut opened = Vec::new();
        let mut refused: Vec<(SegmentError, usize)> = Vec::new();
        for (name, bytes) in segments {
            match Segment::decode(&bytes, part, &*self.options.signatures) {
                Ok(segment) => opened.push((name, segment)),
                Err(error) => match refused.iter_mut().find(|(other, _)| *other == error) {
                    Some((_, count)) => *count += 1,
                    None => refused.push((error, 1)),
                },
            }
        }
        for (error, segments) in refused {
            let reason = error.to_string();
            self.notice(Notice::Refused { segments, reason });
        }
        opened
    }
}

/// Whether a segment of this name covers others.
fn covers_others(name: &str) -> bool {
    name.starts_with(MERGED)
}

/// The digest in the name of a segment.
fn digest_in(name: &str) -> Option<Digest> {
    let digest = match name.strip_prefix(MERGED) {
        Some(rest) => rest.split_once('-')?.1,
        None => name,
    };
    Digest::parse(digest)
}
