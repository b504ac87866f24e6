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
            ("samples/A_fear_1", "A", F, "fear", "negative"),
            ("samples/B_sad_2", "B", M, "surprised", "positive"),
        ]
    );
    assert!(
        listing
            .entries
            .iter()
            .all(|e| &*e.utterance.language == "pl")
    );
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
         {\"file\": \"long\", \"start\": \"3 s\", \"end\": -1, \"emotion\": \"neutral\"}\n\
         {\"file\": \"long\", \"start\": 75, \"end\": 2, \"emotion\": \"neutral\"}\n\
         {\"file\": \"long\", \"start\": -3, \"end\": 2, \"emotion\": \"neutral\"}\n\
         {\"file\": [], \"emotion\": \"neutral\"}\nno json\n\
         {\"file\": \"long\", \"end\": \"NaT\", \"emotion\": \"neutral\"}\n\
         {\"file\": \"long\", \"end\": \"soon\", \"emotion\": \"neutral\"}\n",
    );
    let listing = tree.list();
    let ids: Vec<&str> = facts(&listing).iter().map(|facts| facts.0).collect();
    assert_eq!(
        ids,
        [
            "samples/long/00000000-00001000/channel-1",
            "samples/long/00001500-00002250/channel-1",
            "samples/long/00003000-end/channel-1",
            "samples/long/channel-1",
        ]
    );
    assert!(
        facts(&listing)
            .iter()
            .all(|facts| facts.1 == "me" && facts.2 == F)
    );
    let segments: Vec<_> = (listing.entries.iter())
        .map(|entry| match &entry.source {
            AudioSource::File {
                segment_s,
                channel: Some(1),
                ..
            } => *segment_s,
            other => panic!("a file was expected: {other:?}"),
        })
        .collect();
    let wanted = [
        Some((0.0, 1.0)),
        Some((1.5, 2.25)),
        Some((3.0, f64::INFINITY)),
        None,
    ];
    assert_eq!(segments, wanted);
    assert_eq!(&*listing.entries[1].utterance.language, "cs");
    assert_eq!(
        dropped(&listing),
        [
            (
                "rows.jsonl:4",
                "end is not after start: from 1 min 15 s to 2 s"
            ),
            ("rows.jsonl:5", "start is before 0: -3"),
            ("rows.jsonl:6", "path is neither a string nor a number: []"),
            (
                "rows.jsonl:7",
                "it is not JSON: expected ident at line 1 column 2"
            ),
            (
                "rows.jsonl:9",
                "end is not a time such as 1.5, 1500ms, 00:01.5 or 0 days 00:00:01.5: soon"
            ),
        ]
    );
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
        ("encoding", json!("klingon")),
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
        revision: 0,
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
    let listing = list_with(
        tree.name,
        &tree.config,
        root,
        &ListOptions::default(),
        &look_at,
        FILE_BYTES,
    )
    .unwrap();
    let ids: Vec<&str> = facts(&listing).iter().map(|facts| facts.0).collect();
    assert_eq!(ids, ["samples/a", "samples/b"]);
    assert!((listing.entries.iter()).all(|entry| entry.content == Some(content)));
    let reasons: Vec<&str> = dropped(&listing).iter().map(|(_, why)| *why).collect();
    let wanted = [
        "the same is in an earlier row: samples/b",
        "label joy is not listed",
        "the file does not exist: samples/d.wav; the nearest is samples/b.wav",
    ];
    assert_eq!(reasons, wanted);
    let mut looked = looked.into_inner().unwrap();
    looked.sort();
    assert_eq!(looked, ["a.wav", "b.wav", "b.wav", "d.wav"]);
}

#[test]
fn the_first_row_of_an_id_is_the_first_in_the_file() {
    let tree = tree(&["samples/a.wav", "samples/b.wav"]);
    let row = |file: &str, label: &str| format!("{file}.wav\t{label}\tx\tA\tf\n");
    let filler: String = (0..10).map(|_| row("b", "fear")).collect();
    tree.write(
        "data.tsv",
        HEADER.to_owned()
            + &row("b", "fear")
            + &row("a", "neutral")
            + &filler
            + &row("a", "neutral"),
    );
    let listing = tree.list();
    let labels: Vec<(&str, &str)> = facts(&listing).iter().map(|f| (f.0, f.3)).collect();
    assert_eq!(labels, [("samples/a", "neutral"), ("samples/b", "fear")]);
    let first = listing.bad().next().unwrap();
    assert_eq!(
        (first.what.as_str(), first.reason.as_str()),
        ("data.tsv:4", "the same is in an earlier row: samples/b")
    );
}

#[test]
fn paths_of_other_systems_are_read_with_a_note() {
    let tree = tree(&[
        "samples/Anna/a.wav",
        "samples/Anna/b.wav",
        "samples/Zoe\u{308}/c.WAV",
        "samples/Zoe\u{308}/d.wav",
    ]);
    let paths = [
        "Anna\\a.wav",
        "D:\\nemo\\samples\\Anna\\b.wav",
        "zo\u{eb}/c.wav",
        "zo\u{eb}/e.wav",
    ];
    let rows = paths.map(|path| format!("{path}\tfear\tx\tA\tf\n"));
    tree.write("data.tsv", HEADER.to_owned() + &rows.concat());
    let listing = tree.list();
    let ids: Vec<&str> = facts(&listing).iter().map(|facts| facts.0).collect();
    assert_eq!(
        ids,
        ["samples/Anna/a", "samples/Anna/b", "samples/Zoe\u{308}/c"]
    );
    for wanted in [
        "paths are written with `\\`: they are read with `/`: data.tsv:2 (samples/Anna/a.wav)",
        "paths begin with D:/nemo, which is not the corpus folder: the files below the corpus folder are used: data.tsv:3 (samples/Anna/b.wav)",
        "paths differ from the names of the files in case or accents: the files that are there are used: data.tsv:4 (samples/Zoe\u{308}/c.WAV)",
    ] {
        assert_warns(&listing, wanted);
    }
    assert_eq!(
        dropped(&listing),
        [(
            "data.tsv:5",
            "the file does not exist: samples/zo\u{eb}/e.wav; the nearest is samples/Zoe\u{308}/c.WAV"
        )]
    );
}

#[test]
fn a_declared_encoding_is_decoded() {
    let text = b"file_id\temotion\tspeaker_id\na.wav\tfear\tJos\xe9\n";
    let utf_8 = tree(&["samples/a.wav"]);
    utf_8.write("data.tsv", text);
    assert_eq!(
        dropped(&utf_8.list()),
        [(
            "data.tsv:2",
            "speaker is not UTF-8: set the option `encoding` of the table, such as encoding = \"windows-1252\""
        )]
    );
    let latin = tree(&["samples/a.wav"]).option("encoding", json!("latin1"));
    latin.write("data.tsv", text);
    assert_eq!(facts(&latin.list())[0].1, "Jos\u{e9}");
}
