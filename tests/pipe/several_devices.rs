//! Trainings on several CUDA devices in software, in one process: the same results as on one, and what becomes of a
//! device that fails.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::device::emulator;
use super::manifests::TEST;
use super::resuming::{one, space};
use super::workspace::{Workspace, lines_of_json};

/// Four trainings of an epoch with their tests: two batches times two rates, of which those with one batch share their
/// steps.
fn study() -> String {
    let one = one()
        .replace("epochs = 8", "epochs = 1")
        .replace("batch = 8", "batch = \"${matrix.batch}\"")
        .replace(
            "learning_rate = 0.002",
            "learning_rate = \"${matrix.rate}\"",
        );
    format!("[matrix]\nbatch = [4, 8]\nrate = [0.001, 0.003]\n{one}{TEST}")
}

/// What a run came to.
struct Done {
    exit: Option<i32>,
    told: String,
    /// Launches on each device.
    launches: Vec<u64>,
}

fn run(space: &Workspace, devices: &str, variables: &[(&str, &str)], more: &[&str]) -> Done {
    let report = space.join("device-report");
    let mut command = space.command(&["run", "one.toml", "--device", devices]);
    command.args(more).envs(variables.iter().copied());
    command.env("EMULATED_CUDA_REPORT", &report);
    let output = command.output().unwrap();
    let text = std::fs::read_to_string(&report).unwrap_or_default();
    let of_device = |line: &str| {
        let (_, number) = line.strip_prefix("launches of ")?.split_once(": ")?;
        number.parse().ok()
    };
    Done {
        exit: output.status.code(),
        told: String::from_utf8_lossy(&output.stderr).into_owned(),
        launches: text.lines().filter_map(of_device).collect(),
    }
}

const TWO: (&str, &str) = ("EMULATED_CUDA_DEVICES", "2");

/// The files that trainings and tests end with.
fn results(space: &Workspace) -> BTreeMap<String, Vec<u8>> {
    let mut files = space.files("runs/one");
    let kept = [
        "model.safetensors",
        "history.jsonl",
        "summary.json",
        "predictions.csv",
        "metrics.json",
    ];
    files.retain(|name, _| kept.iter().any(|kept| name.ends_with(kept)));
    files
}

/// The device in the record of each step that used one, by the step.
fn devices(space: &Workspace) -> BTreeMap<String, String> {
    let records = space.files("cache/steps").into_values();
    let records = records.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let pair = |text: String| {
        let start = text.find('{')?;
        let record: Json = serde_json::from_str(&text[start..]).ok()?;
        let record = record.get("record").unwrap_or(&record);
        let text_of = |name: &str| Some(record.get(name)?.as_str()?.to_owned());
        Some((text_of("step")?, text_of("device")?))
    };
    records.filter_map(pair).collect()
}

#[test]
fn two_devices_share_the_trainings_and_give_the_results_of_one() {
    if emulator().is_none() {
        return;
    }
    let alone = space(&study());
    let done = run(&alone, "cuda", &[], &[]);
    assert_eq!(done.exit, Some(0), "{}", done.told);
    assert_eq!(done.launches.len(), 1);
    let expected = results(&alone);
    assert_eq!(expected.len(), 4 * 5, "{:?}", expected.keys());
    for named in ["cuda:all", "cuda:1,cuda:0"] {
        let together = space(&study());
        let done = run(&together, named, &[TWO], &[]);
        assert_eq!(done.exit, Some(0), "{named}: {}", done.told);
        assert!(results(&together) == expected, "{named}: the same files");
        assert!(
            done.launches.len() == 2 && done.launches.iter().all(|&count| count > 0),
            "{named}: {:?}",
            done.launches
        );
        // The record has the device that made it, and the key does not.
        let devices = devices(&together);
        let trained = |at: &str| {
            let own = devices.iter();
            own.filter(|(step, device)| step.starts_with("train") && *device == at)
                .count()
        };
        assert_eq!(
            [trained("cuda:0"), trained("cuda:1")],
            [2, 2],
            "{devices:?}"
        );
        // Those that share their steps are on one device.
        for batch in ["batch=4", "batch=8"] {
            let mut on: Vec<&String> = (devices.iter())
                .filter(|(step, _)| step.starts_with("train") && step.contains(batch))
                .map(|(_, device)| device)
                .collect();
            on.dedup();
            assert_eq!(on.len(), 1, "{devices:?}");
        }
        let again = together.pipe(&["run", "one.toml", "--device", "cuda", "--json"]);
        let events = lines_of_json(&String::from_utf8_lossy(&again.stdout));
        let steps = &events.last().unwrap()["steps"];
        let made = [&steps["executed"], &steps["failed"]].map(Json::as_u64);
        assert_eq!(made, [Some(0), Some(0)], "{steps}");
    }
}

#[test]
fn devices_that_are_not_there_or_named_twice_are_refused() {
    if emulator().is_none() {
        return;
    }
    for (named, told) in [
        (
            "cuda:7",
            "there is no device cuda:7: the CUDA driver sees 2",
        ),
        (
            "cuda:0,cuda:7",
            "there is no device cuda:7: the CUDA driver sees 2",
        ),
        ("cuda:0,cuda:0", "cuda:0 is named twice"),
        ("cuda:0,cpu", "`cpu` cannot be in a list"),
    ] {
        let space = space(&study());
        let done = run(&space, named, &[TWO], &[]);
        assert_eq!(done.exit, Some(2), "{named}: {}", done.told);
        assert!(done.told.contains(told), "{named}: {}", done.told);
        assert!(!space.join("cache").exists());
    }
    let space = space(&study());
    let done = run(&space, "cuda:all", &[("EMULATED_CUDA_DEVICES", "0")], &[]);
    assert_eq!(done.exit, Some(2), "{}", done.told);
    assert!(done.told.contains("device::no_device"), "{}", done.told);
}

#[test]
fn trainings_of_a_device_that_breaks_go_on_on_another() {
    if emulator().is_none() {
        return;
    }
    let alone = space(&study());
    assert_eq!(run(&alone, "cuda", &[], &[]).exit, Some(0));
    for (variable, launch) in [
        ("EMULATED_CUDA_FAIL_LAUNCH", "1"),
        ("EMULATED_CUDA_FAIL_LAUNCH", "120"),
        ("EMULATED_CUDA_FAIL_LATE", "200"),
    ] {
        let broken = space(&study());
        let variables = [TWO, ("EMULATED_CUDA_FAIL_DEVICE", "1"), (variable, launch)];
        let done = run(&broken, "cuda:all", &variables, &[]);
        assert_eq!(done.exit, Some(0), "{launch}: {}", done.told);
        assert!(!done.told.contains("panicked"), "{launch}: {}", done.told);
        let told = "goes on on another device, from its last checkpoint if it has one, since cuda:1 cannot be used any more";
        assert!(done.told.contains(told), "{launch}: {}", done.told);
        assert!(
            results(&broken) == results(&alone),
            "{launch}: the same files"
        );
        let devices = devices(&broken);
        assert!(
            devices.values().all(|device| device == "cuda:0"),
            "{devices:?}"
        );
    }
    // Where none is left, that is the failure.
    let broken = space(&study());
    let done = run(
        &broken,
        "cuda:all",
        &[
            TWO,
            ("EMULATED_CUDA_FAIL_LAUNCH", "1"),
            ("EMULATED_CUDA_DEVICES", "1"),
        ],
        &[],
    );
    assert_eq!(done.exit, Some(1), "{}", done.told);
    assert!(done.told.contains("device::sticky"), "{}", done.told);
}

#[test]
fn a_device_with_too_little_memory_fails_its_own_trainings_only() {
    if emulator().is_none() {
        return;
    }
    let space = space(&study());
    // Room for the workspace of cuBLAS, and little more.
    let bytes = format!("8000000000,{}", (32 << 20) + 300_000);
    let little = [TWO, ("EMULATED_CUDA_MEMORY", &*bytes)];
    let done = run(&space, "cuda:all", &little, &["--keep-going"]);
    assert_eq!(done.exit, Some(1), "{}", done.told);
    assert!(done.told.contains("device::out_of_memory"), "{}", done.told);
    let trained = || {
        let devices = devices(&space);
        devices
            .keys()
            .filter(|step| step.starts_with("train"))
            .count()
    };
    assert_eq!(trained(), 2);
    // The same command with devices that have enough makes the others.
    let done = run(&space, "cuda:all", &[TWO], &[]);
    assert_eq!(done.exit, Some(0), "{}", done.told);
    assert_eq!(trained(), 4);
}

#[test]
fn doctor_lists_every_device() {
    if emulator().is_none() {
        return;
    }
    let space = Workspace::new();
    let mut command = space.command(&["doctor", "--json"]);
    let output = command.env("EMULATED_CUDA_DEVICES", "3").output().unwrap();
    let checks = lines_of_json(&String::from_utf8_lossy(&output.stdout));
    let found: Vec<&str> = (checks.iter())
        .filter(|check| check["name"] == "device")
        .filter_map(|check| check["found"].as_str())
        .collect();
    assert_eq!(
        found,
        [
            "CUDA works on 3 devices: --device cuda:all, or some of them",
            "cuda:0 is Emulated CUDA device",
            "cuda:1 is Emulated CUDA device",
            "cuda:2 is Emulated CUDA device",
        ]
    );
}
