//! `max_bad`: what counts against it, that it holds for results in the cache, and that a step past it ends at once.

use std::os::unix::fs::symlink;

use super::workspace::{Run, Workspace};

/// The only failed step, its error and its help.
fn failure(run: &Run) -> (String, String, String) {
    assert_eq!(run.code, Some(1), "{:?} {}", run.events, run.stderr);
    let failed = run.events_of("step_failed");
    assert_eq!(failed.len(), 1, "{failed:?}");
    let text = |name: &str| failed[0][name].as_str().unwrap().to_string();
    (text("step"), text("error"), text("help"))
}

fn with_limit(space: &Workspace, step: &str, limit: &str) -> Run {
    space.run("pipe.toml", &["--set", &format!("{step}.max_bad={limit}")])
}

#[test]
fn a_lower_limit_holds_for_results_in_the_cache_and_a_higher_one_costs_no_work() {
    let space = Workspace::with_corpus(10);
    space.write("corpora/made/audio/0003.wav", "no recording");
    let first = with_limit(&space, "speech", "0.1");
    assert_eq!((first.code, first.steps()), (Some(0), (4, 0, 0)));
    for _ in 0..2 {
        let lowered = with_limit(&space, "speech", "0.05");
        let (step, error, help) = failure(&lowered);
        assert_eq!(step, "speech");
        for words in [
            "1 of 10 items",
            "5 %",
            "made/audio/0003: the file is not in a known audio format",
        ] {
            assert!(error.contains(words), "{words}: {error}");
        }
        for words in [
            "max_bad",
            "all bad items: runs/pipe/speech.max_bad=0.05/speech/set_aside.tsv",
        ] {
            assert!(help.contains(words), "{words}: {help}");
        }
        assert_eq!(lowered.with_status("skipped"), ["audio", "fbank", "count"]);
        assert_eq!(lowered.items().0, 0, "nothing is computed");
        let list = space.read("runs/pipe/speech.max_bad=0.05/speech/set_aside.tsv");
        assert!(list.contains("made/audio/0003\t"), "{list}");
    }
    let plan = space.pipe(&["plan", "pipe.toml", "--set", "speech.max_bad=0"]);
    let planned = String::from_utf8(plan.stdout).unwrap();
    assert_eq!(plan.status.code(), Some(1), "{planned}");
    assert!(
        planned.contains("! speech    cannot run: 1 of 10"),
        "{planned}"
    );
    // What has a result, and needs what a run refuses, is not "unchanged" either.
    assert!(
        planned.contains("! count     cannot run: it needs fbank")
            && planned.contains("0 unchanged, 0 to run, 4 cannot run"),
        "{planned}"
    );
    let why = space.stdout(&["why", "pipe.toml", "--set", "speech.max_bad=0"]);
    assert!(
        why.contains("count (cannot run)\n  it needs fbank"),
        "{why}"
    );
    let raised = with_limit(&space, "speech", "0.1");
    assert_eq!((raised.code, raised.steps()), (Some(0), (0, 4, 0)));
}

#[test]
fn the_limit_of_a_later_step_holds_too_and_the_steps_before_it_are_unchanged() {
    let space = Workspace::with_corpus(10);
    // Too short for one frame: `fbank` alone has to set it aside.
    space.tone("corpora/made/audio/0003.wav", 16_000, 0.01, 200.0);
    assert_eq!(with_limit(&space, "fbank", "0.1").code, Some(0));
    let lowered = with_limit(&space, "fbank", "0");
    assert_eq!(failure(&lowered).0, "fbank");
    assert_eq!(lowered.with_status("hit"), ["speech", "audio"]);
    assert_eq!(lowered.with_status("skipped"), ["count"]);
    assert_eq!(with_limit(&space, "fbank", "0.1").steps(), (0, 4, 0));
}

#[test]
fn missing_files_count_as_broken_ones_do() {
    let (missing, broken) = (Workspace::with_corpus(20), Workspace::with_corpus(20));
    for index in (0..20).step_by(2) {
        let file = format!("corpora/made/audio/{index:04}.wav");
        std::fs::remove_file(missing.join(&file)).unwrap();
        broken.write(&file, "no recording");
    }
    for space in [&missing, &broken] {
        let (step, error, _) = failure(&space.run("pipe.toml", &[]));
        assert_eq!(step, "speech");
        assert!(error.contains("of 20 items cannot be used"), "{error}");
        assert_eq!(with_limit(space, "speech", "0.5").code, Some(0));
        let (_, error, _) = failure(&with_limit(space, "speech", "0.49"));
        assert!(error.starts_with("10 of 20 items"), "on hits: {error}");
    }
    let run = missing.run("pipe.toml", &[]);
    let (_, error, help) = failure(&run);
    // Rows in the order of the table, not of the digits of their numbers.
    assert!(
        error.ends_with(": the file does not exist: 10 times, first at made/table.csv:2 (audio/0000.wav; the nearest is audio/0001.wav)"),
        "{error}"
    );
    assert!(help.contains("runs/pipe/speech/dropped.tsv"), "{help}");
    let told = missing.read("runs/pipe/speech/dropped.tsv");
    assert_eq!(told.lines().count(), 11, "{told}");
}

#[test]
fn what_is_left_out_by_choice_does_not_count() {
    let space = Workspace::with_corpus(12);
    space.edit(
        "corpora.toml",
        "negative = [\"sad\"]",
        "negative = [], dropped = [\"sad\"]",
    );
    let dropped = with_limit(&space, "speech", "0");
    assert_eq!(dropped.code, Some(0), "{:?}", dropped.events);
    assert_eq!(dropped.finished()["items"]["left_out"], 4);
    // Neither does a row that is there once more.
    let first = space.read("corpora/made/table.csv");
    let second_row = first.lines().nth(1).unwrap();
    space.write("corpora/made/table.csv", format!("{first}{second_row}\n"));
    let repeated = with_limit(&space, "speech", "0");
    assert_eq!(repeated.code, Some(0), "{:?}", repeated.events);
    assert_eq!(repeated.finished()["items"]["left_out"], 5);
}

#[test]
fn labels_that_the_map_does_not_list_count() {
    let space = Workspace::with_corpus(12);
    space.edit("corpora.toml", "negative = [\"sad\"]", "negative = []");
    let (step, error, _) = failure(&with_limit(&space, "speech", "0.3"));
    assert_eq!(step, "speech");
    assert!(error.contains("4 of 12 items cannot be used"), "{error}");
    assert!(error.contains("label sad is not listed"), "{error}");
    let allowed = with_limit(&space, "speech", "0.4");
    assert_eq!(allowed.code, Some(0), "{:?}", allowed.events);
    assert!(!allowed.events_of("warning").is_empty());
}

/// What is left of a data set whose files were renamed is not the data set.
#[test]
fn names_that_the_reader_does_not_understand_count() {
    let space = Workspace::with_corpus(1);
    space.write(
        "corpora.toml",
        r#"folder = "corpora"
[corpus.german]
root = "german"
reader = "emo_db"
title = "Emo-DB"
language = "de"
licence = "none"
source = "made by the tests"
labels = { positive = ["F"], neutral = ["N"], negative = ["W", "L", "E", "A", "T"] }
"#,
    );
    for (index, letter) in ["F", "N", "W"].iter().enumerate() {
        let name = format!("corpora/german/wav/03a{:02}{letter}a.wav", index + 1);
        space.tone(&name, 16_000, 0.3, 150.0 + index as f64);
    }
    for index in 0..57 {
        let name = format!("corpora/german/wav/recording-{index:02}.wav");
        space.tone(&name, 16_000, 0.3, 160.0 + f64::from(index));
    }
    space.edit("pipe.toml", "corpora = \"made\"", "corpora = \"german\"");
    let run = space.run("pipe.toml", &[]);
    let (step, error, help) = failure(&run);
    assert_eq!((run.code, step.as_str()), (Some(1), "speech"));
    assert!(error.contains("57 of 60 items cannot be used"), "{error}");
    assert!(help.contains("runs/pipe/speech/dropped.tsv"), "{help}");
    let dropped = space.read("runs/pipe/speech/dropped.tsv");
    assert_eq!(dropped.lines().count(), 58, "{dropped}");
    assert_eq!(with_limit(&space, "speech", "0.95").code, Some(0));
}

/// A program that fails at every item and notes that it was called, beside a chain of its own.
const FAILING: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"

[stage.fails]
kind = "command"
for_each = "speech"
run = "echo called >> calls; exit 3"

[stage.fbank]
kind = "fbank"
input = "speech"

[stage.after]
kind = "command"
for_each = "fails"
run = "cp {input} {output}"
"#;

#[test]
fn a_step_that_is_certain_to_be_past_its_limit_ends_at_once() {
    let space = Workspace::with_corpus(100);
    space.write("pipe.toml", FAILING);
    let calls = || space.read("calls").lines().count();
    let run = space.run("pipe.toml", &["--jobs", "1"]);
    let (step, error, help) = failure(&run);
    assert_eq!(step, "fails");
    // One of a hundred is allowed.
    assert!(error.starts_with("at least 2 of 100 items"), "{error}");
    assert!(
        help.contains("bad items found before the step ended early"),
        "{help}"
    );
    assert_eq!(calls(), 2);
    assert!(run.executed().is_empty(), "{:?}", run.executed());
    // What does not follow from it is done where it is asked for.
    std::fs::remove_file(space.join("calls")).unwrap();
    let run = space.run("pipe.toml", &["--jobs", "1", "--keep-going"]);
    assert_eq!(failure(&run).0, "fails");
    assert_eq!(calls(), 2);
    assert_eq!(run.executed(), ["speech", "fbank"]);
    assert_eq!(run.with_status("skipped"), ["after"]);
}

#[test]
fn nothing_left_is_reported_with_the_reasons() {
    let space = Workspace::with_corpus(3);
    (0..3).for_each(|n| space.write(&format!("corpora/made/audio/000{n}.wav"), ""));
    let (_, error, help) = failure(&with_limit(&space, "speech", "1"));
    assert!(
        error.contains(
            "no items are left: the file is empty (0 bytes): 3 times, first at made/audio/0000"
        ),
        "{error}"
    );
    assert!(
        help.contains("runs/pipe/speech.max_bad=1/speech/set_aside.tsv"),
        "{help}"
    );
}

/// The cause is told where it is, and not that a training has nothing to learn from.
#[test]
fn that_all_recordings_are_missing_is_the_error() {
    let space = super::bundles::study(6);
    std::fs::remove_dir_all(space.join("corpora/made/audio")).unwrap();
    let run = space.run("pipelines/study.toml", &[]);
    let (step, error, _) = failure(&run);
    assert_eq!(step, "speech");
    for words in [
        "6 of 6 items cannot be used",
        "the file does not exist: 6 times",
    ] {
        assert!(error.contains(words), "{words}: {error}");
    }
    space.tone("corpora/made/audio/0000.wav", 16_000, 0.3, 100.0);
    let (step, error, _) = failure(&space.run("pipelines/study.toml", &[]));
    assert_eq!(step, "speech");
    assert!(error.contains("5 of 6 items cannot be used"), "{error}");
}

#[test]
fn a_disk_that_fails_ends_the_run_and_makes_no_recording_bad() {
    let space = Workspace::with_corpus(6);
    let file = space.join("corpora/made/audio/0002.wav");
    std::fs::remove_file(&file).unwrap();
    // Its first byte is at no address of the process: reading gives EIO.
    symlink("/proc/self/mem", &file).unwrap();
    space.write(
        "pipe.toml",
        space.read("pipe.toml")
            + "\n[stage.apart]\nkind = \"command\"\nrun = \"echo > {out}/apart\"\noutputs = [\"apart\"]\n",
    );
    for more in [&["--keep-going"][..], &["--set", "speech.max_bad=1"]] {
        let run = space.run("pipe.toml", more);
        let (step, error, _) = failure(&run);
        assert_eq!(step, "speech");
        assert!(error.starts_with("made/audio/0002: "), "{error}");
        let failed = run.failure();
        assert_eq!(failed["code"], "run::machine_fault");
        let items = &run.finished()["items"];
        assert_eq!((&items["bad"], &items["left_out"]), (&0.into(), &0.into()));
        assert!(run.executed().is_empty(), "{:?}", run.executed());
    }
}

#[test]
fn a_run_without_file_descriptors_takes_no_recording_for_bad() {
    let space = Workspace::with_corpus(12);
    let mut codes = Vec::new();
    for limit in (6..40).step_by(2) {
        let script = format!(
            "ulimit -n {limit}; exec \"$0\" run pipe.toml --jobs 2 --cache cache{limit} --runs runs{limit}"
        );
        let output = space.script(&script, &[]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        for words in ["left out", "set aside by", "too_many_bad", "panicked"] {
            assert!(!stderr.contains(words), "{limit}: {words}: {stderr}");
        }
        codes.push(output.status.code());
    }
    assert_eq!(codes.last(), Some(&Some(0)), "{codes:?}");
    assert_ne!(codes.first(), Some(&Some(0)), "{codes:?}");
}
