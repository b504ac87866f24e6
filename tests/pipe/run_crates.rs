//! A run as a Workflow Run RO-Crate, which other tools read.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use super::bundles::exported;
use super::python::python;

#[test]
fn a_crate_is_what_validators_and_other_tools_expect() {
    let space = exported();
    let export = "bundle export pipelines/study.toml -o crate --ro-crate";
    let export: Vec<&str> = export.split(' ').collect();
    space.stdout(&export);
    let text = space.read("crate/ro-crate-metadata.json");
    let metadata: Json = serde_json::from_str(&text).unwrap();
    let graph = metadata["@graph"].as_array().unwrap();
    let find = |id: &str| graph.iter().find(|entity| entity["@id"] == id).unwrap();
    let root = find("./");
    assert_eq!(root["mainEntity"]["@id"], "project/pipelines/study.toml");
    let parts = root["hasPart"].as_array().unwrap();
    for part in parts {
        let id = part["@id"].as_str().unwrap();
        assert!(space.join("crate").join(id).is_file(), "{id}");
        assert!(!find(id)["@type"].is_null());
    }
    let run = find("#run");
    assert_eq!(run["@type"], "CreateAction");
    assert_eq!(run["instrument"], root["mainEntity"]);
    assert!(run["endTime"].as_str().unwrap() >= run["startTime"].as_str().unwrap());
    let told = space.refused(&export);
    assert!(told.contains("it exists"), "{told}");
}

#[test]
fn validators_and_other_tools_read_a_crate() {
    let Some(python) = python("rocrate_validator, runcrate") else {
        return;
    };
    let space = exported();
    let export = "bundle export pipelines/study.toml -o crate --ro-crate";
    space.stdout(&export.split(' ').collect::<Vec<_>>());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validate_crate.py");
    let validated = |name: &str| {
        let mut command = Command::new(&python);
        command.arg(&script).arg(space.join(name));
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told + &stderr)
    };
    let (code, told) = validated("crate");
    assert_eq!(code, Some(0), "{told}");
    for line in [
        "instrument: project/pipelines/study.toml",
        "data/speech.tsv",
        "results/report/report.html",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    // They would have said so.
    let metadata = "crate/ro-crate-metadata.json";
    space.edit(
        metadata,
        "\"ComputationalWorkflow\"",
        "\"SoftwareApplication\"",
    );
    let (code, told) = validated("crate");
    assert_eq!(code, Some(1), "{told}");
}
