//! `pipe whence`: which run made a file, and what it was made from.

use serde_json::Value as Json;

use super::manifests::{NEAR_AND_FAR, REPORT, SHORT_TRAINING, TEST, front_end};
use super::workspace::Workspace;

const AUDIT: &str = "[stage.audit]\nkind = \"audit\"\ninput = \"speech\"\nfail_on = \"never\"\n";

fn space() -> Workspace {
    let text = [
        NEAR_AND_FAR,
        &front_end(r#""speech""#),
        SHORT_TRAINING,
        TEST,
        AUDIT,
        REPORT,
    ]
    .concat();
    let space = Workspace::synthetic("pipe.toml", text);
    space.run_well("pipe.toml");
    space
}

/// Utterances of each split, as the heading of the table of the source counts them.
fn listed(space: &Workspace, split: &str) -> usize {
    let table = space.read("runs/pipe/speech/split.tsv");
    let start = format!("# {split}: ");
    let line = table.lines().find(|line| line.starts_with(&start));
    let mut parts = line.unwrap().split(", ");
    let utterances = parts.find(|part| part.ends_with(" utterances"));
    let count = utterances.unwrap().split(' ').next();
    count.unwrap().parse().unwrap()
}

#[test]
fn tables_and_pages_for_people_are_traced_too() {
    let space = space();
    for (file, step) in [
        ("report/report.html", "report"),
        ("speech/split.tsv", "speech"),
        ("speech/dropped.tsv", "speech"),
        ("audit/audit.json", "audit"),
    ] {
        let name = file.split('/').nth(1).unwrap();
        let told = space.stdout(&["whence", &format!("runs/pipe/{file}")]);
        let start = format!("{name} of `{step}` of pipe:1, ");
        assert!(told.starts_with(&start), "{told}");
        let continues = told.contains("  from `speech`: ");
        assert_eq!(continues, step != "speech", "{told}");
    }
    // Edited, it is a person's own.
    let page = space.read("runs/pipe/report/report.html");
    space.write("copy.html", page + "<!-- -->");
    let told = space.stdout_of_exit(&["whence", "copy.html"], 1);
    assert!(told.starts_with("no step in cache made"), "{told}");
}

#[test]
fn utterances_are_those_that_had_a_part() {
    let space = space();
    let [train, validation, test] =
        ["train", "validation", "test"].map(|split| listed(&space, split));
    assert!(train > 0 && validation > 0 && test > 0);
    let model = space.stdout(&["whence", "runs/pipe/train/model.safetensors"]);
    let all = format!("  from `speech`: {} utterances (", train + validation);
    assert!(model.contains(&all), "{model}");
    assert!(!model.contains(" test "), "{model}");
    // The evaluation is made from both, by the model.
    let metrics = space.stdout(&["whence", "runs/pipe/test/metrics.json"]);
    let all = format!(
        "  from `speech`: {} utterances (",
        train + validation + test
    );
    assert!(metrics.contains(&all), "{metrics}");
    let told = space.stdout(&["whence", "runs/pipe/train/model.safetensors", "--json"]);
    let line: Json = serde_json::from_str(&told).unwrap();
    let chain = line["chain"].as_array().unwrap();
    let speech = chain.iter().find(|step| step["step"] == "speech").unwrap();
    let rows = speech["utterances"].as_array().unwrap();
    let sum: u64 = rows
        .iter()
        .map(|row| row["utterances"].as_u64().unwrap())
        .sum();
    assert_eq!(sum as usize, train + validation);
}

#[test]
fn a_file_of_a_reproduction_is_of_its_run_and_the_original_of_its_own() {
    let space = space();
    space.stdout(&["bundle", "export", "pipe.toml", "-o", "study.tar.zst"]);
    space.stdout(&["reproduce", "study.tar.zst", "-o", "reproduced/study"]);
    let run_of = |path: &str| {
        let told = space.stdout(&["whence", path, "--json"]);
        let line: Json = serde_json::from_str(told.lines().next().unwrap()).unwrap();
        line["run"].as_str().unwrap().to_owned()
    };
    let here = "runs/reproduced/pipe/train/model.safetensors";
    let again = format!("reproduced/study/{here}");
    assert_eq!(run_of(&again), "reproduced/pipe:1");
    assert_eq!(run_of("runs/pipe/train/model.safetensors"), "pipe:1");
}
