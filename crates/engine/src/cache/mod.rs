//! The cache: everything that grows, in one folder, safe to kill, share and delete.
//!
//! | on disk | what |
//! |---|---|
//! | `VERSION` | the format |
//! | `steps/<key>.json` | a record per finished step, written last |
//! | `objects/<2 digits>/<digest>` | files of whole results, read-only |
//! | `items.log` | item key to digest and place, or to the reason for having none |
//! | `packs/<number>.pack` | bytes of items, each a safetensors document at a multiple of 64 bytes; a long item has a pack of its own |
//! | `files.log` | what was last seen of files outside: size, times, inode, digest, and whether these can be trusted |
//! | `findings.log` | what was found out about contents, by a digest of content and question; pruned as a whole |
//! | `listings/<manifest>-<step>.log` | what sources listed, as changes |
//! | `runs/<manifest>/<n>.json` | which keys the steps of a run had, what failed, when it was |
//! | `runs/<manifest>/<n>.log` | what that run decided, as lines of JSON, each after its checksum: see `docs/events.md` |
//! | `manifests/<manifest>.json` | which file has the name of a manifest; `/` in names is written `%2F` here and above |
//! | `pins/<manifest>:<n>.json` | runs that stay with their results until they are unpinned |
//! | `lock-files/<digest>.json` | lock files that are not beside their manifests |
//! | `published/<digest>.json` | what runs of a manifest put into a folder for people, under the digest of their paths |
//! | `remote/<digest>/` | what is known of a remote cache: see `remote/mod.rs` |
//! | `unfinished/<key>/` | what a running step needs to continue after a kill, such as the checkpoint of a training; under its key but for the device; removed when it is published |
//! | `checkpoints/<key>/` | the last checkpoint of a finished training, under the key of all it depends on but the device and when to stop; more epochs continue from it |
//! | `jobs/<id>/` | a run that was handed to a cluster: its jobs, their logs and what became of them |
//! | `locks/`, `tmp/` | locks that die with their process, with a line on who holds them; work in progress |
//! | `LEASES`, `leases/` | that the locks of the file system do not reach all hosts, and the leases that stand in for them |
//!
//! What is looked for is whole, or damaged, or absent; or it cannot be read, which is always an error and never one of
//! the others: a disk that fails for a moment, or a permission that is missing, must not cause anything to be
//! recomputed or removed. Damaged and absent things are made again by the run that needs them.

mod access;
mod checkpoint_key;
mod damaged_results;
mod durability;
mod error;
mod stat_cache;
mod step_results;
mod syncer;
mod taken_over;
mod findings;
mod folder;
mod format;
mod interruption;
pub mod items;
mod listings;
mod lease;
mod lock;
mod lock_files;
mod lock_holder;
mod lock_reach;
pub mod log;
mod lookup;
mod lost_result;
mod names;
mod objects;
mod opening;
mod own_pack;
mod packs;
mod pins;
mod prune;
mod published;
mod records;
mod remote_results;
pub mod remote;
mod run_decisions;
mod run_file;
mod run_history;
mod run_log;
mod run_record;
mod runs;
mod scratch;
mod checksummed;
mod unfinished;
mod usage;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::Access;
pub use checkpoint_key::{checkpoint_key, final_checkpoint_key};
pub use checksummed::Stored;
pub use damaged_results::DamagedResult;
pub use error::CacheError;
use findings::Findings;
pub use interruption::Interruption;
pub use listings::{Listing, ListingHistory};
pub use lock::Lock;
pub use lock_holder::Holder;
pub use lock_reach::LockReach;
pub use lookup::{Lookup, Reservation};
pub use lost_result::{Lost, LostFile};
pub use objects::Objects;
pub use opening::why_not_writable;
pub use own_pack::OwnPack;
pub use packs::{PackPart, PackReader, PackWriter};
pub use pins::Pin;
use pipe_foundation::system::System;
use pipe_foundation::{Digest, durable};
pub use prune::{Collected, GcOptions, PruneOptions, Pruned, gc, prune};
pub use published::{Publication, Published, PublishedFile, PublishedFolder, PublishedPart};
pub use records::{Records, StepOutput, StepRecord};
pub use run_history::RunHistory;
pub use run_log::RunLog;
pub use run_record::{Ending, Run, RunRecord};
pub use runs::Runs;
pub use scratch::Scratch;
use stat_cache::StatCacheOptions;
pub use stat_cache::{FileInfo, Measure, StatCache};
use syncer::Syncer;
pub use usage::{Usage, usage};
pub use verify::{Verified, VerifyOptions, verify};

/// An opened cache folder.
pub struct Cache {
    /// The system that it is kept on.
    pub system: Arc<dyn System>,
    /// Its folder.
    pub root: PathBuf,
    access: Access,
    version_was_damaged: bool,
    why_leases: Option<String>,
    /// Whether reading of long files should end.
    pub interruption: Interruption,
    /// Files outside, as last seen.
    pub files: StatCache,
    /// What was found out about contents.
    pub(crate) findings: Findings,
    syncer: Syncer,
    /// Files of whole results.
    pub objects: Objects,
    /// Records of finished steps.
    pub records: Records,
    /// Earlier runs.
    pub runs: Runs,
    /// What is in folders for people.
    pub published: Published,
    /// Bytes of items.
    pub packs: PackReader,
    /// The cache that results are also fetched from and sent to.
    pub remote: Option<Arc<remote::Remote>>,
}

impl Cache {
    fn at(
        system: Arc<dyn System>,
        root: &Path,
        access: Access,
        rehash: bool,
    ) -> Result<Self, CacheError> {
        let on = || system.clone();
        let (own, base) = (access.own(root), access.base(root));
        let beside = |name: &str| base.map(|base| base.join(name));
        let log_on = |path: PathBuf| log::Log::on(on(), path);
        let saves = !matches!(access, Access::Read);
        let stop = Interruption::default();
        let files = StatCache::load(StatCacheOptions {
            log: log_on(own.join("files.log")),
            base: beside("files.log").map(log_on),
            system: on(),
            rehash,
            saves,
            interruption: stop.clone(),
        })?;
        let (findings, base) = (own.join("findings.log"), beside("findings.log"));
        Ok(Self {
            root: root.to_path_buf(),
            findings: Findings::new(log_on(findings), base.map(log_on), saves),
            files,
            syncer: Syncer::new(on(), own.to_path_buf()),
            objects: Objects::new(on(), own.join("objects"), beside("objects"), stop.clone()),
            packs: PackReader::new(on(), own.join("packs"), beside("packs"), stop.clone()),
            interruption: stop,
            records: Records::new(on(), own.join("steps"), beside("steps")),
            runs: Runs::new(on(), own.join("runs"), own.join("locks")),
            published: Published::new(on(), own.join("published"), own.join("locks")),
            access,
            version_was_damaged: false,
            remote: None,
            why_leases: None,
            system,
        })
    }

    /// What every run holds while it works, so that nothing it found in the cache is pruned under it. `None` when
    /// `stop` said so while a pruning was waited for.
    ///
    /// # Errors
    /// When the lock cannot be taken.
    pub fn in_use(&self, stop: impl Fn() -> bool) -> Result<Option<Lock>, CacheError> {
        match self.access.base(&self.root) {
            // Whoever may write there may also prune.
            Some(base) => Lock::share_existing(&*self.system, &base.join("locks/in-use"), stop),
            None => Lock::share(&*self.system, &self.lock_path("in-use"), stop),
        }
    }

    /// The folder of the runs that were handed to a cluster.
    pub fn jobs(&self) -> PathBuf {
        self.own().join("jobs")
    }

    /// The lock file for `name`.
    pub fn lock_path(&self, name: &str) -> PathBuf {
        self.own().join("locks").join(name)
    }

    /// The item index's log, to which items are added.
    pub fn item_log(&self) -> log::Log {
        log::Log::on(self.system.clone(), self.own().join("items.log"))
    }

    /// The logs that make up the item index, earlier items first.
    pub fn item_logs(&self) -> Vec<log::Log> {
        let base = self.access.base(&self.root);
        let base = base.map(|base| log::Log::on(self.system.clone(), base.join("items.log")));
        base.into_iter().chain([self.item_log()]).collect()
    }

    /// A writer for a pack of this run.
    pub fn pack_writer(&self) -> PackWriter {
        PackWriter::new(self.system.clone(), self.own().join("packs"))
    }

    /// A pack for a long item of this run.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn own_pack(&self) -> Result<OwnPack, CacheError> {
        OwnPack::create(self.system.clone(), &self.own().join("packs"))
    }

    /// Has items of more than so many bytes count as long: for tests, to which short items are to be long.
    pub fn set_long_bytes(&mut self, bytes: u64) {
        self.packs.long_bytes = bytes;
    }

    /// This run's folder for work in progress.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn scratch(&self) -> Result<Scratch, CacheError> {
        let (scratch, found_dead) = Scratch::create(&self.system, &self.own().join("tmp"))?;
        if found_dead {
            self.sweep();
        }
        Ok(scratch)
    }

    /// Removes files that killed runs were about to finish.
    pub fn sweep(&self) {
        // Without locks nobody knows which are of the dead.
        if self.system.exists(&self.own().join(lease::MARKER)) {
            return;
        }
        let runs = self.system.entries(&self.own().join("runs"));
        let runs = runs.into_iter().flatten().map(|entry| entry.path);
        let folders = [
            "",
            "steps",
            "listings",
            "manifests",
            "published",
            "pins",
            "lock-files",
        ];
        (folders.into_iter())
            .map(|name| self.own().join(name))
            .chain(runs)
            .for_each(|folder| durable::sweep(&*self.system, &folder));
    }

    /// The history of what the source step `step` of the manifest called `manifest` listed.
    pub fn listings(&self, manifest: &str, step: &str) -> ListingHistory {
        ListingHistory::new(
            self.system.clone(),
            self.own().join("listings"),
            manifest,
            step,
        )
    }

    /// What a source step listed at a digest: by its own history, or by that of another manifest with the same source.
    ///
    /// # Errors
    /// When a history cannot be read.
    pub fn listing_at(
        &self,
        manifest: &str,
        step: &str,
        digest: &Digest,
    ) -> Result<Option<Listing>, CacheError> {
        if let Some(own) = self.listings(manifest, step).at(digest)? {
            return Ok(Some(own));
        }
        for log in self.listing_logs()? {
            if let Some(found) = ListingHistory::from(log).at(digest)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The logs of all listings.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub fn listing_logs(&self) -> Result<Vec<log::Log>, CacheError> {
        let paths = folder::entries(&*self.system, &self.root.join("listings"))?.into_iter();
        Ok(paths
            .filter(|path| path.extension().is_some_and(|e| e == "log"))
            .map(|path| log::Log::on(self.system.clone(), path))
            .collect())
    }
}
