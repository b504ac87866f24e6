//! `import`: features that other programs have computed, joined to utterances.

use std::fmt::Write as _;

use super::workspace::Workspace;

const MANIFEST: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = { train = 0.5, validation = 0.25, test = 0.25 }

[stage.features]
kind = "import"
input = "speech"
files = "features.csv"

[stage.train]
kind = "train"
input = "features"
encoder = [{ layer = "time_pool", how = "mean" }]
epochs = 2
batch = 8

[stage.test]
kind = "evaluate"
model = "train"
input = "features"
"#;

/// A table as audformat and Nkululeko write it: three features of each file, under its path elsewhere.
fn table(utterances: usize) -> String {
    let mut table = String::from("file,F0,jitter,loudness,speaker\n");
    for index in 0..utterances {
        let value = f64::from(index as u32) / 10.0;
        writeln!(
            table,
            "/somewhere/else/audio/{index:04}.wav,{value},{},{},s{}",
            -value,
            value * value,
            index % 4
        )
        .unwrap();
    }
    table
}

fn space() -> Workspace {
    let space = Workspace::with_corpus(16);
    space.write("pipe.toml", MANIFEST);
    space.write("features.csv", table(16));
    space
}

#[test]
fn a_model_learns_from_a_table_and_one_changed_row_changes_its_own_features_alone() {
    let space = space();
    let run = space.run_well("pipe.toml");
    assert_eq!(run.executed(), ["speech", "features", "train", "test"]);
    let warned = run.warnings().join("\n");
    assert!(
        warned.contains("3 columns are features; left out: `speaker`"),
        "{warned}"
    );
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
    // Another order of rows is another file and the same features.
    let mut lines: Vec<String> = table(16).lines().map(str::to_owned).collect();
    lines[1..].reverse();
    space.write("features.csv", lines.join("\n"));
    assert_eq!(space.run_well("pipe.toml").executed(), ["features"]);
    space.write("features.csv", table(16).replace(",0.5,", ",0.55,"));
    assert_eq!(
        space.run_well("pipe.toml").executed(),
        ["features", "train", "test"]
    );
    // The same table elsewhere is the same.
    std::fs::create_dir(space.join("elsewhere")).unwrap();
    std::fs::rename(
        space.join("features.csv"),
        space.join("elsewhere/features.csv"),
    )
    .unwrap();
    space.edit(
        "pipe.toml",
        "\"features.csv\"",
        "\"elsewhere/features.csv\"",
    );
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
}

#[test]
fn utterances_without_features_count_as_bad_and_are_named() {
    let space = space();
    space.write("features.csv", table(14));
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1));
    let error = run.failure()["error"].as_str().unwrap().to_owned();
    assert!(
        error.contains("features.csv has no features of it"),
        "{error}"
    );
    space.edit("pipe.toml", "files = ", "max_bad = 0.2\nfiles = ");
    assert_eq!(space.run_well("pipe.toml").events_of("item_bad").len(), 2);
    let set_aside = space.read("runs/pipe/features/set_aside.tsv");
    assert!(set_aside.contains("made/audio/0014"), "{set_aside}");
}

#[test]
fn names_that_may_be_two_recordings_are_told() {
    let space = space();
    let other = table(16).lines().nth(1).unwrap().replace("else", "again");
    space.write("features.csv", format!("{}{other}\n", table(16)));
    let run = space.run("pipe.toml", &[]);
    let error = run.failure()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("/somewhere/again/audio/0000.wav"), "{error}");
}

#[test]
fn archives_and_folders_are_read_and_their_files_are_in_the_key() {
    let space = space();
    // A text archive of Kaldi, and a list that points into it.
    let (mut archive, mut list) = (String::new(), String::new());
    for index in 0..16 {
        let name = format!("made/audio/{index:04}");
        write!(archive, "{name} ").unwrap();
        writeln!(list, "{name} feats.ark:{}", archive.len()).unwrap();
        writeln!(archive, " [\n  {index} 1 2\n  3 4 5 ]").unwrap();
    }
    space.write("kaldi/feats.ark", &archive);
    space.write("kaldi/feats.scp", list);
    space.edit("pipe.toml", "\"features.csv\"", "\"kaldi/feats.scp\"");
    space.run_well("pipe.toml");
    space.write("kaldi/feats.ark", archive.replace("3 4 5", "3 4 6"));
    assert_eq!(
        space.run_well("pipe.toml").executed(),
        ["features", "train", "test"]
    );
    // What makes features of new recordings is elsewhere.
    let refused = space.refused(&["predict", "runs/pipe/train/model.safetensors", "corpora"]);
    assert!(refused.contains("`import`"), "{refused}");
}

#[test]
fn what_cannot_be_used_is_said_before_anything_runs_or_ends_the_step_at_once() {
    for (old, new, expected) in [
        (
            "\"features.csv\"",
            "\"absent.csv\"",
            "absent.csv does not exist",
        ),
        (
            "\"features.csv\"",
            "\"empty\"",
            "no files .npy, .npz or .safetensors",
        ),
        ("\"features.csv\"", "\"list.scp\"", "line 1"),
    ] {
        let space = space();
        space.write("empty/README.txt", "");
        space.write("list.scp", "one\n");
        space.edit("pipe.toml", old, new);
        let told = space.refused(&["plan", "pipe.toml"]);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let space = space();
    space.edit(
        "pipe.toml",
        "\"features.csv\"",
        "\"features.csv\"\ncolumns = [\"pitch\"]",
    );
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1));
    let error = run.failure()["error"].as_str().unwrap().to_owned();
    assert!(
        error.contains("no column `pitch`") && error.contains("`jitter`"),
        "{error}"
    );
    assert!(run.events_of("item_bad").is_empty());
}
