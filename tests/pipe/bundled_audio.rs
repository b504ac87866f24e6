//! Recordings in a bundle: where they may be passed on, with what names them.

use std::fs;

use serde_json::json;

use super::bundles::{BUNDLE, exported, reproduced, study};
use super::workspace::Workspace;

#[test]
fn recordings_go_along_only_where_they_are_asked_for_and_may() {
    let space = exported();
    let export = [
        "bundle",
        "export",
        "pipelines/study.toml",
        "-o",
        "a.tar.zst",
        "--audio",
        "--features",
    ];
    let told = space.refused(&export);
    assert!(
        told.contains("bundle::licence") && told.contains("made"),
        "{told}"
    );
    space.edit(
        "corpora.toml",
        "licence = \"none\"",
        "licence = \"CC BY 4.0\"",
    );
    space.stdout(&export);
    space.stdout(&["bundle", "import", "a.tar.zst"]);
    let files = space.files("a");
    let count = |start: &str| files.keys().filter(|name| name.starts_with(start)).count();
    assert_eq!(
        (count("audio/made/audio/"), count("features/fbank/")),
        (12, 12)
    );
    let told = space.stdout(&["reproduce", "a.tar.zst"]);
    assert!(told.starts_with("identical"), "{told}");
}

/// A study that may be passed on, with a recording that the map of its labels leaves out.
fn open_study() -> Workspace {
    let space = study(12);
    space.edit("corpora.toml", "\"none\"", "\"CC BY 4.0\"");
    space.edit(
        "corpora.toml",
        "negative = [\"sad\"]",
        "negative = [\"sad\"], dropped = [\"angry\"]",
    );
    space.tone("corpora/made/audio/angry.wav", 16_000, 0.3, 440.0);
    let table = "corpora/made/table.csv";
    let row = "audio/angry.wav,s1,female,en,angry\n";
    space.write(table, space.read(table) + row);
    space
}

const WITH_AUDIO: [&str; 6] = [
    "bundle",
    "export",
    "pipelines/study.toml",
    "-o",
    BUNDLE,
    "--audio",
];

/// The table that names the recordings goes along, and they are found where they are in the bundle.
#[test]
fn a_bundle_with_recordings_needs_nothing_else() {
    let sender = open_study();
    let link = sender.join("corpora/made/audio/0003.wav");
    let inside = sender.join("corpora/made/audio/third.wav");
    fs::rename(&link, &inside).unwrap();
    std::os::unix::fs::symlink("third.wav", &link).unwrap();
    sender.run_well("pipelines/study.toml");
    sender.stdout(&WITH_AUDIO);
    let space = Workspace::new();
    fs::copy(sender.join(BUNDLE), space.join(BUNDLE)).unwrap();
    let (verdict, code) = reproduced(&space, &[]);
    assert_eq!(
        (verdict["verdict"].as_str(), code),
        (Some("identical"), 0),
        "{verdict}"
    );
    assert_eq!(verdict["not_compared"], json!([]));
    assert!(space.join("run/audio/made/table.csv").is_file());
    let there = space.join("run/audio/made/audio/0003.wav");
    assert!(there.symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read(there).unwrap(), fs::read(inside).unwrap());
}

#[test]
fn what_a_link_leads_to_outside_of_its_corpus_is_not_passed_on() {
    let space = open_study();
    let link = space.join("corpora/made/audio/0003.wav");
    fs::rename(&link, space.join("mine.wav")).unwrap();
    std::os::unix::fs::symlink("../../../mine.wav", &link).unwrap();
    space.run_well("pipelines/study.toml");
    let told = space.refused(&WITH_AUDIO);
    assert!(
        told.contains("bundle::link_outside") && told.contains("0003.wav leads to"),
        "{told}"
    );
    assert!(!space.join(BUNDLE).exists());
}
