//! Corpora described by a table.

use std::sync::Mutex;

use pipe_foundation::Digest;
use serde_json::json;

use crate::corpus::{FileContent, Look};

use super::*;

fn tree(files: &[&str]) -> Tree {
    Tree::new("nemo", files)
}

const HEADER: &str = "file_id\temotion\traw_text\tspeaker_id\tgender\n";

#[test]
fn a_table_names_files_speakers_and_labels() {
    let tree = tree(&[
        "samples/A_fear_1.wav",
        "samples/B_sad_2.wav",
        "samples/C_1.wav",
    ]);
    tree.write(
        "data.tsv",
        format!(
            "{HEADER}A_fear_1.wav\tfear\tsays \"so\t   A\tfemale\nB_sad_2.wav\tsurprised\tx\tB\tM\n\
             absent.wav\tfear\tx\tB\tm\nC_1.wav\tfear\tx\nC_1.wav\tjoy\tx\tC\tqueer\n\
             ../secret.wav\tfear\tx\tB\tm\nA_fear_1.wav\tfear\tx\tA\tf\n\t\tx\t\t\n"
        ),
    );
    let listing = tree.list();
    assert_eq!(
        facts(&listing),
        [
            ("samples/A_fear_1", "A", F, "fear", Emotion::Negative),
            ("samples/B_sad_2", "B", M, "surprised", Emotion::Positive),
        ]
    );
    assert!(listing.entries.iter().all(|e| e.utterance.language == "pl"));
    assert_eq!(
        dropped(&listing),
        [
            ("data.tsv:4", "the file does not exist: samples/absent.wav"),
            ("data.tsv:5", "it has 3 fields, but the header has 5"),
            ("data.tsv:6", "label joy is not listed"),
            (
                "data.tsv:7",
                "path is outside the corpus folder: ../secret.wav"
            ),
            (
                "data.tsv:8",
                "the same is in an earlier row: samples/A_fear_1"
            ),
            ("data.tsv:9", "path is empty"),
        ]
    );
    assert_warns(&listing, "gender `queer` is not recognised: data.tsv:6");
}

#[test]
fn segments_channels_and_constants() {
    let tree = tree(&["samples/long.wav"])
        .option("table", json!("rows.jsonl"))
        .option("columns", json!({ "path": "file" }))
        .option(
            "constants",
            json!({ "speaker": "me", "gender": "w", "channel": 1 }),
        )
        .option("audio_extension", json!(".wav"));
    tree.write(
        "rows.jsonl",
        "{\"file\": \"long\", \"start\": 1.5, \"end\": \"2.25\", \"emotion\": \"fear\", \"language\": \"cs\"}\n\
         {\"file\": \"long\", \"end\": 1, \"emotion\": \"neutral\", \"start\": null}\n\
         {\"file\": \"long\", \"start\": 3, \"emotion\": \"neutral\"}\n\
         {\"file\": \"long\", \"start\": 3, \"end\": 2, \"emotion\": \"neutral\"}\n\
         {\"file\": \"long\", \"start\": -3, \"end\": 2, \"emotion\": \"neutral\"}\n\
         {\"file\": [], \"emotion\": \"neutral\"}\nno json\n\
         {\"file\": \"long\", \"end\": \"NaN\", \"emotion\": \"neutral\"}\n",
    );
    let listing = tree.list();
    assert_eq!(
        facts(&listing),
        [
            (
                "samples/long/00000000-00001000/channel-1",
                "me",
                F,
                "neutral",
                Emotion::Neutral
            ),
            (
                "samples/long/00001500-00002250/channel-1",
                "me",
                F,
                "fear",
                Emotion::Negative
            ),
        ]
    );
    let AudioSource::File {
        segment_s, channel, ..
    } = &listing.entries[1].source
    else {
        panic!("a file was expected");
    };
    assert_eq!((*segment_s, *channel), (Some((1.5, 2.25)), Some(1)));
    assert_eq!(listing.entries[1].utterance.language, "cs");
    let lines: Vec<&str> = listing.dropped.iter().map(|d| d.what.as_str()).collect();
    let wanted = [
        "rows.jsonl:3",
        "rows.jsonl:4",
        "rows.jsonl:5",
        "rows.jsonl:6",
        "rows.jsonl:7",
    ];
    assert_eq!(lines[..5], wanted);
    assert_eq!(lines[5..], ["rows.jsonl:8"]);
}

#[test]
fn an_absolute_path_below_the_root_will_do() {
    let tree = tree(&["samples/a.wav"]);
    let path = tree.root().join("samples/a.wav");
    tree.write(
        "data.tsv",
        format!(
            "{HEADER}{}\tfear\tx\tA\tf\n/etc/passwd\tfear\tx\tA\tf\n",
            path.display()
        ),
    );
    let listing = tree.list();
    assert_eq!(facts(&listing)[0].0, "samples/a");
    assert_eq!(
        dropped(&listing),
        [(
            "data.tsv:3",
            "path is outside the corpus folder: /etc/passwd"
        )]
    );
}

#[test]
fn an_unusable_table_is_an_error_that_lists_its_columns() {
    use miette::Diagnostic as _;
    let tree = tree(&[]);
    let error = tree.try_list().unwrap_err();
    assert!(
        error.to_string().contains("data.tsv cannot be read"),
        "{error}"
    );
    tree.write("data.tsv", "file_id\temotion\tspeaker\n");
    let error = tree.try_list().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("has no column `speaker_id` for speaker"),
        "{error}"
    );
    assert!(
        error
            .help()
            .unwrap()
            .to_string()
            .starts_with("its columns: speaker, ")
    );
    tree.write("data.tsv", "file_id\tlabel\tspeaker_id\n");
    let error = tree.try_list().unwrap_err();
    assert!(
        error.to_string().ends_with("has no column for emotion"),
        "{error}"
    );
}

#[test]
fn bad_options_of_a_table_are_errors() {
    for (option, value) in [
        ("table", json!("../data.tsv")),
        ("table", json!(1)),
        ("table", json!("data.xls")),
        ("format", json!("xls")),
        ("audio_folder", json!("/tmp")),
        ("columns", json!({ "pfad": "file_id" })),
        ("columns", json!("file_id")),
        ("constants", json!({ "speaker": [] })),
    ] {
        let error = tree(&[])
            .option(option, value.clone())
            .try_list()
            .unwrap_err();
        assert!(
            matches!(error, CorpusError::BadOption { .. }),
            "{option} {value}: {error}"
        );
    }
}

#[test]
fn each_file_is_looked_at_once_and_only_where_its_utterance_is_used() {
    let tree = tree(&["samples/a.wav", "samples/b.wav", "samples/c.wav"]);
    let row = |file: &str, label: &str| format!("{file}.wav\t{label}\tx\tA\tf\n");
    let rows = [
        row("b", "fear"),
        row("a", "fear"),
        row("b", "fear"),
        row("c", "joy"),
        row("d", "fear"),
    ];
    tree.write("data.tsv", HEADER.to_owned() + &rows.concat());
    let looked: Mutex<Vec<String>> = Mutex::default();
    let content = FileContent {
        digest: Digest::of(b"content"),
        duration_s: 2.5,
    };
    let look_at = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        looked.lock().unwrap().push(name);
        match path.is_file() {
            true => Look::File(Some(content)),
            false => Look::Nothing,
        }
    };
    let root = tree.folder.path();
    let listing = list_with(tree.name, &tree.config, root, &look_at, FILE_BYTES).unwrap();
    let ids: Vec<&str> = facts(&listing).iter().map(|facts| facts.0).collect();
    assert_eq!(ids, ["samples/a", "samples/b"]);
    assert!((listing.entries.iter()).all(|entry| entry.content == Some(content)));
    let reasons: Vec<&str> = dropped(&listing).iter().map(|(_, why)| *why).collect();
    let wanted = [
        "the same is in an earlier row: samples/b",
        "label joy is not listed",
        "the file does not exist: samples/d.wav; the nearest is samples/a.wav",
    ];
    assert_eq!(reasons, wanted);
    let mut looked = looked.into_inner().unwrap();
    looked.sort();
    assert_eq!(looked, ["a.wav", "b.wav", "b.wav", "d.wav"]);
}
