//! Manifests, up to the plan, in a project that they must not leave: every error can be shown in its place.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use miette::Report;
use pipe_engine::manifest::{Diagnostics, Limits, Manifest, ReadOptions};
use pipe_fuzz::{folder, shipped, write};
use pipe_nn::model::Devices;
use pipe_stages::domain::{PlanOptions, SpeechPlan};

/// A twentieth of what is allowed by default: costs follow the limits, and here every input counts.
fn limits() -> Limits {
    let mut limits = Limits::default();
    for limit in limits.all() {
        let most = (limit.most / 20).max(4);
        limits.set(limit.name, most).expect("it has this limit");
    }
    limits
}

fn plan(path: &Path) -> Result<SpeechPlan, Diagnostics> {
    let options = PlanOptions {
        read: ReadOptions {
            overrides: &[],
            root: None,
            limits: limits(),
            confined_to: Some(folder()),
            project: Some(folder()),
        },
        present_only: false,
        devices: Devices::default(),
        sandbox: false,
        corpora: &|_: &Manifest| Ok(shipped().clone()),
    };
    SpeechPlan::read(path, &options)
}

fuzz_target!(|bytes: &[u8]| {
    let path = write("fuzzed.toml", bytes);
    match plan(&path) {
        Ok(plan) => {
            assert_eq!(plan.sources[0].text().as_bytes(), bytes);
            let root = folder().canonicalize().expect("it is there");
            let steps = plan.steps.iter().map(|step| &step.declaration);
            for step in steps {
                for (parameter, written) in &step.paths {
                    let path = step.resolve(parameter, written);
                    // What a link would lead to does not exist here, but for the folder itself.
                    let real = path.canonicalize();
                    assert!(real.is_err() || real.is_ok_and(|real| real.starts_with(&root)));
                }
            }
        }
        Err(diagnostics) => {
            for diagnostic in diagnostics.shown() {
                // As people see it.
                let _ = format!("{:?}", Report::new(diagnostic.clone()));
            }
        }
    }
});
