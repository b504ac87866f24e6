//! Manifests, up to the plan: what a manifest comes to with everything filled in is a manifest that comes to the same.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use miette::Report;
use pipe::domain::{PlanOptions, SpeechPlan};
use pipe_engine::manifest::{Diagnostics, Limits, Manifest};
use pipe_fuzz::{shipped, write};
use pipe_nn::model::Device;

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
        overrides: &[],
        limits: limits(),
        present_only: false,
        device: Device::Cpu,
        corpora: &|_: &Manifest| Ok(shipped().clone()),
    };
    SpeechPlan::read(path, &options)
}

fn steps(plan: &SpeechPlan) -> Vec<String> {
    let steps = plan.steps.iter();
    steps
        .map(|step| format!("{} {:?}", step.id(), step.declaration.parameters))
        .collect()
}

fuzz_target!(|bytes: &[u8]| {
    let path = write("fuzzed.toml", bytes);
    match plan(&path) {
        Ok(first) => {
            let path = write("fuzzed.toml", first.text.as_bytes());
            let again = plan(&path).unwrap_or_else(|told| panic!("{told:?}\n{}", first.text));
            assert_eq!(again.name, first.name);
            assert_eq!(steps(&again), steps(&first));
        }
        Err(diagnostics) => {
            for diagnostic in diagnostics.shown() {
                // As people see it.
                let _ = format!("{:?}", Report::new(diagnostic.clone()));
            }
        }
    }
});
