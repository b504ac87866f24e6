//! `pipelines/egemaps.toml`: features that openSMILE computes, by a program that is kept running.

use std::path::Path;

use super::python::python;
use super::workspace::{Run, Workspace};

#[test]
fn the_shipped_manifest_trains_on_what_opensmile_computes() {
    let Some(python) = python("opensmile, safetensors, soundfile") else {
        return;
    };
    let space = Workspace::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (from, to) in [
        ("pipelines/egemaps.toml", "egemaps.toml"),
        ("pipelines/egemaps.py", "egemaps.py"),
        ("corpora.toml", "corpora.toml"),
    ] {
        std::fs::copy(shipped.join(from), space.join(to)).unwrap();
    }
    let folder = python.parent().unwrap().display();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = space.command(&["run", "egemaps.toml", "--json", "--set", "train.epochs=2"]);
    command.env("PATH", format!("{folder}:{}", path.display()));
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(space.join("runs/egemaps/report/report.html").exists());
    // Whoever predicts is asked first, and gets what the evaluation got.
    let model = "runs/egemaps/train/seed=1/model.safetensors";
    let refused = space.refused(&["predict", model, "a.wav"]);
    assert!(
        refused.contains("python3 egemaps.py") && refused.contains("--allow-commands"),
        "{refused}"
    );
}
