//! Files that a command declares, changed while it runs or just before: no result is kept under the old content's key.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::trust::wait_until;
use super::workspace::{Run, Workspace};

const ONCE: &str = r#"
[stage.word]
kind = "command"
files = ["word.txt"]
run = "MEANWHILE cat word.txt > {out}/word.txt"
outputs = ["word.txt"]
"#;

const ITEMS: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"

[stage.word]
kind = "command"
for_each = "speech"
files = ["word.txt"]
max_bad = 1.0
run = "MEANWHILE cat word.txt > {output}"

[stage.all]
kind = "command"
inputs = { words = "word" }
run = "cat {words}/*.safetensors | grep -a -o -e one -e two | sort | uniq -c > {out}/all.txt"
outputs = ["all.txt"]
"#;

fn space(manifest: &str, meanwhile: &str) -> Workspace {
    let space = Workspace::with_corpus(6);
    space.write("pipe.toml", manifest.replace("MEANWHILE", meanwhile));
    space.write("word.txt", "one\n");
    space
}

#[test]
fn a_file_edited_while_the_program_runs_fails_the_step_and_leaves_no_result() {
    // The file is edited in the program's place, so that it is in time on any machine.
    let edited = "test -e go || echo two > word.txt;";
    let space = space(ONCE, edited);
    let failed = space.run("pipe.toml", &[]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    let error = failed.failure();
    let told = error["error"].as_str().unwrap();
    assert!(
        told.contains("word.txt changed while the step ran"),
        "{told}"
    );
    assert!(told.contains("run again"), "{told}");
    assert_eq!(error["code"], "files::changed");
    assert!(!space.join("runs/pipe/word").exists());
    // The old content is back: its result is made, not taken from what the edited file gave.
    space.write("word.txt", "one\n");
    space.write("go", "");
    assert_eq!(space.run_well("pipe.toml").executed(), ["word"]);
    assert_eq!(space.read("runs/pipe/word/word.txt"), "one\n");
    space.write("word.txt", "two\n");
    assert_eq!(space.run_well("pipe.toml").executed(), ["word"]);
    assert_eq!(space.read("runs/pipe/word/word.txt"), "two\n");
}

#[test]
fn a_file_that_is_written_again_with_its_content_changes_nothing() {
    let space = space(ONCE, "cp word.txt copy; cat copy > word.txt;");
    assert_eq!(space.run_well("pipe.toml").executed(), ["word"]);
    assert!(space.run_well("pipe.toml").executed().is_empty());
}

#[test]
fn a_file_that_is_gone_after_the_program_fails_the_step() {
    let space = space(ONCE, "cp word.txt kept; trap 'rm word.txt' EXIT;");
    let failed = space.run("pipe.toml", &[]);
    assert_eq!(failed.code, Some(1), "{:?}", failed.events);
    assert_eq!(failed.failure()["code"], "files::changed");
}

#[test]
fn a_file_edited_between_the_key_and_the_program_fails_the_step() {
    let held = "echo >> starts; until test -e go; do sleep 0.02; done; echo two > word.txt;";
    let space = space(ONCE, held);
    let start = || {
        let mut command = space.command(&["run", "pipe.toml", "--json"]);
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let first = start();
    wait_until("the program", || space.join("starts").exists());
    // The second run has its key and waits for the first.
    let mut second = start();
    let mut lines = BufReader::new(second.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("step_waiting")));
    space.write("go", "");
    let changed = |line: Result<String, _>| line.unwrap().contains("files::changed");
    assert!(lines.any(changed));
    assert_eq!(second.wait().unwrap().code(), Some(1));
    let first = Run::of(first.wait_with_output().unwrap());
    assert_eq!(first.failure()["code"], "files::changed");
    assert_eq!(space.read("starts").lines().count(), 1);
}

#[test]
fn items_made_after_an_edit_are_not_stored() {
    // The third item, whichever it is, edits the file after it has read it.
    let counted = "mkdir -p seen; mktemp -p seen > /dev/null; test -e go || test $(ls seen | wc -l) -ne 3 || echo two > word.txt;";
    let space = space(ITEMS, counted);
    let run = space.run("pipe.toml", &["--jobs", "1"]);
    // No item is to blame, so `max_bad` has no say.
    assert_eq!(run.code, Some(1));
    assert!(run.events_of("item_bad").is_empty(), "{:?}", run.events);
    let error = run.failure();
    assert_eq!(
        (&error["step"], &error["code"]),
        (&"word".into(), &"files::changed".into())
    );
    assert!(
        error["error"]
            .as_str()
            .unwrap()
            .contains("word.txt changed while the step ran")
    );
    // The programs of the items that came after the edit were not even started.
    assert_eq!(std::fs::read_dir(space.join("seen")).unwrap().count(), 3);
    space.write("word.txt", "one\n");
    space.write("go", "");
    let again = space.run_well("pipe.toml");
    // Two were made before the edit. The listing knows the files that were read, up to the third.
    assert_eq!(again.items(), (7, 5), "{:?}", again.events);
    assert_eq!(space.read("runs/pipe/all/all.txt").trim(), "6 one");
    space.write("word.txt", "two\n");
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/all/all.txt").trim(), "6 two");
}

/// The program itself adds the file, so that this comes neither before nor after the work.
#[test]
fn a_file_that_is_added_while_a_program_runs_is_in_no_result() {
    let ways = [
        (ONCE, "lib", "lib/deep/b.txt", 1),
        (ONCE, "lib/*.txt", "lib/b.txt", 1),
        (ITEMS, "lib", "lib/b.txt", 3),
    ];
    for (manifest, entry, added, steps) in ways {
        let space = space(manifest, &format!("test -e {added} || echo b > {added};"));
        space.write("lib/a.txt", "a");
        space.write("lib/deep/a.txt", "a");
        space.edit(
            "pipe.toml",
            "files = [\"word.txt\"]",
            &format!("files = [\"word.txt\", \"{entry}\"]"),
        );
        let failed = space.run("pipe.toml", &[]);
        assert_eq!(failed.code, Some(1), "{}", failed.stderr);
        let error = failed.failure();
        let expected = format!("{added} was added or removed while the step ran");
        let found = error["error"].as_str().unwrap();
        assert!(found.contains(&expected), "{found}");
        // It is there now, and nothing is remembered of the run before.
        let again = space.run_well("pipe.toml");
        assert_eq!(again.executed().len(), steps, "{:?}", again.executed());
        assert!(space.run_well("pipe.toml").executed().is_empty());
    }
}

#[test]
fn a_folder_and_a_pattern_stand_for_the_files_in_them() {
    const ONE: &str = "files = [\"word.txt\"]";
    let space = space(ONCE, "");
    for (name, text) in [
        ("lib/deep/a.py", "a"),
        ("lib/b.txt", "b"),
        ("lib/.hidden", "c"),
        ("lib/__pycache__/a.pyc", "d"),
    ] {
        space.write(name, text);
    }
    for (entry, counts, not) in [
        (
            "lib",
            ["lib/deep/a.py", "lib/b.txt"],
            ["lib/.hidden", "lib/__pycache__/a.pyc"],
        ),
        (
            "lib/**/*.py",
            ["lib/deep/a.py", "lib/deep/a.py"],
            ["lib/b.txt", "lib/.hidden"],
        ),
    ] {
        space.edit(
            "pipe.toml",
            ONE,
            &format!("files = [\"word.txt\", \"{entry}\"]"),
        );
        space.run_well("pipe.toml");
        for name in counts {
            space.write(name, space.read(name) + "!");
            assert_eq!(
                space.run_well("pipe.toml").executed().len(),
                1,
                "{entry}: {name}"
            );
        }
        for name in not {
            space.write(name, space.read(name) + "!");
            assert_eq!(
                space.run_well("pipe.toml").executed(),
                [""; 0],
                "{entry}: {name}"
            );
        }
        let another = "lib/deep/another.py";
        space.write(another, "");
        assert_eq!(space.run_well("pipe.toml").executed().len(), 1, "{entry}");
        std::fs::remove_file(space.join(another)).unwrap();
        space.edit("pipe.toml", &format!(", \"{entry}\"]"), "]");
    }
    for (entry, expected) in [
        ("lib/**/*.sh", "no file matches the pattern"),
        ("empty", "the folder has no files"),
    ] {
        std::fs::create_dir_all(space.join("empty")).unwrap();
        space.edit(
            "pipe.toml",
            ONE,
            &format!("files = [\"word.txt\", \"{entry}\"]"),
        );
        let told = space.refused(&["plan", "pipe.toml"]);
        assert!(told.contains(expected), "{told}");
        space.edit("pipe.toml", &format!(", \"{entry}\"]"), "]");
    }
}

#[test]
fn a_declared_file_that_is_gone_is_named() {
    let space = space(ONCE, "");
    space.write("tool.sh", "");
    space.edit(
        "pipe.toml",
        "\"word.txt\"]\nrun",
        "\"tool.sh\", \"word.txt\"]\nrun",
    );
    space.run_well("pipe.toml");
    std::fs::remove_file(space.join("word.txt")).unwrap();
    let failed = space.run("pipe.toml", &[]);
    assert_eq!(failed.code, Some(2));
    let told = format!("{:?}", failed.events);
    assert!(
        told.contains("word.txt") && !told.contains("tool.sh"),
        "{told}"
    );
}
