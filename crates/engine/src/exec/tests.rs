//! A defect in a stage costs that stage, never the run.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use miette::Report;
use pipe_foundation::progress::Progress;

use crate::artifact::{Item, ItemData, ItemFacts};
use crate::cache::Cache;
use crate::stage::{
    AggregateContext, AggregateStage, Device, FileInfos, ItemContext, ItemCopy, ItemError,
    ItemStage, SourceListing, SourceStage, Stage,
};

use super::toy_domain::{self, passed_on};
use super::{Event, Observer, RunOptions, RunSummary, Status, run};

const MANIFEST: &str = r#"
[stage.listed]
kind = "list"

[stage.passed]
kind = "pass"
input = "listed"
max_bad = 0.5

[stage.apart]
kind = "make"
"#;

/// Panics wherever it can, or only at some items.
#[derive(Clone, Copy, PartialEq)]
enum Defect {
    List,
    Copies,
    SomeItems,
    /// No panic: the machine has no file descriptors left.
    Descriptors,
    Run,
}

impl SourceStage for Defect {
    fn list(&self, _files: &dyn FileInfos) -> miette::Result<SourceListing> {
        panic!("a defect in list")
    }

    fn load(&self, _item: &Item, _progress: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError> {
        panic!("a defect in load")
    }
}

impl ItemStage for Defect {
    fn copies(&self, facts: &Arc<dyn ItemFacts>) -> Vec<ItemCopy> {
        assert!(*self != Self::Copies, "a defect in copies");
        vec![ItemCopy {
            facts: facts.clone(),
            fingerprint: String::new(),
            index: 0,
        }]
    }

    fn process(
        &self,
        copy: &ItemCopy,
        input: &dyn ItemData,
        _context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        if *self == Self::Descriptors {
            let error = std::io::Error::from(rustix::io::Errno::MFILE);
            return Err(ItemError::of_system("cannot open it", &error));
        }
        assert!(
            !copy.facts.id().ends_with("/loud"),
            "a defect at some items"
        );
        passed_on(input)
    }
}

impl AggregateStage for Defect {
    fn run(&self, _context: &AggregateContext<'_>) -> miette::Result<()> {
        panic!("a defect in run")
    }
}

#[derive(Default)]
struct Listener {
    events: Mutex<Vec<Event>>,
    failures: Mutex<Vec<String>>,
}

impl Observer for Listener {
    fn event(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn failure(&self, step: &str, report: &Report) {
        self.failures
            .lock()
            .unwrap()
            .push(format!("{step}: {report}"));
    }

    fn interrupted(&self) -> bool {
        false
    }
}

fn run_with(folder: &Path, step: &str, stage: Stage) -> (RunSummary, Listener) {
    run_as(folder, step, stage, false)
}

fn run_as(folder: &Path, step: &str, stage: Stage, keep_going: bool) -> (RunSummary, Listener) {
    let mut plan = toy_domain::plan(folder, MANIFEST, Device::default());
    let index = plan.find(step).unwrap();
    plan.steps[index].stage = stage;
    let cache = Cache::open(&folder.join("cache"), false).unwrap();
    let listener = Listener::default();
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
    let summary = run(&plan, &cache, &options, &listener).unwrap();
    (summary, listener)
}

fn statuses(summary: &RunSummary) -> Vec<(&str, Status)> {
    let steps = summary.steps.iter();
    steps.map(|step| (step.id.as_str(), step.status)).collect()
}

#[test]
fn a_panic_at_some_items_sets_them_aside_and_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let stage = || Stage::Items(Box::new(Defect::SomeItems));
    for _ in 0..2 {
        let (summary, listener) = run_with(folder.path(), "passed", stage());
        assert_eq!(summary.counts.failed, 0);
        let bad: Vec<String> = listener
            .events
            .into_inner()
            .unwrap()
            .into_iter()
            .filter_map(|event| match event {
                Event::ItemBad { item, .. } => Some(item.reason),
                _ => None,
            })
            .collect();
        assert!(!bad.is_empty());
        assert_eq!(summary.items.bad, bad.len());
        assert!(
            bad.iter()
                .all(|reason| reason.starts_with("internal error: ")
                    && reason.contains("a defect at some items"))
        );
    }
}

#[test]
fn a_panic_anywhere_in_a_stage_fails_its_step_only() {
    let cases: [(&str, Stage, &str); 3] = [
        ("listed", Stage::Source(Box::new(Defect::List)), "list"),
        ("passed", Stage::Items(Box::new(Defect::Copies)), "copies"),
        ("apart", Stage::Aggregate(Box::new(Defect::Run)), "run"),
    ];
    for (step, stage, place) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (summary, listener) = run_with(folder.path(), step, stage);
        let failures = listener.failures.into_inner().unwrap();
        let expected = format!("{step}: internal error: a defect in {place}");
        assert!(failures.contains(&expected), "{failures:?}");
        let statuses = statuses(&summary);
        assert!(statuses.contains(&(step, Status::Failed)), "{statuses:?}");
        let other = if step == "apart" { "passed" } else { "apart" };
        assert!(
            statuses.contains(&(other, Status::Executed)),
            "{statuses:?}"
        );
    }
}

#[test]
fn a_fault_of_the_machine_ends_the_run_and_sets_nothing_aside() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::Items(Box::new(Defect::Descriptors));
    let (summary, listener) = run_as(folder.path(), "passed", stage, true);
    let failures = listener.failures.into_inner().unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].starts_with("passed: a/"), "{failures:?}");
    assert!(failures[0].ends_with(": cannot open it"), "{failures:?}");
    assert_eq!(summary.items.bad, 0);
    assert!(statuses(&summary).contains(&("passed", Status::Failed)));
}
