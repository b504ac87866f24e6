//! Damaged, cut and deleted files of the cache: noticed where they matter, made again, told by `pipe cache verify`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::workspace::Workspace;

/// `{features}` in full, so that a wrong bit in any item shows.
const RUN: &str = "run = \"wc -l < {features}/items.tsv > {out}/count.txt\"";
const SUM: &str = "run = \"cat {features}/* | sha256sum > {out}/count.txt\"";
/// Another program with another result over the same items: it needs them all.
const MORE: &str = "count.run=\"cat {features}/* {features}/* | sha256sum > {out}/count.txt\"";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Damage {
    Flip,
    Cut,
    Delete,
}

const DAMAGES: [Damage; 3] = [Damage::Flip, Damage::Cut, Damage::Delete];

/// A kind of file in the cache: where, which byte to flip, and whether its absence can be told from never having been.
struct Kind {
    place: &'static str,
    extension: &'static str,
    byte: usize,
    absence_shows: bool,
}

const KINDS: [Kind; 10] = [
    Kind::new("packs", "pack", 300, true),
    Kind::new("items.log", "log", 300, false),
    Kind::new("steps", "json", 120, false),
    Kind::new("objects", "", 5, true),
    Kind::new("files.log", "log", 300, false),
    Kind::new("listings", "log", 120, false),
    Kind::new("runs", "json", 120, false),
    Kind::new("runs", "log", 120, false),
    Kind::new("manifests", "json", 70, false),
    Kind::new("published", "json", 120, false),
];

impl Kind {
    const fn new(
        place: &'static str,
        extension: &'static str,
        byte: usize,
        absence_shows: bool,
    ) -> Self {
        Self {
            place,
            extension,
            byte,
            absence_shows,
        }
    }

    fn files(&self, space: &Workspace) -> Vec<PathBuf> {
        let found: Vec<PathBuf> = walkdir::WalkDir::new(space.join("cache").join(self.place))
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| entry.into_path())
            .filter(|path| path.extension().unwrap_or_default() == self.extension)
            .collect();
        assert!(!found.is_empty(), "no files below {}", self.place);
        found
    }

    fn harm(&self, space: &Workspace, damage: Damage) {
        for path in self.files(space) {
            if damage == Damage::Delete {
                fs::remove_file(&path).unwrap();
                continue;
            }
            let mut bytes = fs::read(&path).unwrap();
            match damage {
                Damage::Flip => bytes[self.byte] ^= 0x01,
                _ => bytes.truncate(bytes.len() - 3),
            }
            // In place, as a bad disk would do it.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            fs::write(&path, bytes).unwrap();
        }
    }
}

fn space() -> Workspace {
    let space = Workspace::with_corpus(10);
    space.edit("pipe.toml", RUN, SUM);
    space
}

fn verify(space: &Workspace, more: &[&str]) -> (Option<i32>, String) {
    let output = space.pipe(&[&["cache", "verify"], more].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.code(),
        text + &String::from_utf8_lossy(&output.stderr),
    )
}

/// Results of a plain run, and of one that needs all items.
fn results(space: &Workspace, told: &str) -> [BTreeMap<String, Vec<u8>>; 2] {
    [&[][..], &["--set", MORE]].map(|more| {
        let run = space.run("pipe.toml", more);
        assert_eq!(run.code, Some(0), "{told}: {:?} {}", run.events, run.stderr);
        space.files("runs")
    })
}

/// Does `each` for every kind of file and damage, a thread per kind.
fn everywhere(each: impl Fn(&Kind, Damage, Workspace, &str) + Sync) {
    std::thread::scope(|scope| {
        for kind in &KINDS {
            let each = &each;
            scope.spawn(move || {
                for damage in DAMAGES {
                    let told = format!("{damage:?} of {}", kind.place);
                    let space = space();
                    space.run_well("pipe.toml");
                    assert_eq!(verify(&space, &[]).0, Some(0), "{told}: before");
                    kind.harm(&space, damage);
                    each(kind, damage, space, &told);
                }
            });
        }
    });
}

#[test]
fn a_run_over_a_damaged_cache_gives_the_right_results() {
    let whole = space();
    let wanted = results(&whole, "whole");
    assert_ne!(wanted[0], wanted[1]);
    everywhere(|_, _, space, told| {
        assert!(results(&space, told) == wanted, "{told}: other results");
    });
}

#[test]
fn verify_reports_damage_repair_takes_it_out_and_a_run_makes_it_again() {
    let whole = space();
    let wanted = results(&whole, "whole");
    everywhere(|kind, damage, space, told| {
        let shows = damage != Damage::Delete || kind.absence_shows;
        let before = space.files("cache");
        for repair in [&[][..], &["--repair"]] {
            assert!(space.files("cache") == before, "{told}: changed unasked");
            let (code, text) = verify(&space, repair);
            let fails = shows && repair.is_empty();
            assert_eq!(code, Some(i32::from(fails)), "{told}: {text}");
            assert_eq!(text.contains("damaged: "), shows, "{told}: {text}");
        }
        let (code, text) = verify(&space, &[]);
        assert_eq!(code, Some(0), "{told}, after the repair: {text}");
        assert!(results(&space, told) == wanted, "{told}: other results");
        let (code, text) = verify(&space, &[]);
        assert_eq!(code, Some(0), "{told}, after a run: {text}");
    });
}

#[test]
fn damaged_items_are_reported_and_only_they_are_made_again() {
    let space = space();
    space.run_well("pipe.toml");
    let pack = &KINDS[0].files(&space)[0];
    let mut bytes = fs::read(pack).unwrap();
    bytes[300] ^= 1;
    fs::write(pack, bytes).unwrap();
    let run = space.run("pipe.toml", &["--set", MORE]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.executed(), ["count"]);
    let warnings = run.events_of("warning");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let message = warnings[0]["message"].as_str().unwrap();
    assert!(message.starts_with("1 stored items"), "{message}");
    assert_eq!(verify(&space, &[]).0, Some(0));
}

/// What a program made is gone, and it does not repeat itself: nothing is built on a mixture.
#[test]
fn results_of_a_program_that_does_not_repeat_itself_are_never_mixed() {
    let space = space();
    space.write(
        "pipe.toml",
        space.read("pipe.toml").replace(
            "[stage.count]",
            r#"[stage.mark]
kind = "command"
for_each = "fbank"
makes = "features"
run = "date +%s%N >> calls; n=$(wc -l < calls); cp {input} {output}; test $n -le 10 || printf '\\001' | dd of={output} bs=1 seek=200 conv=notrunc 2>/dev/null"

[stage.copy]
kind = "command"
for_each = "mark"
run = "cat {input} > {output}"

[stage.count]"#,
        ),
    );
    space.edit("pipe.toml", "features = \"fbank\"", "features = \"copy\"");
    space.run_well("pipe.toml");
    assert_eq!(space.read("calls").lines().count(), 10);
    KINDS[0].harm(&space, Damage::Delete);
    // `copy` is new, so that it needs what `mark` made, which is gone.
    space.edit("pipe.toml", "cat {input} >", "cat < {input} >");
    let mut run = space.run("pipe.toml", &["--jobs", "1"]);
    if run.code == Some(1) {
        assert!(run.finished()["steps"]["failed"] == 1, "{:?}", run.events);
        run = space.run_well("pipe.toml");
    }
    assert_eq!(run.code, Some(0), "{:?}", run.events);
    assert_eq!(space.read("calls").lines().count(), 20);
    let settled = space.run_well("pipe.toml");
    assert_eq!(settled.items().0, 0);
    let first = space.read("runs/pipe/count/count.txt");
    // From nothing but what `mark` made last, `copy` and `count` come to the same.
    for entry in fs::read_dir(space.join("cache/steps")).unwrap().flatten() {
        fs::remove_file(entry.path()).unwrap();
    }
    let again = space.run_well("pipe.toml");
    assert_eq!(again.items().0, 0);
    assert_eq!(space.read("runs/pipe/count/count.txt"), first);
}

/// Checkpoints and logs of runs are looked at, too; what was repaired is no failure.
#[test]
fn checkpoints_and_logs_of_runs_are_verified() {
    let space = super::learning::study();
    space.run_well("study.toml");
    let whole = verify(&space, &[]);
    assert_eq!(whole.0, Some(0), "{}", whole.1);
    assert!(whole.1.contains("2 checkpoints, 1 run log"), "{}", whole.1);
    let flip = |name: &str| {
        let mut bytes = fs::read(space.join(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(space.join(name), bytes).unwrap();
    };
    let files = space.files("cache");
    let checkpoint = files.keys().find(|name| name.starts_with("checkpoints/"));
    let log = files
        .keys()
        .find(|name| name.starts_with("runs/") && name.ends_with(".log"));
    for (name, told) in [
        (checkpoint.unwrap(), "damaged: checkpoint "),
        (log.unwrap(), " bytes of the log of run "),
    ] {
        flip(&format!("cache/{name}"));
        let (code, text) = verify(&space, &[]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(told), "{text}");
        let (code, text) = verify(&space, &["--repair"]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains(told), "{text}");
        assert_eq!(verify(&space, &[]).0, Some(0));
    }
    assert_eq!(space.run_well("study.toml").executed(), [""; 0]);
}
