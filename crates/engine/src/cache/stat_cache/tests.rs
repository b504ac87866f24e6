//! When a file is read again on this machine's file system.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pipe_foundation::system::RealSystem;

use super::*;

pub(super) fn options(log: Log, system: Arc<dyn System>) -> StatCacheOptions {
    StatCacheOptions {
        log,
        base: None,
        system,
        rehash: false,
        saves: true,
        interruption: Interruption::default(),
    }
}

fn load(log: Log) -> Result<StatCache, CacheError> {
    StatCache::load(options(log, Arc::new(RealSystem)))
}

/// A file that was written long enough ago for its times to tell a change.
fn settled_file() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.wav");
    std::fs::write(&file, b"one").unwrap();
    std::thread::sleep(Duration::from_millis(40));
    (folder, file)
}

#[test]
fn an_edit_with_size_and_mtime_restored_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.wav");
    std::fs::write(&file, b"one").unwrap();
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::thread::sleep(Duration::from_millis(40));
    let log = || Log::new(folder.path().join("files.log"));

    let stat_cache = load(log()).unwrap();
    let first = stat_cache.measured(&file, &|_| Ok(1.5)).unwrap();
    stat_cache.save().unwrap();
    let stat_cache = load(log()).unwrap();
    let again = stat_cache
        .measured(&file, &|_| panic!("an unchanged file was read"))
        .unwrap();
    assert_eq!(first, again);

    std::fs::write(&file, b"two").unwrap();
    set_modified(&file, modified);
    let changed = load(log()).unwrap().measured(&file, &|_| Ok(2.0)).unwrap();
    assert_eq!(changed.digest, Digest::of(b"two"));
}

#[test]
fn a_file_whose_digest_alone_is_known_is_measured_when_that_is_asked() {
    let (folder, file) = settled_file();
    let log = || Log::new(folder.path().join("files.log"));
    let stat_cache = load(log()).unwrap();
    stat_cache.digest(&file).unwrap();
    stat_cache.save().unwrap();
    let stat_cache = load(log()).unwrap();
    assert_eq!(stat_cache.remembered(&file).unwrap().measure, None);
    assert_eq!(count_reads(&stat_cache, &file), 1);
    assert_eq!(count_reads(&stat_cache, &file), 0);
    assert_eq!(stat_cache.digest(&file).unwrap(), Digest::of(b"one"));
}

#[test]
fn what_is_measured_again_takes_the_place_of_what_was_remembered() {
    let (folder, file) = settled_file();
    let log = || Log::new(folder.path().join("files.log"));
    let stat_cache = load(log()).unwrap();
    stat_cache.measured(&file, &|_| Ok(0.0)).unwrap();
    stat_cache.save().unwrap();
    let stat_cache = load(log()).unwrap();
    let again = stat_cache.measured_again(&file, &|_| Ok(-1.5), &|| false);
    assert_eq!(again.unwrap().measure, Some(-1.5));
    stat_cache.save().unwrap();
    let found = load(log()).unwrap().measured(&file, &|_| Ok(7.0)).unwrap();
    assert_eq!(found.measure, Some(-1.5));
    assert_eq!(found.digest, Digest::of(b"one"));
}

fn count_reads(stat_cache: &StatCache, path: &Path) -> usize {
    let reads = Cell::new(0);
    let measure = |_: &Path| {
        reads.set(reads.get() + 1);
        Ok(0.0)
    };
    stat_cache.measured(path, &measure).unwrap();
    reads.get()
}

fn set_modified(path: &Path, modified: SystemTime) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
}

#[test]
fn a_file_dated_in_the_future_is_never_trusted_and_a_replaced_one_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("a.wav"), folder.path().join("b.wav"));
    let stat_cache = load(Log::new(folder.path().join("files.log"))).unwrap();
    std::fs::write(&file, b"one").unwrap();
    std::fs::write(&other, b"two").unwrap();
    let hour = Duration::from_secs(3600);
    let now = std::fs::metadata(&file).unwrap().modified().unwrap();
    set_modified(&file, now + hour);
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(count_reads(&stat_cache, &file), 1);
    assert_eq!(count_reads(&stat_cache, &file), 1);
    set_modified(&file, now - hour);
    set_modified(&other, now - hour);
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(count_reads(&stat_cache, &file), 1);
    assert_eq!(count_reads(&stat_cache, &file), 0);
    assert!(stat_cache.is_unchanged(&file).unwrap());
    std::fs::rename(&other, &file).unwrap();
    assert!(!stat_cache.is_unchanged(&file).unwrap());
    assert_eq!(count_reads(&stat_cache, &file), 1);
}

#[test]
fn rehash_trusts_nothing_and_damage_costs_reading_only() {
    let folder = tempfile::tempdir().unwrap();
    let log = || Log::new(folder.path().join("files.log"));
    let files: Vec<_> = (0..3u8)
        .map(|n| {
            let path = folder.path().join(format!("{n}.wav"));
            std::fs::write(&path, [n]).unwrap();
            path
        })
        .collect();
    std::thread::sleep(Duration::from_millis(30));
    let stat_cache = load(log()).unwrap();
    files
        .iter()
        .for_each(|file| assert_eq!(count_reads(&stat_cache, file), 1));
    stat_cache.save().unwrap();
    let rehash = StatCache::load(StatCacheOptions {
        rehash: true,
        ..options(log(), Arc::new(RealSystem))
    })
    .unwrap();
    files
        .iter()
        .for_each(|file| assert_eq!(count_reads(&rehash, file), 1));

    let mut bytes = std::fs::read(log().path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(log().path(), bytes).unwrap();
    let stat_cache = load(log()).unwrap();
    assert!(stat_cache.state.damaged_bytes > 0);
    let reads: usize = files
        .iter()
        .map(|file| count_reads(&stat_cache, file))
        .sum();
    assert_eq!(reads, 1);
    stat_cache.save().unwrap();
    let repaired = load(log()).unwrap();
    assert_eq!(repaired.state.damaged_bytes, 0);
    files
        .iter()
        .for_each(|file| assert_eq!(count_reads(&repaired, file), 0));
}
