//! Labels and ids that cannot be names of files: shortened, each with a name of its own, wherever names are made of them.

use std::collections::BTreeSet;

use super::workspace::Workspace;

/// Every step has two variants that agree in the first 400 bytes, and two that differ in `/` and `_` only.
fn manifest() -> String {
    let long = "a remark that is too long to be the name of a folder, ".repeat(8);
    format!(
        r#"
[matrix]
remark = ["{long}1", "{long}2", "a/b", "a_b"]

[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"

[stage.words]
kind = "command"
inputs = {{ speech = "speech" }}
run = "printf '%s' '${{matrix.remark}}' | tail -c 3 > {{out}}/remark.txt"
outputs = ["remark.txt"]

[stage.all]
kind = "command"
inputs = {{ words = "words" }}
run = "ls {{words}} > {{out}}/names.txt; cat {{words}}/*/remark.txt > {{out}}/remarks.txt"
outputs = ["names.txt", "remarks.txt"]
"#
    )
}

#[test]
fn long_labels_and_labels_with_slashes_have_folders_of_their_own() {
    let space = Workspace::with_corpus(3);
    space.write("pipe.toml", manifest());
    space.run_well("pipe.toml");
    let remarks: BTreeSet<String> = space
        .files("runs/pipe/words")
        .into_iter()
        .map(|(name, content)| {
            assert!(
                name.ends_with("/remark.txt") && name.matches('/').count() == 1,
                "{name}"
            );
            String::from_utf8(content).unwrap()
        })
        .collect();
    let wanted = [", 1", ", 2", "a/b", "a_b"].map(String::from);
    assert_eq!(remarks, BTreeSet::from(wanted));
    // A program that takes them all finds each in its own folder.
    let handed: BTreeSet<String> = space
        .read("runs/pipe/all/names.txt")
        .lines()
        .map(String::from)
        .collect();
    assert_eq!(handed.len(), 4);
    assert!(handed.contains("remark=a_b"), "{handed:?}");
    let remarks = space.read("runs/pipe/all/remarks.txt");
    assert_eq!(remarks.len(), 12, "{remarks}");
    assert_eq!(space.run_well("pipe.toml").steps().0, 0);
}

#[test]
fn sources_whose_ids_are_too_long_for_a_file_keep_their_listings_apart() {
    let space = Workspace::with_corpus(4);
    let long = "x".repeat(300);
    let axis = format!(
        "[matrix]\npart = [{{ name = \"{long}1\", split = \"train\" }}, {{ name = \"{long}2\", split = \"test\" }}]\n"
    );
    let source =
        "[stage.speech]\nkind = \"ingest\"\ncorpora = \"made\"\nsplit = \"${matrix.part.split}\"\n";
    space.write("pipe.toml", axis + source);
    space.run_well("pipe.toml");
    let listings = space.files("cache/listings");
    assert_eq!(listings.len(), 2, "{:?}", listings.keys());
    space.tone("corpora/made/audio/0001.wav", 16_000, 0.3, 700.0);
    let why = space.stdout(&["why", "pipe.toml"]);
    assert_eq!(why.matches("0001").count(), 2, "{why}");
}
