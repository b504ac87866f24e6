//! A remote cache: an object store that several caches push results to and pull them from.
//!
//! | in the store | what |
//! |---|---|
//! | `packs/<digest>` | bytes of files and items, one after another |
//! | `index/<digest>` | a segment: results with their records, and where in the packs their files are |
//! | `index/merged-<number>-<digest>` | one that holds everything of so many others, which it names |
//! | `items/<tag>/<digest>` | a segment with items of one step, by the tag that they have in `items.log` |
//!
//! Nothing is ever changed or removed, and every object is named after the digest of its bytes, so that two that push at
//! once cannot disturb each other. Packs come before the segments that name them, and items before the results that
//! count them. Whoever pulls checks every part by its digest, and every result by the key of its own fingerprint.
//!
//! | in the cache, below `remote/<digest of the address>/` | what |
//! |---|---|
//! | `<part of the index>-<digest>` | segments that were read, so that they are fetched once |
//! | `pushed.log` | keys of results that are there |
//! | `distrusted.log` | keys of results that did not hold here, and are not fetched again |
//!
//! Trouble with the store never fails anything: whatever does not come counts as missing.

mod content;
mod fetch;
mod index;
mod link;
mod memory_store;
mod notice;
mod pack;
mod push;
mod pusher;
mod reads;
mod segment;
mod segments;
mod signatures;
mod store;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_foundation::system::System;

pub use index::{RemoteItem, TagIndex};
pub use memory_store::MemoryStore;
pub use notice::{Notice, Transfer};
pub use pusher::{ItemsOffered, Offer};
pub use reads::{At, Part, Take};
pub use signatures::{Distrust, NoSignatures, Signatures};
pub use store::{Patience, RemoteStore, StoreError};

use self::index::StepIndex;
use self::link::Link;
use self::pusher::Pusher;
use super::CacheError;
use super::interruption::Interruption;
use super::items::StepTag;
use super::log::Log;
use super::objects::Objects;
use super::packs::PackReader;
use super::records::{Records, StepRecord};

/// How a remote cache is used.
#[derive(Debug)]
pub struct RemoteOptions {
    /// Whether results are fetched.
    pub pulls: bool,
    /// Whether results are sent.
    pub pushes: bool,
    /// How long requests may go on failing before the remote cache is given up.
    pub patience: Duration,
    /// Who vouches for what is there.
    pub signatures: Box<dyn Signatures>,
}

/// The remote cache of a cache.
#[derive(Debug)]
pub struct Remote {
    link: Link,
    options: RemoteOptions,
    system: Arc<dyn System>,
    /// Where segments are remembered, and whether that may be written.
    folder: PathBuf,
    remembers: bool,
    steps: Mutex<StepIndex>,
    /// Whether the index has been read as it is now.
    is_fresh: Mutex<bool>,
    /// As `is_fresh`, for whoever does not wait until somebody else has read it.
    is_read: AtomicBool,
    /// Whether nobody who looks up a result waits until the index is read.
    only_known: AtomicBool,
    is_loaded: OnceLock<()>,
    tags: Mutex<HashMap<StepTag, Arc<TagIndex>>>,
    distrusted: Mutex<HashSet<Digest>>,
    notices: Mutex<Vec<Notice>>,
    fetched: Mutex<HashSet<Digest>>,
    /// The cache, for the thread that pushes.
    local: Local,
    pusher: Mutex<Option<Pusher>>,
    /// Why something was not sent.
    not_sent: Mutex<Option<String>>,
    /// What had been sent when this was first asked for.
    taken: OnceLock<HashSet<Digest>>,
}

/// The folders of a cache, for its remote one.
pub(super) struct Place<'a> {
    /// The system that it is kept on.
    pub system: Arc<dyn System>,
    /// Where what is made goes.
    pub own: &'a Path,
    /// What is looked at besides.
    pub base: Option<&'a Path>,
    /// Whether anything may be written.
    pub writes: bool,
    /// Whether reading and waiting should end.
    pub interruption: Interruption,
}

/// What is read of the cache to be pushed.
#[derive(Debug)]
struct Local {
    objects: Objects,
    packs: PackReader,
    records: Records,
}

impl Remote {
    /// The one in `store`, of the cache at `place`.
    pub(super) fn new(
        store: Arc<dyn RemoteStore>,
        options: RemoteOptions,
        place: &Place<'_>,
    ) -> Self {
        let on = || place.system.clone();
        let beside = |name: &str| place.base.map(|base| base.join(name));
        let stop = || place.interruption.clone();
        let url = Digest::of(store.url().as_bytes()).short();
        let own = place.own;
        Self {
            folder: own.join("remote").join(url),
            remembers: place.writes,
            local: Local {
                objects: Objects::new(on(), own.join("objects"), beside("objects"), stop()),
                packs: PackReader::new(on(), own.join("packs"), beside("packs"), stop()),
                records: Records::new(on(), own.join("steps"), beside("steps")),
            },
            link: Link::new(store, on(), stop(), options.patience),
            options,
            system: on(),
            steps: Mutex::default(),
            is_fresh: Mutex::default(),
            is_read: AtomicBool::new(false),
            only_known: AtomicBool::new(false),
            is_loaded: OnceLock::new(),
            tags: Mutex::default(),
            distrusted: Mutex::default(),
            notices: Mutex::default(),
            fetched: Mutex::default(),
            pusher: Mutex::default(),
            not_sent: Mutex::default(),
            taken: OnceLock::new(),
        }
    }

    /// Where it is, for people.
    pub fn url(&self) -> &str {
        self.link.url()
    }

    /// Whether results are fetched from it.
    pub fn pulls(&self) -> bool {
        self.options.pulls && !self.link.is_off()
    }

    /// Whether results are sent to it.
    pub fn pushes(&self) -> bool {
        self.options.pushes && !self.link.is_off()
    }

    /// Why it is not used any more; none while it is.
    pub fn off(&self) -> Option<String> {
        self.link.off()
    }

    /// Requests so far, with those that were tried again.
    pub fn requests(&self) -> u64 {
        (self.link.counts.requests).load(Ordering::Relaxed)
    }

    /// What has happened since the last call.
    pub fn take_notices(&self) -> Vec<Notice> {
        let mut notices = std::mem::take(&mut *lock(&self.notices));
        if let Some(reason) = self.link.take_off() {
            notices.push(Notice::Off { reason });
        }
        notices
    }

    pub(super) fn notice(&self, notice: Notice) {
        let mut notices = lock(&self.notices);
        // Results of items come one by one, and so do damaged parts.
        match (&notice, notices.last_mut()) {
            (Notice::Fetched(more), Some(Notice::Fetched(known))) => {
                known.results += more.results;
                known.items += more.items;
                known.bytes += more.bytes;
            }
            (Notice::Damaged { parts: more }, Some(Notice::Damaged { parts })) => *parts += more,
            _ => notices.push(notice),
        }
    }

    /// The result under `key` that it has, if anybody who is trusted says so.
    ///
    /// # Errors
    /// When what is remembered of it in the cache cannot be read.
    pub fn record(&self, key: &Digest) -> Result<Option<Arc<StepRecord>>, CacheError> {
        self.load()?;
        if lock(&self.distrusted).contains(key) {
            return Ok(None);
        }
        let known = || lock(&self.steps).record(key).cloned();
        match known() {
            Some(record) => Ok(Some(record)),
            None if self.only_known.load(Ordering::Relaxed) => Ok(None),
            None => {
                self.refresh()?;
                Ok(known())
            }
        }
    }

    /// Has [`Remote::record`] say what is known by now, or else wait until the index is read.
    pub fn set_only_known(&self, only_known: bool) {
        self.only_known.store(only_known, Ordering::Relaxed);
    }

    /// Whether the index has been read as it is now, or will not be.
    pub fn is_index_read(&self) -> bool {
        self.is_read.load(Ordering::Relaxed) || self.link.is_off()
    }

    /// Reads the index as it is now, unless that has been done.
    ///
    /// # Errors
    /// When what is remembered of it in the cache cannot be read.
    pub fn read_index(&self) -> Result<(), CacheError> {
        self.load()?;
        self.refresh()
    }

    /// A result that came from it did not hold: it is not fetched again.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn distrust(&self, key: &Digest) -> Result<(), CacheError> {
        let is_new = lock(&self.distrusted).insert(*key);
        match is_new {
            true => self.note("distrusted.log", &[*key]),
            false => Ok(()),
        }
    }

    /// The result under `key` would come from it.
    pub(super) fn would_give(&self, key: &Digest) {
        lock(&self.fetched).insert(*key);
    }

    /// Whether the result under `key` came from it during this run, or would come.
    pub fn has_given(&self, key: &Digest) -> bool {
        lock(&self.fetched).contains(key)
    }

    fn log(&self, name: &str) -> Log {
        Log::on(self.system.clone(), self.folder.join(name))
    }

    /// Adds keys to one of its logs.
    fn note(&self, name: &str, keys: &[Digest]) -> Result<(), CacheError> {
        if !self.remembers {
            return Ok(());
        }
        let made = self.system.create_folders(&self.folder);
        made.map_err(|error| CacheError::write(&self.folder, error))?;
        self.log(name)
            .append(keys.iter().map(|key| key.0.as_slice()))
    }

    /// The keys in one of its logs.
    fn keys(&self, name: &str) -> Result<HashSet<Digest>, CacheError> {
        let mut keys = HashSet::new();
        self.log(name).read(|payload| {
            if let Ok(key) = payload.try_into() {
                keys.insert(Digest(key));
            }
        })?;
        Ok(keys)
    }
}
