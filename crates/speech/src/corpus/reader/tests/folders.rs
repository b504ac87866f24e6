//! Folders and names that are hostile or broken, whatever the corpus.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

#[test]
fn dot_files_are_not_seen_and_other_files_are_passed_over() {
    let tree = Tree::new(
        "emo-db",
        &[
            "wav/03a01Fa.wav",
            "wav/._03a01Fa.wav",
            ".git/03a01Na.wav",
            "__MACOSX/wav/._03a01Fa.wav",
            "erkennung.txt",
            "lablaut/03a01Fa.lablaut",
        ],
    );
    let listing = tree.list();
    assert_eq!(facts(&listing), [("wav/03a01Fa", "03", M, "F", "positive")]);
    assert_eq!(dropped(&listing), []);
    assert_eq!(listing.warnings, [""; 0]);
}

#[test]
fn recordings_in_formats_that_are_not_read_are_bad_unless_they_are_copies() {
    let tree = Tree::new(
        "emo-db",
        &[
            "wav/03a01Fa.wav",
            "wav/03a01Fa.opus",
            "wav/03a01Wa.opus",
            "wav/03a02Wa.OPUS",
            "03a01Na.au",
            "03a01Nb.caf",
            "03a02Na.amr",
            "03a02Nb.wma",
            // This one is read.
            "03a02Wc.mov",
        ],
    );
    let listing = tree.list();
    let ids: Vec<&str> = facts(&listing).iter().map(|fact| fact.0).collect();
    assert_eq!(ids, ["03a02Wc", "wav/03a01Fa"]);
    let bad: Vec<&str> = listing
        .dropped
        .iter()
        .filter(|dropped| dropped.cause == DropCause::Bad)
        .map(|dropped| dropped.what.as_str())
        .collect();
    assert_eq!(
        bad,
        [
            "03a01Na.au",
            "03a01Nb.caf",
            "03a02Na.amr",
            "03a02Nb.wma",
            "wav/03a01Wa.opus",
            "wav/03a02Wa.OPUS"
        ]
    );
    assert!(listing.dropped[0].reason.contains(".au files are not read"));
    assert_eq!(
        listing.warnings,
        [".opus copies of recordings in another format are passed over: wav/03a01Fa.opus"]
    );
}

#[test]
fn recordings_in_lossy_formats_are_utterances_unless_they_are_copies() {
    let tree = Tree::new(
        "emo-db",
        &[
            "wav/03a01Fa.wav",
            "wav/03a01Fa.m4a",
            "WAVE/03a01Fa.mp3",
            "mp3/03a01Wa.mp3",
            "wav/03a01Na.OGG",
            "03a02Wc.mp4",
            "03a04Wc.w64",
        ],
    );
    let listing = tree.list();
    let ids: Vec<&str> = facts(&listing).iter().map(|fact| fact.0).collect();
    assert_eq!(
        ids,
        [
            "03a02Wc",
            "03a04Wc",
            "mp3/03a01Wa",
            "wav/03a01Fa",
            "wav/03a01Na"
        ]
    );
    assert_eq!(dropped(&listing), []);
    assert_eq!(
        listing.warnings,
        [
            ".m4a copies of recordings in another format are passed over: wav/03a01Fa.m4a",
            ".mp3 copies of recordings in another format are passed over: WAVE/03a01Fa.mp3"
        ]
    );
}

#[test]
fn odd_names_are_set_aside_with_their_reason() {
    let tree = Tree::new(
        "emo-db",
        &[
            "a\nb/03a01Fa.wav",
            "03a01\nFa.wav",
            "hello.wav",
            "03a01F.wav",
            "é3a01Fa.wav",
            "noext",
        ],
    );
    let not_utf8 = std::ffi::OsStr::from_bytes(b"03a01Fa\xff.wav");
    fs::write(tree.root().join(not_utf8), "RIFF").unwrap();
    fs::create_dir(tree.root().join(std::ffi::OsStr::from_bytes(b"\xfe"))).unwrap();
    let listing = tree.list();
    assert_eq!(listing.entries, []);
    let what: Vec<&str> = listing.dropped.iter().map(|d| d.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "03a01F.wav",
            "03a01Fa\u{fffd}.wav",
            "03a01\\nFa.wav",
            "a\\nb",
            "hello.wav",
            "é3a01Fa.wav",
            "\u{fffd}"
        ]
    );
    assert!(listing.dropped.iter().all(|d| d.cause == DropCause::Bad));
    assert_eq!(listing.dropped[1].reason, "its name is not UTF-8");
    assert!(listing.dropped[2].reason.contains("line break"));
}

#[test]
fn link_loops_dangling_links_and_pipes_are_set_aside() {
    let tree = Tree::new("emo-db", &["wav/03a01Fa.wav"]);
    symlink(tree.root(), tree.root().join("wav/loop")).unwrap();
    symlink("/", tree.root().join("wav/everything")).unwrap();
    symlink("nowhere", tree.root().join("wav/03a01Wa.wav")).unwrap();
    symlink("03a01Fa.wav", tree.root().join("wav/03a01Fb.wav")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        tree.root().join("wav/03a01Na.wav"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let listing = tree.list();
    assert_eq!(listing.entries.len(), 2);
    let reasons = dropped(&listing);
    assert_eq!(reasons[0], ("wav/03a01Na.wav", "it is not a regular file"));
    assert!(reasons[1].0 == "wav/03a01Wa.wav" && reasons[1].1.starts_with("it cannot be read"));
    let above = "it is a symbolic link to a folder above it";
    assert_eq!(
        reasons[2..],
        [("wav/everything", above), ("wav/loop", above)]
    );
}

#[test]
fn a_folder_that_cannot_be_read_is_set_aside() {
    let tree = Tree::new("emo-db", &["wav/03a01Fa.wav", "shut/03a01Wa.wav"]);
    let shut = tree.root().join("shut");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
    let readable_anyway = fs::read_dir(&shut).is_ok();
    let listing = tree.list();
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o755)).unwrap();
    if readable_anyway {
        pipe_foundation::test_support::skipped("this user reads every folder");
        return;
    }
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(listing.dropped.len(), 1);
    assert!(listing.dropped[0].what == "shut");
    assert!(listing.dropped[0].reason.starts_with("it cannot be read"));
}

#[test]
fn one_name_in_two_formats_is_one_utterance() {
    let tree = Tree::new(
        "emo-db",
        &["wav/03a01Fa.wav", "wav/03a01Fa.flac", "wav/03a01Fa.WAV"],
    );
    let listing = tree.list();
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(listing.dropped.len(), 2);
    assert!(
        dropped(&listing)
            .iter()
            .all(|(what, _)| *what == "wav/03a01Fa")
    );
}

#[test]
fn dropped_and_unknown_labels_are_distinguished() {
    let mut tree = Tree::new("emo-db", &["03a01Fa.wav", "03a01Wa.wav", "03a01Xa.wav"]);
    tree.config.labels.negative.retain(|label| label != "W");
    tree.config.labels.dropped.push("w".to_string());
    let listing = tree.list();
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(
        dropped(&listing),
        [
            ("03a01Wa.wav", "label W is mapped to dropped"),
            ("03a01Xa.wav", "label X is not listed")
        ]
    );
    assert_eq!(listing.dropped[0].cause, DropCause::Choice);
    assert_eq!(listing.bad().count(), 1);
    assert_warns(
        &listing,
        "label `X` is not listed in [corpus.emo-db.labels]",
    );
    let labels: Vec<_> = listing
        .labels
        .iter()
        .map(|(l, n)| (l.as_str(), *n))
        .collect();
    assert_eq!(labels, [("F", 1), ("W", 1), ("X", 1)]);
}

#[test]
fn nothing_found_is_said() {
    assert_warns(
        &Tree::new("emo-db", &["readme.txt"]).list(),
        "found nothing in",
    );
}

#[test]
fn two_thousand_files_are_listed_without_a_look_at_their_audio() {
    let tree = Tree::new("tess", &[]);
    let folder = tree.root().join("OAF_happy");
    fs::create_dir(&folder).unwrap();
    for i in 0..2000 {
        fs::write(folder.join(format!("OAF_w{i}_happy.wav")), "").unwrap();
    }
    // Empty files: were the audio in them looked at, none would be listed.
    assert_eq!(tree.try_list().unwrap().entries.len(), 2000);
}
