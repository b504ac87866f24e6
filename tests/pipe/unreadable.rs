//! What cannot be read for a moment is reported, and neither removed nor replaced nor made again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::resuming::{plain, read_until, space};
use super::workspace::{Run, Workspace};

/// Puts a link to itself in the place of a file, which nobody can open, and the file back when dropped.
struct Hidden {
    place: PathBuf,
    aside: PathBuf,
}

impl Hidden {
    fn new(space: &Workspace, place: PathBuf) -> Self {
        let aside = space.join("aside");
        fs::rename(&place, &aside).unwrap();
        symlink(place.file_name().unwrap(), &place).unwrap();
        assert!(fs::read(&place).is_err());
        Self { place, aside }
    }

    /// Still nothing but the link is there.
    fn is_untouched(&self) -> bool {
        self.place
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink())
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.place);
        fs::rename(&self.aside, &self.place).unwrap();
    }
}

/// The only file below `folder` of the cache, or its first one.
fn first(space: &Workspace, folder: &str) -> PathBuf {
    let root = space.join("cache").join(folder);
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.into_path())
        .collect();
    files.sort();
    files.remove(0)
}

/// The record of the step `id` of the latest run.
fn record_of(space: &Workspace, run: &Run, id: &str) -> PathBuf {
    space.join(&format!("cache/steps/{}.json", run.key(id)))
}

fn output(space: &Workspace, arguments: &[&str]) -> (Option<i32>, String) {
    let done = space.pipe(arguments);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let error = String::from_utf8_lossy(&done.stderr).into_owned();
    // Paths are broken over lines in errors.
    (
        done.status.code(),
        text + &error.replace(['\n', ' ', '│'], ""),
    )
}

/// All files of the cache but those that come and go.
fn content(space: &Workspace) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = space.files("cache");
    let passing = |name: &str| name.starts_with("locks/") || name.starts_with("tmp/");
    files.retain(|name, _| !passing(name) && name != "files.log");
    files
}

/// A file of each kind that `pipe cache verify` reads.
const KINDS: [&str; 10] = [
    "packs",
    "steps",
    "objects",
    "listings",
    "runs",
    "published",
    "manifests",
    "pins",
    "lock-files",
    "items.log",
];

/// A run that is pinned and has a lock file elsewhere.
fn space_with_pin_and_lock() -> Workspace {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    space.stdout(&["cache", "pin", "pipe:1"]);
    fs::create_dir(space.join("papers")).unwrap();
    space.stdout(&["lock", "pipe.toml", "-o", "papers/it.lock.toml"]);
    space
}

#[test]
fn verify_lists_what_it_cannot_read_and_leaves_it_alone() {
    let space = space_with_pin_and_lock();
    for kind in KINDS {
        let place = first(&space, kind);
        for arguments in [&["cache", "verify"][..], &["cache", "verify", "--repair"]] {
            let hidden = Hidden::new(&space, place.clone());
            let before = content(&space);
            let (code, text) = output(&space, arguments);
            assert_eq!(code, Some(1), "{kind}: {text}");
            let name = place.strip_prefix(space.path()).unwrap();
            assert!(
                text.contains(&format!("unreadable: {}", name.display())),
                "{kind}: {text}"
            );
            assert!(!text.contains("damaged"), "{kind}: {text}");
            assert!(hidden.is_untouched(), "{kind}");
            assert!(content(&space) == before, "{kind}: something was removed");
        }
        let (code, text) = output(&space, &["cache", "verify"]);
        assert_eq!(code, Some(0), "{kind}: {text}");
    }
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}

#[test]
fn what_is_damaged_of_what_keeps_results_stops_a_prune_until_it_is_repaired() {
    for (kind, name) in [
        ("pins", "pin of the run pipe:1"),
        ("lock-files", "record of the lock file"),
        ("manifests", "owner of the manifest name pipe"),
    ] {
        let space = space_with_pin_and_lock();
        let place = first(&space, kind);
        fs::write(&place, "damaged").unwrap();
        let (code, text) = output(&space, &["cache", "verify"]);
        assert_eq!(code, Some(1), "{kind}: {text}");
        assert!(text.contains(&format!("damaged: {name}")), "{kind}: {text}");
        if kind != "manifests" {
            let (code, text) = output(&space, &["cache", "prune"]);
            assert_eq!(code, Some(3), "{kind}: {text}");
            assert!(text.contains("pipecacheverify--repair"), "{kind}: {text}");
        }
        let (code, text) = output(&space, &["cache", "verify", "--repair"]);
        assert_eq!(code, Some(0), "{kind}: {text}");
        assert!(!place.exists(), "{kind}");
        let (code, text) = output(&space, &["cache", "prune"]);
        assert_eq!(code, Some(0), "{kind}: {text}");
    }
}

#[test]
fn a_repair_beside_something_unreadable_removes_only_what_is_damaged() {
    let space = Workspace::with_corpus(4);
    let run = space.run_well("pipe.toml");
    space.edit("pipe.toml", "count.txt", "total.txt");
    let other = space.run_well("pipe.toml");
    let hidden = Hidden::new(&space, record_of(&space, &run, "count"));
    fs::write(record_of(&space, &other, "count"), "damaged").unwrap();
    let (code, text) = output(&space, &["cache", "verify", "--repair"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("1 damaged, 1 unreadable"), "{text}");
    assert!(hidden.is_untouched());
    assert!(!record_of(&space, &other, "count").exists());
}

#[test]
fn pruning_removes_nothing_when_it_cannot_read_a_record() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    space.edit("pipe.toml", "count.txt", "total.txt");
    let run = space.run_well("pipe.toml");
    space.write("cache/unfinished/0000000000000000000000000000000000000000000000000000000000000000/checkpoint", "work");
    let records = [
        record_of(&space, &run, "count"),
        space.join("cache/runs/pipe/000002.json"),
        space.join("cache/runs/pipe/000001.json"),
    ];
    for place in records {
        for arguments in [
            &["cache", "prune"][..],
            &["cache", "prune", "--keep-runs", "1"],
            &["cache", "prune", "--keep-runs", "1", "--dry-run"],
        ] {
            let hidden = Hidden::new(&space, place.clone());
            let before = content(&space);
            let (code, text) = output(&space, arguments);
            assert_eq!(code, Some(3), "{text}");
            let name = place.file_name().unwrap().to_str().unwrap();
            assert!(
                text.contains("cache::read") && text.contains(name),
                "{text}"
            );
            assert!(hidden.is_untouched());
            assert!(content(&space) == before, "something was removed");
        }
    }
    let (code, text) = output(&space, &["cache", "prune", "--keep-runs", "1"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}

/// A run ends with an error of the cache, and changes nothing, when `place` cannot be read.
fn run_stops(space: &Workspace, manifest: &str, more: &[&str], place: &Path) {
    let hidden = Hidden::new(space, place.to_path_buf());
    let before = content(space);
    let run = space.run(manifest, more);
    assert_eq!(run.code, Some(3), "{place:?}: {:?}", run.events);
    let error = run.events.last().unwrap();
    assert_eq!(error["code"], "cache::read", "{error}");
    let name = place.file_name().unwrap().to_str().unwrap();
    assert!(error["message"].as_str().unwrap().contains(name), "{error}");
    assert!(hidden.is_untouched(), "{place:?}");
    let after = content(space);
    for (name, bytes) in &before {
        assert!(
            after.get(name) == Some(bytes),
            "{place:?}: {name} is another"
        );
    }
}

#[test]
fn a_run_stops_at_what_it_cannot_read_and_loses_nothing() {
    let space = Workspace::with_corpus(4);
    let run = space.run_well("pipe.toml");
    for step in ["speech", "fbank", "count"] {
        run_stops(&space, "pipe.toml", &[], &record_of(&space, &run, step));
    }
    run_stops(&space, "pipe.toml", &[], &first(&space, "objects"));
    run_stops(&space, "pipe.toml", &[], &first(&space, "published"));
    // Another program over the same items needs their bytes.
    let more = ["--set", "count.run=\"cat {features}/* > {out}/count.txt\""];
    run_stops(&space, "pipe.toml", &more, &first(&space, "packs"));
    run_stops(&space, "pipe.toml", &more, &space.join("cache/items.log"));
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}

#[test]
fn a_training_does_not_begin_anew_when_its_checkpoint_cannot_be_read() {
    let space = space(&plain());
    let mut epochs = 0;
    let mut command = space.command(&["run", "one.toml", "--json"]);
    let mut child = read_until(&mut command, |_, event| {
        epochs += usize::from(event["event"] == "epoch");
        epochs == 3
    });
    child.kill().unwrap();
    child.wait().unwrap();
    run_stops(&space, "one.toml", &[], &first(&space, "unfinished"));
    let resumed = space.run_well("one.toml");
    assert_eq!(resumed.events_of("training_resumed").len(), 1);
    // A longer training continues from what the finished one left.
    let longer = ["--set", "train.epochs=10"];
    run_stops(&space, "one.toml", &longer, &first(&space, "checkpoints"));
    let run = space.run("one.toml", &longer);
    assert_eq!(run.events_of("training_resumed").len(), 1, "{}", run.stderr);
}

#[test]
fn a_run_is_remembered_beside_an_unreadable_record_of_an_earlier_one() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    let hidden = Hidden::new(&space, space.join("cache/runs/pipe/000001.json"));
    let run = space.run("pipe.toml", &["--set", "fbank.bins=20"]);
    assert_eq!(run.code, Some(3), "{:?}", run.events);
    assert!(hidden.is_untouched());
    assert!(space.join("cache/runs/pipe/000002.json").is_file());
    let (code, text) = output(&space, &["runs"]);
    assert_eq!(code, Some(3), "{text}");
    drop(hidden);
    assert_eq!(output(&space, &["runs"]).0, Some(0));
}

#[test]
fn without_free_file_descriptors_nothing_is_taken_for_damaged() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    let before = content(&space);
    let mut refused = 0;
    for limit in 3..16 {
        for arguments in [
            "cache verify --repair",
            "cache prune --keep-runs 1",
            "run pipe.toml",
        ] {
            let script = format!("ulimit -n {limit}; exec \"$0\" {arguments}");
            let output = space.script(&script, &[]).output().unwrap();
            let text = format!("{output:?}");
            assert!(!text.contains("damaged: "), "{limit}: {text}");
            refused += usize::from(!output.status.success());
            assert!(content(&space) == before, "{limit} {arguments}: {text}");
        }
    }
    assert!(refused > 0, "no limit was low enough");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}
