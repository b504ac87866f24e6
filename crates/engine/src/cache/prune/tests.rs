//! What pruning removes and what it must leave.

use std::collections::{BTreeMap, HashSet};

use pipe_foundation::Digest;

use crate::artifact::FingerprintInputs;
use crate::cache::items::{self, ItemIndex, ItemRecord, StepTag};
use crate::cache::usage::usage_of;
use crate::cache::{Ending, Lookup, RunRecord, StepOutput, VerifyOptions, verify};

use super::*;

fn options(repair: bool) -> VerifyOptions<'static> {
    VerifyOptions {
        repair,
        is_checkpoint_whole: &|_, _| true,
    }
}

fn fingerprint(text: &str) -> FingerprintInputs {
    let mut fingerprint = FingerprintInputs::default();
    fingerprint.add("text", text);
    fingerprint
}

/// Publishes a step with one file and leaves unfinished work and a checkpoint under the same key.
fn publish(cache: &Cache, text: &str) -> Digest {
    let Some(Lookup::Miss(reservation)) =
        cache.lookup(&fingerprint(text), || {}, || false).unwrap()
    else {
        panic!("{text} is there");
    };
    let made = tempfile::tempdir_in(&cache.root).unwrap();
    std::fs::write(made.path().join("file"), text).unwrap();
    let files = cache.objects.take(made.path()).unwrap();
    let output = StepOutput::Files(files);
    cache.publish(reservation, "step", output, 0.0).unwrap();
    let key = fingerprint(text).key();
    leave(cache, key);
    key
}

fn leave(cache: &Cache, key: Digest) {
    for part in ["unfinished", "checkpoints"] {
        let folder = cache.root.join(part).join(key.hex());
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("checkpoint"), b"four").unwrap();
    }
}

fn run_with(cache: &Cache, manifest: &str, keys: &[Digest], ending: Ending) {
    let steps = keys.iter().map(|key| (key.short(), *key));
    let log = cache.runs.log(manifest, "", "cpu");
    let record = RunRecord {
        steps: steps.collect::<BTreeMap<_, _>>(),
        ending,
        ..RunRecord::default()
    };
    log.end(record, |_| Ok(())).unwrap();
}

fn pruned(cache: &Cache, keep_runs: Option<usize>, days: u64, dry_run: bool) -> Vec<String> {
    let options = PruneOptions {
        keep_runs,
        locked: &HashSet::new(),
        older_than_days: days,
        dry_run,
        checkpoints: &|fingerprint| vec![fingerprint.key()],
    };
    let pruned = prune(cache, &options).unwrap();
    let parts = pruned.parts.iter();
    parts
        .map(|part| format!("{} {}", part.files, part.name))
        .collect()
}

#[test]
fn only_what_the_latest_runs_do_not_need_goes() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), false).unwrap();
    let [a, b, c, other] = ["a", "b", "c", "other"].map(|text| publish(&cache, text));
    run_with(&cache, "demo", &[a], Ending::Ended);
    run_with(&cache, "demo", &[b], Ending::Ended);
    run_with(&cache, "demo", &[c], Ending::Stopped);
    run_with(&cache, "second", &[other], Ending::Ended);
    assert_eq!(
        pruned(&cache, None, 0, true),
        ["1 unfinished", "1 checkpoints"]
    );
    assert!(pruned(&cache, None, 1, false).is_empty());
    assert!(pruned(&cache, Some(1), 1, false).is_empty());
    assert_eq!(
        pruned(&cache, None, 0, false),
        ["1 unfinished", "1 checkpoints"]
    );
    // The stopped run and the one before it are the current state.
    assert_eq!(
        pruned(&cache, Some(1), 0, false),
        ["1 runs", "1 steps", "1 objects"]
    );
    assert!(cache.finished(&a).unwrap().is_none());
    for kept in [b, c, other] {
        assert!(cache.finished(&kept).unwrap().is_some());
    }
    assert!(pruned(&cache, Some(1), 0, false).is_empty());
    let numbers: Vec<u64> = cache
        .runs
        .all("demo")
        .unwrap()
        .iter()
        .map(|r| r.number)
        .collect();
    assert_eq!(numbers, [2, 3]);
}

#[test]
fn what_the_last_whole_run_made_outlives_runs_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), false).unwrap();
    let [old, whole, first, second] =
        ["old", "whole", "first", "second"].map(|text| publish(&cache, text));
    run_with(&cache, "demo", &[old], Ending::Ended);
    run_with(&cache, "demo", &[whole], Ending::Ended);
    for key in [first, second] {
        let record = RunRecord {
            steps: [("a".to_owned(), key)].into(),
            failed: [("b".to_owned(), "no".to_owned())].into(),
            not_run: vec!["c".into()],
            ..RunRecord::default()
        };
        let log = cache.runs.log("demo", "", "cpu");
        log.end(record, |_| Ok(())).unwrap();
    }
    pruned(&cache, Some(1), 0, false);
    let left: Vec<u64> = cache
        .runs
        .all("demo")
        .unwrap()
        .iter()
        .map(|run| run.number)
        .collect();
    assert_eq!(left, [2, 4]);
    let has = |key: Digest| cache.records.get(&key).unwrap().is_some();
    assert_eq!(
        [old, whole, first, second].map(has),
        [false, true, false, true]
    );
}

#[test]
fn beside_a_run_nothing_goes_that_it_could_be_using() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), false).unwrap();
    let [old, new] = ["old", "new"].map(|text| publish(&cache, text));
    run_with(&cache, "demo", &[old], Ending::Ended);
    run_with(&cache, "demo", &[new], Ending::Ended);
    // A run that works on a step, and one that is remembered to have begun another.
    let in_use = cache.in_use(|| false).unwrap();
    let worked_on = fingerprint("worked on").key();
    leave(&cache, worked_on);
    let lock = Lock::try_take(&*cache.system, &cache.lock_path(&worked_on.hex())).unwrap();
    let log = cache.runs.log("third", "", "cpu");
    let begun = fingerprint("begun").key();
    leave(&cache, begun);
    log.record_start("train", begun, begun).unwrap();
    let parts = pruned(&cache, Some(1), 0, false);
    assert_eq!(parts, ["1 unfinished", "3 checkpoints"]);
    assert!(cache.finished(&old).unwrap().is_some());
    let unfinished = |key: Digest| cache.root.join("unfinished").join(key.hex()).is_dir();
    assert!(unfinished(worked_on) && unfinished(begun) && !unfinished(old));
    drop((in_use, lock, log));
    // Killed: its work is still the latest of its manifest.
    assert_eq!(
        pruned(&cache, Some(1), 0, false),
        ["1 unfinished", "1 runs", "1 steps", "1 objects"]
    );
    assert!(unfinished(begun) && !unfinished(worked_on));
}

#[test]
fn a_run_waits_for_a_pruning() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), false).unwrap();
    let alone = Lock::try_take(&*cache.system, &cache.lock_path("in-use")).unwrap();
    assert!(alone.is_some());
    assert!(cache.in_use(|| true).unwrap().is_none());
    drop(alone);
    let first = cache.in_use(|| true).unwrap();
    let second = cache.in_use(|| true).unwrap();
    assert!(first.is_some() && second.is_some());
}

/// Stores an item of `step` with as many bytes as its number says, and gives its key.
fn store_items(cache: &Cache, step: StepTag, numbers: &[u8]) -> Vec<Digest> {
    let mut writer = cache.pack_writer();
    let mut keys = Vec::new();
    let mut records = Vec::new();
    for &number in numbers {
        let bytes = vec![number; 1000 + usize::from(number)];
        let key = Digest::of(&[&step.0.to_le_bytes()[..], &[number]].concat());
        let record = ItemRecord::Done {
            digest: Digest::of(&bytes),
            location: Some(writer.add(&bytes).unwrap()),
        };
        records.push(items::encode(&key, step, &record));
        keys.push(key);
    }
    writer.take().unwrap().write().unwrap();
    let log = cache.item_log();
    log.append(records.iter().map(Vec::as_slice)).unwrap();
    keys
}

/// Publishes a step of items.
fn publish_items(cache: &Cache, text: &str, tag: StepTag) -> Digest {
    let Some(Lookup::Miss(mut reservation)) =
        cache.lookup(&fingerprint(text), || {}, || false).unwrap()
    else {
        panic!("{text} is there");
    };
    reservation.tagged(tag);
    let output = StepOutput::Items {
        digest: Digest::of(text.as_bytes()),
        count: 1,
        bad: Vec::new(),
    };
    cache.publish(reservation, text, output, 0.0).unwrap();
    fingerprint(text).key()
}

/// Found by seed 2470 of the simulation: the record before the damaged one came to count, and its pack was gone.
#[test]
fn a_repaired_index_needs_no_other_repair() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), false).unwrap();
    let packs = || folder.path().join("packs").read_dir().unwrap();
    store_items(&cache, StepTag(1), &[1]);
    let first = packs().next().unwrap().unwrap().path();
    store_items(&cache, StepTag(1), &[1]);
    for pack in packs().map(|pack| pack.unwrap().path()) {
        match pack == first {
            true => std::fs::remove_file(&pack).unwrap(),
            false => std::fs::write(&pack, vec![0; 5000]).unwrap(),
        }
    }
    assert_eq!(verify(&cache, options(true)).unwrap().damaged.len(), 1);
    assert!(verify(&cache, options(false)).unwrap().is_whole());
}

#[test]
fn items_that_only_forgotten_runs_had_give_their_bytes_back_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), false).unwrap();
    let (old, new, unfinished) = (StepTag(1), StepTag(2), StepTag(3));
    // A pack with items of both, as of one run; one of the old step alone; one that a killed run left.
    let mixed_old = store_items(&cache, old, &[1, 2, 3]);
    let kept = store_items(&cache, new, &[1, 2]);
    let began = store_items(&cache, unfinished, &[9]);
    // The same item made again: the first copy is dead.
    store_items(&cache, new, &[1, 2]);
    let mut orphan = cache.pack_writer();
    orphan.add(&[7; 500]).unwrap();
    orphan.take().unwrap().write().unwrap();
    let [first, second] =
        [("first", old), ("second", new)].map(|(text, tag)| publish_items(&cache, text, tag));
    run_with(&cache, "demo", &[first], Ending::Ended);
    run_with(&cache, "demo", &[second], Ending::Ended);
    let bytes = |cache: &Cache| {
        usage_of(&*cache.system, "packs", &cache.root.join("packs"))
            .unwrap()
            .bytes
    };
    let all = bytes(&cache);
    assert!(pruned(&cache, Some(1), 1, false).is_empty());
    // All runs are kept: only the orphan and the dead copies go.
    assert_eq!(pruned(&cache, None, 0, true), ["2 packs", "1 items.log"]);
    assert_eq!(bytes(&cache), all);
    let parts = pruned(&cache, Some(1), 0, false);
    assert_eq!(parts, ["1 runs", "1 steps", "3 packs", "1 items.log"]);
    let cache = Cache::open(folder.path(), false).unwrap();
    let index = ItemIndex::load(&cache.item_log()).unwrap();
    assert_eq!(index.state.damaged_bytes, 0);
    assert_eq!(index.iter().count(), 3);
    assert!(mixed_old.iter().all(|key| index.get(key).is_none()));
    for (key, number) in [(kept[0], 1_u8), (kept[1], 2), (began[0], 9)] {
        let Some(ItemRecord::Done {
            digest,
            location: Some(location),
        }) = index.get(&key)
        else {
            panic!("item {number} is gone");
        };
        let blob = cache.packs.get(*location, digest).unwrap().unwrap();
        assert_eq!(*blob, vec![number; 1000 + usize::from(number)]);
    }
    assert!(bytes(&cache) < all / 2, "{} of {all}", bytes(&cache));
    assert!(pruned(&cache, Some(1), 0, false).is_empty());
}
