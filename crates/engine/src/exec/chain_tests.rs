//! Chains of thousands of item-wise stages: items are taken through them step by step, not by calls of calls.

use crate::cache::Cache;
use crate::stage::Device;

use super::toy_domain::{NAMES, plan};
use super::{RunOptions, Silent, run};

/// More than a thread's stack has room for, at one call each.
const STAGES: usize = 2000;

/// A chain of [`STAGES`]; `length` has no meaning, but tells the stages apart.
fn chain() -> String {
    let later = (1..STAGES).map(|stage| {
        let before = stage - 1;
        format!("[stage.s{stage}]\nkind = \"pass\"\ninput = \"s{before}\"\nlength = {stage}\n")
    });
    "[stage.s0]\nkind = \"list\"\n".to_owned() + &later.collect::<String>()
}

#[test]
fn a_chain_may_be_of_any_length() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache"), false).unwrap();
    let runs = folder.path().join("runs");
    let options = RunOptions {
        runs: &runs,
        ..RunOptions::default()
    };
    // A branch that needs items in the middle, which were not kept: they are made again from the start of the chain on.
    let branch = format!(
        "[stage.branch]\nkind = \"pass\"\ninput = \"s{}\"\nlength = 0\n",
        STAGES - 2
    );
    for (manifest, steps, executed) in [
        (chain(), STAGES, STAGES),
        (chain(), STAGES, 0),
        (chain() + &branch, STAGES + 1, 1),
    ] {
        let plan = plan(folder.path(), &manifest, Device::default());
        let summary = run(&plan, &cache, &options, &Silent).unwrap();
        assert_eq!(summary.counts.executed, executed);
        assert_eq!(summary.counts.hit, steps - executed);
        assert_eq!(summary.items.computed, executed * NAMES.len());
    }
}
