//! A run as one file: made with the same bytes every time, reproduced elsewhere, refused where it is not as it was.

use std::fs;

use serde_json::{Value as Json, json};

use super::manifests;
use super::somebody::Somebody;
use super::workspace::{Workspace, lines_of_json};

/// Recordings, a network that is trained and tested on them, and a report.
pub fn study(utterances: usize) -> Workspace {
    let space = Workspace::with_corpus(utterances);
    fs::remove_file(space.join("pipe.toml")).unwrap();
    space.write("pipelines/include/front_end.toml", front_end());
    space.write("pipelines/study.toml", STUDY);
    space
}

/// [`manifests::MADE`] with all three splits.
fn front_end() -> String {
    let splits = "split = { train = 0.5, validation = 0.25, test = 0.25 }";
    manifests::MADE.replace("split = \"train\"", splits)
}

const STUDY: &str = r#"include = "include/front_end.toml"
[stage.train]
kind = "train"
input = "fbank"
epochs = 2
batch = 4
encoder = [{ layer = "conv", channels = 4, width = 3, padding = 1 }, { layer = "time_pool", how = "mean" }]
[stage.test]
kind = "evaluate"
model = "train"
input = "fbank"
[stage.report]
kind = "report"
input = "test"
"#;

pub const BUNDLE: &str = "run.tar.zst";

/// A study that was run and exported.
pub fn exported() -> Workspace {
    let space = study(12);
    space.run_well("pipelines/study.toml");
    space.stdout(&["bundle", "export", "pipelines/study.toml", "-o", BUNDLE]);
    space
}

/// Another clone: the recordings elsewhere under another name, and the bundle.
pub fn receiver(sender: &Workspace) -> Workspace {
    let space = Workspace::new();
    let there = space.join("far/away/recordings");
    fs::create_dir_all(&there).unwrap();
    for (name, content) in sender.files("corpora/made") {
        space.write(&format!("far/away/recordings/{name}"), content);
    }
    let corpora = sender.read("corpora.toml");
    let corpora = corpora.replace("folder = \"corpora\"", "folder = \"far\"");
    let corpora = corpora.replace("root = \"made\"", "root = \"away/recordings\"");
    space.write("corpora.toml", corpora);
    fs::copy(sender.join(BUNDLE), space.join(BUNDLE)).unwrap();
    space
}

/// The last line of `pipe reproduce --json`, and the exit code.
pub fn reproduced(space: &Workspace, more: &[&str]) -> (Json, i32) {
    let arguments = [&["reproduce", BUNDLE, "--json"], more].concat();
    let output = space.pipe(&arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let last = lines_of_json(&text).pop();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = last.unwrap_or_else(|| panic!("{stderr}"));
    (last, output.status.code().unwrap())
}

#[test]
fn the_same_run_gives_the_same_bytes_and_holds_no_recordings() {
    let space = exported();
    let first = fs::read(space.join(BUNDLE)).unwrap();
    space.stdout(&[
        "bundle",
        "export",
        "pipelines/study.toml",
        "-o",
        "again/b.tar.zst",
    ]);
    assert_eq!(fs::read(space.join("again/b.tar.zst")).unwrap(), first);

    space.stdout(&["bundle", "import", BUNDLE]);
    let files = space.files("run");
    for name in [
        "bundle.json",
        "project/corpora.toml",
        "project/pipelines/study.toml",
        "project/pipelines/study.lock.toml",
        "project/pipelines/include/front_end.toml",
        "data/speech.tsv",
        "results/speech/split.tsv",
        "results/train/model.safetensors",
        "results/train/history.jsonl",
        "results/test/predictions.csv",
        "results/report/report.html",
    ] {
        assert!(files.contains_key(name), "{name} of {:?}", files.keys());
    }
    let is_recording = |name: &&String| name.ends_with(".wav") || name.starts_with("features");
    assert_eq!(files.keys().find(is_recording), None);
    let home = space.path().canonicalize().unwrap();
    let home = home.display().to_string();
    for (name, content) in &files {
        let text = String::from_utf8_lossy(content);
        assert!(!text.contains(&home), "{name} says where it was made");
    }
    let table = String::from_utf8_lossy(&files["data/speech.tsv"]);
    assert_eq!(table.lines().count(), 13);
}

#[test]
fn another_folder_another_user_and_another_path_reproduce_it_as_identical() {
    let sender = exported();
    let space = receiver(&sender);
    let user = Somebody::new(&space);
    let mut command = user.command("./program");
    command.args(["reproduce", BUNDLE, "--cache", "my/cache"]);
    let output = command.env("HOME", space.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{stderr}");
    assert!(said.starts_with("identical: all 6 steps"), "{said}");
    assert!(
        space
            .join("run/runs/reproduced/study/report/report.html")
            .exists()
    );

    // Again from the cache, by the same user.
    let (verdict, code) = reproduced(&space, &["--cache", "my/cache"]);
    assert_eq!((&verdict["verdict"], code), (&json!("identical"), 0));
    // The sender too, beside the manifest of the same name.
    let (verdict, code) = reproduced(&sender, &[]);
    assert_eq!((&verdict["verdict"], code), (&json!("identical"), 0));
}

#[test]
fn a_recording_a_label_and_a_missing_row_make_other_data_with_counts() {
    let sender = exported();
    let space = receiver(&sender);
    let wav = "far/away/recordings/audio/0005.wav";
    let table = "far/away/recordings/table.csv";
    let data = |space: &Workspace| {
        let (verdict, code) = reproduced(space, &[]);
        assert_eq!(
            (&verdict["verdict"], code),
            (&json!("different_data"), 1),
            "{verdict}"
        );
        let changes = verdict["data"].as_array().unwrap().clone();
        let sum = |what: &str| {
            changes
                .iter()
                .map(|change| change[what].as_u64().unwrap())
                .sum::<u64>()
        };
        ["missing", "added", "other_recording", "other_facts"].map(sum)
    };
    let before = fs::read(space.join(wav)).unwrap();
    space.tone(wav, 16_000, 0.3, 777.0);
    assert_eq!(data(&space), [0u64, 0, 1, 0]);
    assert!(
        !space
            .join("cache/steps")
            .read_dir()
            .is_ok_and(|mut all| all.next().is_some())
    );
    fs::write(space.join(wav), before).unwrap();

    let rows = space.read(table);
    space.edit(
        table,
        "audio/0001.wav,s1,male,en,neutral",
        "audio/0001.wav,s1,male,en,sad",
    );
    assert_eq!(data(&space), [0, 0, 0, 1]);
    space.write(table, rows);
    assert_eq!(reproduced(&space, &[]).0["verdict"], "identical");
}

/// Utterances that are in another split are not missing, and those of another split are not counted.
#[test]
fn utterances_in_another_split_are_reported_as_such() {
    let space = receiver(&exported());
    let split = "speech.split={ train = 0.25, validation = 0.25, test = 0.5 }";
    let (verdict, code) = reproduced(&space, &["--set", split]);
    assert_eq!((&verdict["verdict"], code), (&json!("different_data"), 1));
    let changes = verdict["data"].as_array().unwrap();
    let sum = |what: &str| -> u64 {
        let counts = changes.iter().map(|change| change[what].as_u64().unwrap());
        counts.sum()
    };
    assert_eq!(["missing", "added", "other_recording"].map(sum), [0, 0, 0]);
    assert!(sum("moved_in") > 0 && sum("moved_in") == sum("moved_out"));
    let told = space.stdout_of_exit(&["reproduce", BUNDLE, "--set", split], 1);
    assert!(told.contains("in another split or corpus here"), "{told}");
    assert!(!told.contains("missing"), "{told}");
}

#[test]
fn a_parameter_gives_the_same_data_and_different_numbers() {
    let space = receiver(&exported());
    let (verdict, code) = reproduced(&space, &["--set", "train.seed=7"]);
    assert_eq!(code, 1);
    assert_eq!(verdict["verdict"], "different_numbers", "{verdict}");
    let steps = verdict["steps"].as_array().unwrap();
    assert_eq!(steps, &[json!("train"), json!("test"), json!("report")]);
    assert_eq!(verdict["predictions"][0]["step"], "test");
    let told = space.stdout_of_exit(&["reproduce", BUNDLE, "--set", "train.seed=7"], 1);
    assert!(
        told.starts_with("changed:\ntrain\n  seed: 0 -> 7\n"),
        "{told}"
    );
    assert!(
        told.contains("\nsame data, different numbers: 3 steps are"),
        "{told}"
    );
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_nothing_is_kept() {
    let space = exported();
    let whole = fs::read(space.join(BUNDLE)).unwrap();
    let places = (0..whole.len()).step_by(whole.len() / 60);
    for at in places {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(space.join("bad.tar.zst"), bytes).unwrap();
        let told = space.refused(&["bundle", "import", "bad.tar.zst"]);
        assert!(told.contains("bundle::damaged"), "bit at {at}: {told}");
    }
    for length in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(space.join("bad.tar.zst"), &whole[..length]).unwrap();
        let told = space.refused(&["bundle", "import", "bad.tar.zst"]);
        assert!(told.contains("bundle::damaged"), "cut at {length}: {told}");
    }
    assert!(!space.join("bad").exists());
    let left = fs::read_dir(space.path()).unwrap().flatten();
    let left: Vec<_> = left
        .filter(|entry| entry.file_name().to_string_lossy().contains("new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_bundle_grants_no_programs_and_its_results_count_for_nothing() {
    let manifest =
        "[stage.one]\nkind = \"command\"\nrun = \"echo 1 > {out}/a\"\noutputs = [\"a\"]\n";
    let space = Workspace::with_manifest("pipe.toml", manifest);
    space.run_well("pipe.toml");
    space.stdout(&["bundle", "export", "pipe.toml", "-o", BUNDLE]);
    // Even where everything is trusted, as in these tests.
    let told = space.refused(&["reproduce", BUNDLE]);
    assert!(
        told.contains("trust::commands") && told.contains("echo 1"),
        "{told}"
    );
    let (verdict, _) = reproduced(&space, &["--allow-commands", "--cache", "other"]);
    assert_eq!(verdict["verdict"], "identical");
    let told = space.refused(&["run", "run/project/pipe.toml"]);
    assert!(told.contains("trust::commands"), "{told}");
    // Nothing of it is in a cache.
    space.stdout(&[
        "bundle",
        "import",
        BUNDLE,
        "-o",
        "fresh",
        "--cache",
        "untouched",
    ]);
    assert!(!space.join("untouched").exists());
}

#[test]
fn what_is_not_run_or_not_in_the_project_cannot_be_exported() {
    let space = study(12);
    let export = ["bundle", "export", "pipelines/study.toml", "-o", BUNDLE];
    let told = space.refused(&export);
    assert!(told.contains("6 steps are not up to date"), "{told}");
    space.write("elsewhere/front_end.toml", front_end());
    space.write(
        "project/corpora.toml",
        space
            .read("corpora.toml")
            .replace("\"corpora\"", "\"../corpora\""),
    );
    let manifest = STUDY.replace("include/", "../elsewhere/");
    space.write("project/study.toml", manifest);
    space.run_well("project/study.toml");
    let told = space.refused(&["bundle", "export", "project/study.toml", "-o", BUNDLE]);
    assert!(told.contains("bundle::outside"), "{told}");
    assert!(!space.join(BUNDLE).exists());
}
