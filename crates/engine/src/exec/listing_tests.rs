//! A stage over what sources list needs none of their data; and a step may wait for another of which it takes nothing.

use std::path::Path;
use std::sync::Arc;

use miette::Report;
use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::artifact::{Item, ItemData, ItemId};
use crate::cache::Cache;
use crate::plan::Plan;
use crate::stage::{
    AggregateContext, AggregateStage, Device, FileInfos, ItemError, SourceListing, SourceStage,
    Stage,
};

use super::toy_domain;
use super::{Event, Observer, RunOptions, RunSummary, Status, run};

const MANIFEST: &str = r#"
[stage.listed]
kind = "list"

[stage.passed]
kind = "pass"
input = "listed"

[stage.made]
kind = "make"

[stage.names]
kind = "name"
input = "listed"
"#;

/// Lists these, of which none can be read; their data are as long as their names.
struct Unreadable(Vec<&'static str>);

impl SourceStage for Unreadable {
    fn list(&self, _files: &dyn FileInfos) -> miette::Result<SourceListing> {
        let items = self.0.iter().map(|name| Item {
            facts: Arc::new(ItemId((*name).into())),
            digest: Digest::of(name.as_bytes()),
        });
        Ok(SourceListing::of(items.collect()))
    }

    fn load(&self, _item: &Item, _progress: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError> {
        Err(ItemError::permanent("it is not audio"))
    }
}

/// Refuses every result.
struct Refusing;

impl AggregateStage for Refusing {
    fn run(&self, _context: &AggregateContext<'_>) -> miette::Result<()> {
        Err(Report::msg("it will not do"))
    }
}

struct Silent;

impl Observer for Silent {
    fn event(&self, _event: &Event) {}

    fn failure(&self, _step: &str, _report: &Report) {}

    fn interrupted(&self) -> bool {
        false
    }
}

fn run_in(folder: &Path, plan: &Plan, keep_going: bool) -> RunSummary {
    let cache = Cache::open(&folder.join("cache"), false).unwrap();
    let options = RunOptions {
        jobs: 2,
        keep_going,
        memory_bytes: u64::MAX,
        devices: 1,
        checkpoint_bytes: u64::MAX,
        largest_copy_bytes: u64::MAX,
        expected: None,
        runs: &folder.join("runs"),
        ..RunOptions::default()
    };
    run(plan, &cache, &options, &Silent).unwrap()
}

fn status(summary: &RunSummary, step: &str) -> Status {
    let found = summary.steps.iter().find(|known| known.id == step);
    found.unwrap().status
}

#[test]
fn what_is_listed_is_taken_without_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = toy_domain::plan(folder.path(), MANIFEST, Device::default());
    let listed = plan.find("listed").unwrap();
    assert!(
        !plan.steps[listed].stored,
        "only an item-wise stage takes its data"
    );
    let mut list = |names: &[&'static str]| {
        plan.steps[listed].stage = Stage::Source(Box::new(Unreadable(names.to_vec())));
        run_in(folder.path(), &plan, true)
    };
    let first = list(&["a", "b"]);
    assert_eq!(status(&first, "listed"), Status::Failed);
    assert_eq!(status(&first, "names"), Status::Executed);
    let names = folder.path().join("runs/pipe/names/names");
    assert_eq!(std::fs::read_to_string(&names).unwrap(), "a\nb");
    assert_eq!(status(&list(&["a", "b"]), "names"), Status::Hit);
    assert_eq!(status(&list(&["a", "c"]), "names"), Status::Executed);
    assert_eq!(std::fs::read_to_string(&names).unwrap(), "a\nc");
}

#[test]
fn a_step_waits_for_another_and_starts_after_its_failure_only_if_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = toy_domain::plan(folder.path(), MANIFEST, Device::default());
    let (made, names) = (plan.find("made").unwrap(), plan.find("names").unwrap());
    plan.steps[made].after.push(names);
    plan.steps[names].stage = Stage::Aggregate(Box::new(Refusing));
    let stopped = run_in(folder.path(), &plan, false);
    assert_eq!(status(&stopped, "names"), Status::Failed);
    assert_eq!(status(&stopped, "made"), Status::Skipped);
    let continued = run_in(folder.path(), &plan, true);
    assert_eq!(status(&continued, "names"), Status::Failed);
    assert_eq!(status(&continued, "made"), Status::Executed);
    // Nothing that waits for a step depends on it.
    plan.steps[made].after.clear();
    assert_eq!(
        status(&run_in(folder.path(), &plan, true), "made"),
        Status::Hit
    );
}
