//! What causes work and what does not.

use std::fs;

use super::manifests::chain;
use super::workspace::{Run, Workspace};

#[test]
fn a_second_run_executes_nothing() {
    let space = Workspace::with_corpus(12);
    let first = space.run_well("pipe.toml");
    assert_eq!(first.steps(), (4, 0, 0));
    assert_eq!(first.items(), (36, 0));
    let second = space.run_well("pipe.toml");
    assert_eq!(second.steps(), (0, 4, 0));
    assert_eq!(second.items(), (0, 36));
    assert_eq!(space.read("runs/pipe/count/count.txt").trim(), "13");
}

#[test]
fn comments_order_white_space_and_spelling_cause_no_work() {
    let space = Workspace::with_corpus(6);
    let first = space.run_well("pipe.toml");
    let reordered = r#"
# Another comment.
[stage.count]
outputs = [ "count.txt" ]   # the only one
run = 'wc -l < {features}/items.tsv > {out}/count.txt'
inputs.features = "fbank"
kind = "command"
[stage.fbank]
preemphasis = 0.970
bins = 0x17
sample_rate_hz = 8_000
input = ["audio"]
kind = "fbank"
low_hz = 20
[stage.audio]
rate_hz = 8000
kind = "resample"
input = "speech"
max_bad = 0.5
[stage.speech]
split = "train"
corpora = ["made"]
kind = "ingest"
"#;
    space.write("pipe.toml", reordered);
    let second = space.run_well("pipe.toml");
    assert_eq!(second.steps(), (0, 4, 0), "{:?}", second.executed());
    for step in ["speech", "audio", "fbank", "count"] {
        assert_eq!(first.key(step), second.key(step));
    }
}

#[test]
fn names_of_stages_are_not_part_of_results() {
    let space = Workspace::with_corpus(6);
    space.run_well("pipe.toml");
    space.write(
        "pipe.toml",
        chain()
            .replace("stage.fbank", "stage.mel")
            .replace("\"fbank\" }", "\"mel\" }"),
    );
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}

#[test]
fn an_edited_parameter_reruns_its_stage_and_what_follows_and_back_is_free() {
    let space = Workspace::with_corpus(6);
    space.run_well("pipe.toml");
    space.edit("pipe.toml", "bins = 23", "bins = 20");
    let planned = space.stdout(&["plan", "pipe.toml"]);
    assert!(
        planned.contains("+ fbank") && planned.contains("6 items to compute"),
        "{planned}"
    );
    let run = space.run_well("pipe.toml");
    assert_eq!(run.executed(), ["fbank", "count"]);
    assert_eq!(run.items().0, 6);
    let why = space.stdout(&["why", "pipe.toml"]);
    assert!(why.contains("bins: 23 -> 20"), "{why}");
    assert!(why.contains("the result of `fbank` changed"), "{why}");
    space.edit("pipe.toml", "bins = 20", "bins = 23");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}

#[test]
fn set_on_the_command_line_is_the_same_as_an_edit() {
    let space = Workspace::with_corpus(4);
    let set = space.run("pipe.toml", &["--set", "fbank.bins=20"]);
    assert_eq!(set.code, Some(0));
    space.edit("pipe.toml", "bins = 23", "bins = 20");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}

#[test]
fn one_changed_file_costs_one_file() {
    let space = Workspace::with_corpus(200);
    space.edit("pipe.toml", "[stage.count]", "[stage.unused]");
    space.run_well("pipe.toml");
    let before = space.bytes("cache");
    space.tone("corpora/made/audio/0007.wav", 16_000, 0.3, 999.0);
    let planned = space.stdout(&["plan", "pipe.toml"]);
    assert!(
        planned.contains("1 item to compute, 199 reused"),
        "{planned}"
    );
    let run = space.run_well("pipe.toml");
    assert_eq!(run.items(), (3, 597));
    let grown = space.bytes("cache") - before;
    // One item of features is 23 bins x 28 frames x 4 bytes; the rest is records of the steps.
    assert!(
        grown < 20_000,
        "the cache grew by {grown} of {before} bytes"
    );
    let why = space.stdout(&["why", "pipe.toml", "--step", "speech"]);
    assert!(why.contains("made/audio/0007: content "), "{why}");
}

#[test]
fn an_added_and_a_removed_file_leave_the_others_alone() {
    let space = Workspace::with_corpus(20);
    space.run_well("pipe.toml");
    space.tone("corpora/made/audio/0020.wav", 16_000, 0.3, 700.0);
    space.table(21);
    let added = space.run_well("pipe.toml");
    assert_eq!(added.items().0, 3);
    space.table(20);
    assert_eq!(space.run_well("pipe.toml").items().0, 0);
}

#[test]
fn touched_copied_and_moved_files_cause_no_work() {
    let space = Workspace::with_corpus(6);
    let first = space.run_well("pipe.toml");
    let file = space.join("corpora/made/audio/0003.wav");
    let content = fs::read(&file).unwrap();
    fs::write(&file, content).unwrap();
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
    fs::create_dir(space.join("elsewhere")).unwrap();
    fs::rename(space.join("corpora"), space.join("elsewhere/voices")).unwrap();
    let moved = space.run("pipe.toml", &["--corpora", "elsewhere/voices"]);
    assert_eq!(moved.steps(), (0, 4, 0));
    assert_eq!(moved.key("fbank"), first.key("fbank"));
}

#[test]
fn the_same_content_in_another_workspace_has_the_same_keys() {
    let (left, right) = (Workspace::with_corpus(5), Workspace::with_corpus(5));
    let one = left.run("pipe.toml", &["--jobs", "1"]);
    let two = right.run("pipe.toml", &["--jobs", "4", "--cache", "other"]);
    for step in ["speech", "audio", "fbank", "count"] {
        assert_eq!(one.key(step), two.key(step));
    }
}

#[test]
fn an_edit_that_keeps_size_and_mtime_is_noticed() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    let file = space.join("corpora/made/audio/0001.wav");
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    let mut content = fs::read(&file).unwrap();
    content[100] ^= 0x55;
    fs::write(&file, content).unwrap();
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    assert_eq!(space.run_well("pipe.toml").items().0, 3);
}

#[test]
fn equal_results_cut_off_what_follows() {
    let space = Workspace::with_corpus(6);
    space.edit("pipe.toml", "run = \"wc", "run = \"true; wc");
    space.write(
        "pipe.toml",
        space.read("pipe.toml")
            + "\n[stage.after]\nkind = \"command\"\ninputs = { count = \"count\" }\nrun = \"cp {count}/count.txt {out}/copy.txt\"\noutputs = [\"copy.txt\"]\n",
    );
    space.run_well("pipe.toml");
    space.edit("pipe.toml", "run = \"true; wc", "run = \"true && wc");
    let run = space.run_well("pipe.toml");
    assert_eq!(
        run.executed(),
        ["count"],
        "the count is the same, so `after` has nothing to do"
    );
}

#[test]
fn results_under_runs_are_restored_when_touched() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    space.write("runs/pipe/count/count.txt", "edited by hand");
    let run = space.run_well("pipe.toml");
    assert_eq!(run.steps(), (0, 4, 0));
    assert_eq!(space.read("runs/pipe/count/count.txt").trim(), "5");
    fs::remove_dir_all(space.join("runs")).unwrap();
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/count/count.txt").trim(), "5");
}

#[test]
fn another_locale_folder_or_number_of_threads_causes_no_work() {
    let space = Workspace::with_corpus(4);
    let first = space.run("pipe.toml", &["--jobs", "1"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let name = space.path().file_name().unwrap().to_str().unwrap();
    let below = |name: &str, file: &str| format!("{name}/{file}");
    let (manifest, cache, runs) = (
        below(name, "pipe.toml"),
        below(name, "cache"),
        below(name, "runs"),
    );
    let arguments = [
        "run", &manifest, "--json", "--cache", &cache, "--runs", &runs, "--jobs", "3",
    ];
    let mut command = space.command(&arguments);
    command
        .current_dir(space.path().parent().unwrap())
        .env("LC_ALL", "de_DE.UTF-8")
        .env("LANG", "tr_TR.UTF-8")
        .env("TZ", "Asia/Kolkata")
        .env("OMP_NUM_THREADS", "7")
        .env("RAYON_NUM_THREADS", "5");
    let again = Run::of(command.output().unwrap());
    assert_eq!(
        again.steps(),
        (0, 4, 0),
        "{:?} {}",
        again.events,
        again.stderr
    );
    for step in ["speech", "audio", "fbank", "count"] {
        assert_eq!(again.key(step), first.key(step));
    }
}

/// As after a clock that was set back, or from another machine.
#[test]
fn files_dated_in_the_future_are_used_and_their_edits_noticed() {
    let space = Workspace::with_corpus(4);
    let future = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(7_258_118_400);
    let date = |name: &str| {
        let file = std::fs::File::options().write(true).open(space.join(name));
        file.unwrap().set_modified(future).unwrap();
    };
    let recordings: Vec<String> = (0..4)
        .map(|index| format!("corpora/made/audio/{index:04}.wav"))
        .collect();
    recordings.iter().for_each(|name| date(name));
    date("corpora/made/table.csv");
    let first = space.run_well("pipe.toml");
    let again = space.run_well("pipe.toml");
    assert_eq!(again.steps(), (0, 4, 0));
    // Of the same length and with the same date.
    space.tone(&recordings[2], 16_000, 0.3, 400.0);
    date(&recordings[2]);
    let edited = space.run_well("pipe.toml");
    assert_eq!(edited.items(), (3, 9));
    assert_ne!(edited.key("count"), first.key("count"));
    // What the cache wrote itself may be of the future too.
    for entry in walkdir::WalkDir::new(space.join("cache")) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let file = std::fs::File::open(entry.path()).unwrap();
            file.set_modified(future).unwrap();
        }
    }
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
    assert_eq!(space.pipe(&["cache", "verify"]).status.code(), Some(0));
}
