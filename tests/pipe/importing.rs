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
pub fn table(utterances: usize) -> String {
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
    let told = "3 columns are features: `F0`, `jitter`, `loudness`; left out: `speaker`";
    let warnings = run.events_of("warning");
    let of_columns = warnings
        .iter()
        .find(|warning| warning["message"].as_str().unwrap().contains(told));
    assert_eq!(of_columns.unwrap()["step"], "features", "{warnings:?}");
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
    // The same table elsewhere, under another name, is the same.
    std::fs::create_dir(space.join("elsewhere")).unwrap();
    std::fs::rename(
        space.join("features.csv"),
        space.join("elsewhere/renamed.csv"),
    )
    .unwrap();
    space.edit("pipe.toml", "\"features.csv\"", "\"elsewhere/renamed.csv\"");
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
fn names_that_may_be_two_recordings_are_reported() {
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
fn what_cannot_be_used_is_said_before_anything_runs() {
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
        (
            "\"features.csv\"",
            "\"features.csv\"\ncolumns = [\"pitch\"]",
            "no column `pitch`",
        ),
        (
            "\"features.csv\"",
            "\"features.csv\"\ncolumns = []",
            "`columns` names none",
        ),
        (
            "\"features.csv\"",
            "\"features.csv\"\nname_column = \"recording\"",
            "name_column",
        ),
        (
            "\"features.csv\"",
            "\"list.scp\"\nnames = \"list.scp\"",
            "`names` is only for a file .npy",
        ),
        ("\"features.csv\"", "\"utf16.csv\"", "UTF-16"),
        (
            "\"features.csv\"",
            "\"a.parquet\"",
            "no Parquet file that can be read",
        ),
        ("\"features.csv\"", "\"a.npy\"", "names.txt"),
        ("\"features.csv\"", "\"twice.csv\"", "same name: `F0`"),
    ] {
        let space = space();
        space.write("empty/README.txt", "");
        let list = match new.contains("names") {
            true => "one feats.ark:4\n",
            false => "one\n",
        };
        space.write("list.scp", list);
        space.write("utf16.csv", b"\xff\xfef\0");
        space.write("a.parquet", "PAR1");
        space.write("a.npy", "");
        space.write("twice.csv", "file,F0,F0\na,1,1\n");
        space.edit("pipe.toml", old, new);
        let told = space.refused(&["plan", "pipe.toml"]);
        // Lines are broken where they are long.
        let told = told.replace("\n  \u{2502} ", " ");
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

/// Four recordings of each of four speakers, with the same names in the speakers' folders.
fn folders() -> Workspace {
    let space = space();
    let mut table = String::from("path,speaker,gender,language,emotion\n");
    for index in 0..16 {
        let (speaker, recording) = (index / 4, index % 4);
        let path = format!("spk{speaker}/a00{recording}.wav");
        let hertz = 150.0 + f64::from(index);
        space.tone(&format!("corpora/made/{path}"), 16_000, 0.3, hertz);
        let emotion = ["happy", "neutral", "sad"][recording as usize % 3];
        writeln!(table, "{path},s{speaker},female,en,{emotion}").unwrap();
    }
    space.write("corpora/made/table.csv", table);
    space
}

/// The reasons why items of the step are bad.
fn reasons(space: &Workspace) -> String {
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    run.error().to_owned()
}

#[test]
fn features_of_a_recording_in_another_folder_are_another_recordings() {
    let space = folders();
    let mut table = String::from("file,F0,jitter\n");
    for index in 0..12 {
        writeln!(
            table,
            "/data/spk{}/a00{}.wav,{index},1",
            index / 4,
            index % 4
        )
        .unwrap();
    }
    space.write("features.csv", &table);
    space.edit("pipe.toml", "files = ", "max_bad = 0.0\nfiles = ");
    let error = reasons(&space);
    assert!(error.contains("is in other folders"), "{error}");
    let set_aside = {
        space.edit("pipe.toml", "max_bad = 0.0", "max_bad = 0.25");
        space.run_well("pipe.toml");
        space.read("runs/pipe/features/set_aside.tsv")
    };
    assert_eq!(set_aside.matches("made/spk3/").count(), 4, "{set_aside}");
    space.write("features.csv", table.replace("/data/spk0/", ""));
    space.edit("pipe.toml", "max_bad = 0.25", "max_bad = 0.0");
    let error = reasons(&space);
    assert!(error.contains("fits several recordings"), "{error}");
}

#[test]
fn segments_take_no_features_of_the_whole_recording() {
    let space = space();
    let mut labels = String::from("path,start,end,speaker,gender,language,emotion\n");
    let (mut whole, mut own) = (String::from("file,F0\n"), String::from("id,F0\n"));
    for index in 0..8 {
        let name = format!("talk{index}");
        let hertz = 150.0 + f64::from(index);
        space.tone(&format!("corpora/made/{name}.wav"), 16_000, 1.0, hertz);
        for (half, times) in ["0,0.5", "0.5,1"].into_iter().enumerate() {
            let emotion = ["happy", "neutral", "sad"][(index as usize + half) % 3];
            writeln!(labels, "{name}.wav,{times},s{index},female,en,{emotion}").unwrap();
            let (start, end) = (500 * half, 500 * (half + 1));
            writeln!(own, "made/{name}/{start:08}-{end:08},{index}").unwrap();
        }
        writeln!(whole, "{name}.wav,{index}").unwrap();
    }
    space.write("corpora/made/table.csv", labels);
    space.write("features.csv", whole);
    let error = reasons(&space);
    assert!(
        error.contains("has no times, so the features of"),
        "{error}"
    );
    space.write("features.csv", own);
    space.run_well("pipe.toml");
}

#[test]
fn features_in_another_order_are_other_features() {
    let space = space();
    let swapped = table(16).replacen("F0,jitter", "jitter,F0", 1);
    space.write("other.csv", swapped);
    let other = "[stage.other]\nkind = \"import\"\ninput = \"speech\"\nfiles = \"other.csv\"\n";
    let manifest = MANIFEST.replace(
        "model = \"train\"\ninput = \"features\"",
        "model = \"train\"\ninput = \"other\"",
    );
    space.write("pipe.toml", format!("{manifest}{other}"));
    let error = reasons(&space);
    assert!(error.contains("columns"), "{error}");
    // Named in the order of training, they are the same.
    let columns = "files = \"other.csv\"\ncolumns = [\"F0\", \"jitter\", \"loudness\"]";
    space.edit("pipe.toml", "files = \"other.csv\"", columns);
    space.run_well("pipe.toml");
}

#[test]
fn features_under_the_ids_of_a_data_folder_of_kaldi_join_its_utterances() {
    let space = space();
    let (mut scp, mut speakers, mut labels) = (String::new(), String::new(), String::new());
    let mut archive = String::new();
    for index in 0..16 {
        let id = format!("s{}-utt{index:02}", index % 4);
        writeln!(scp, "{id} audio/{index:04}.wav").unwrap();
        writeln!(speakers, "{id} s{}", index % 4).unwrap();
        writeln!(labels, "{id} {}", ["happy", "neutral", "sad"][index % 3]).unwrap();
        writeln!(archive, "{id}  [\n  {index} 1 2 ]").unwrap();
    }
    space.write("corpora/made/wav.scp", scp);
    space.write("corpora/made/utt2spk", speakers);
    space.write("corpora/made/utt2emo", labels);
    space.write("feats.ark", archive);
    space.edit("corpora.toml", "reader = \"table\"", "reader = \"kaldi\"");
    space.edit("corpora.toml", "options = { table = \"table.csv\" }", "");
    space.edit("pipe.toml", "\"features.csv\"", "\"feats.ark\"");
    let error = reasons(&space);
    assert!(error.contains("columns = [\"utterance_id\"]"), "{error}");
    let columns = "corpora = \"made\"\ncolumns = [\"utterance_id\"]";
    space.edit("pipe.toml", "corpora = \"made\"", columns);
    space.run_well("pipe.toml");
}

#[test]
fn equal_rows_of_different_recordings_are_reported_and_stop_nothing() {
    let space = space();
    // Two columns with few values: many recordings have the same.
    let rows = (0..16).map(|index| format!("audio/{index:04}.wav,{},{}\n", index % 2, 1));
    space.write(
        "features.csv",
        "file,a,b\n".to_owned() + &rows.collect::<String>(),
    );
    let run = space.run_well("pipe.toml");
    let told = run.warnings().join("\n");
    assert!(
        told.contains("pairs of recordings with the same features")
            && told.contains("that does not say whether the recordings are the same"),
        "{told}"
    );
    assert!(!told.contains("the same audio"), "{told}");
    // Several frames that differ are not the same by chance.
    let rows = (0..16).flat_map(|index| {
        let row = move |value: usize| format!("audio/{index:04}.wav,{value},{}\n", index % 2);
        [row(1), row(2)]
    });
    space.write(
        "features.csv",
        "file,a,b\n".to_owned() + &rows.collect::<String>(),
    );
    let run = space.run("pipe.toml", &[]);
    let told = run.error();
    assert!(
        told.contains("the same features are in more than one part"),
        "{told}"
    );
}
