//! `pipe items`: the utterances of a step, and where their features are; and the Python package, which reads them.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use super::predicting::trained;
use super::python::python;
use super::workspace::{Workspace, lines_of_json};

fn items(space: &Workspace, step: &str) -> (Json, Vec<Json>) {
    let mut lines = lines_of_json(&space.stdout(&["items", "m.toml", step, "--json"])).into_iter();
    (lines.next().unwrap(), lines.collect())
}

#[test]
fn every_item_is_where_the_listing_says() {
    let space = trained();
    let (head, lines) = items(&space, "fbank");
    assert_eq!(head["step"], "fbank");
    assert_eq!(head["count"], lines.len());
    // Every recording of the training half twice.
    assert!(lines.len() > 48, "{}", lines.len());
    for line in &lines {
        let place = &line["place"];
        let offset = place["offset"].as_u64().unwrap();
        assert!(offset.is_multiple_of(64));
        let mut file = std::fs::File::open(place["file"].as_str().unwrap()).unwrap();
        file.seek(SeekFrom::Start(offset)).unwrap();
        let mut bytes = vec![0; place["bytes"].as_u64().unwrap() as usize];
        file.read_exact(&mut bytes).unwrap();
        assert_eq!(
            blake3::hash(&bytes).to_hex().as_str(),
            line["digest"].as_str().unwrap()
        );
        let header: Json = {
            let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            serde_json::from_slice(&bytes[8..8 + length]).unwrap()
        };
        assert_eq!(header["features"]["shape"][1], 23, "{header}");
    }
    let (_, sources) = items(&space, "speech");
    assert!(sources.iter().all(|line| line["place"].is_null()));
    assert_eq!(sources.len(), 48);
    assert_eq!(sources[1]["utterance"], "made/audio/0001");
    assert_eq!(sources[1]["speaker"], "made/s1");
    assert_eq!(sources[1]["gender"], "male");

    let table = space.stdout(&["items", "m.toml", "speech"]);
    let mut rows = table.lines();
    assert_eq!(
        rows.next().unwrap(),
        "utterance\tsplit\tcorpus\tspeaker\tgender\tlanguage\tlabel\tclass"
    );
    let row: Vec<&str> = rows.next().unwrap().split('\t').collect();
    assert_eq!(
        (row[0], row[6], row[7]),
        ("made/audio/0000", "happy", "positive")
    );
    assert_eq!(rows.count(), 47);
}

#[test]
fn what_has_no_items_or_is_not_finished_says_so() {
    let space = trained();
    let told = space.refused(&["items", "m.toml", "train"]);
    assert!(told.contains("makes files and has no items"), "{told}");
    let told = space.refused(&["items", "m.toml", "fbnak"]);
    assert!(
        told.contains("no step `fbnak`") && told.contains("fbank"),
        "{told}"
    );
    let told = space.refused(&["items", "m.toml", "fbank", "--set", "fbank.bins=24"]);
    assert!(
        told.contains("is not finished") && told.contains("pipe run"),
        "{told}"
    );
}

/// What the Python package gives is what the program wrote.
#[test]
fn the_python_package_reads_runs_features_histories_and_predictions() {
    let Some(python) = python("numpy, onnxruntime") else {
        return;
    };
    let space = trained();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python)
        .arg(folder.join("tests/python/check_package.py"))
        .current_dir(space.path())
        .env("PYTHONPATH", folder.join("python"))
        .env("PIPE", env!("CARGO_BIN_EXE_pipe"))
        .env("XDG_CONFIG_HOME", super::workspace::configuration())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all as written\n");
}
