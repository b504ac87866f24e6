//! Which steps run side by side: as many as cores and memory allow.

use super::manifests::{ENCODER, front_end};
use super::workspace::{Run, Workspace};

const SOURCES: &str = r#"[matrix]
rate = [{ name = "slow", value = 0.01 }, { name = "fast", value = 0.02 }]
[stage.speech]
kind = "ingest"
corpora = "near"
split = { train = 0.8, validation = 0.2, test = 0 }
"#;

const TRAIN: &str = r#"[stage.train]
kind = "train"
input = "fbank"
epochs = 12
patience = 0
batch = 8
learning_rate = "${matrix.rate.value}"
"#;

fn two() -> String {
    [SOURCES, &front_end(r#""speech""#), TRAIN, ENCODER].concat()
}

/// Starts and ends of the trainings in order.
fn order(run: &Run) -> Vec<&str> {
    let told = |event: &&serde_json::Value| {
        let step = event["step"].as_str().unwrap_or_default();
        step.starts_with("train")
    };
    let names = run.events.iter().filter(told).map(|event| &event["event"]);
    names
        .filter_map(|name| name.as_str())
        .filter(|name| matches!(*name, "step_started" | "step_finished"))
        .collect()
}

#[test]
fn trainings_run_side_by_side_only_while_their_memory_fits() {
    let mut models = Vec::new();
    for (memory, expected) in [
        (
            "1MB",
            [
                "step_started",
                "step_finished",
                "step_started",
                "step_finished",
            ],
        ),
        (
            "100GB",
            [
                "step_started",
                "step_started",
                "step_finished",
                "step_finished",
            ],
        ),
    ] {
        let space = Workspace::synthetic("two.toml", two());
        let run = space.run("two.toml", &["--jobs", "2", "--memory", memory]);
        assert_eq!(run.code, Some(0), "{:?}\n{}", run.events, run.stderr);
        assert_eq!(order(&run), expected, "{memory}");
        models.push(
            ["slow", "fast"]
                .map(|rate| space.join(&format!("runs/two/train/rate={rate}/model.safetensors")))
                .map(|path| std::fs::read(path).unwrap()),
        );
    }
    assert!(models[0] == models[1]);
}

#[test]
fn a_size_without_a_unit_is_refused() {
    let space = Workspace::new();
    let told = space.refused(&["run", "two.toml", "--memory", "12"]);
    assert!(told.contains("500MB, 1.5GB or 8GiB"), "{told}");
}
