//! A defect in a stage costs that stage, never the run.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use miette::Report;
use pipe_nn::model::Device;
use pipe_speech::corpus::{Corpora, Utterance};

use crate::artifact::ItemData;
use crate::cache::Cache;
use crate::manifest::Manifest;
use crate::plan::{Plan, PlanOptions};
use crate::stage::{
    AggregateContext, AggregateStage, FileInfos, ItemContext, ItemCopy, ItemError, ItemStage,
    SourceItem, SourceListing, SourceStage, Stage,
};

use super::{Event, Observer, RunOptions, RunSummary, Status, run};

const CORPORA: &str = r#"folder = ""
[corpus.made]
root = ""
reader = "synthetic"
title = "Made for tests"
language = "en"
licence = "none"
source = "made by the tests"
labels = { positive = ["happiness"], neutral = ["neutral"], negative = ["anger"] }
options = { speakers = 2, utterances_per_label = 1, rate_hz = 8000 }
"#;

const MANIFEST: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"

[stage.audio]
kind = "resample"
input = "speech"
rate_hz = 8000
max_bad = 0.5

[stage.apart]
kind = "command"
run = "echo apart > {out}/apart.txt"
outputs = ["apart.txt"]
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
    fn list(&self, _facts: &dyn FileInfos) -> miette::Result<SourceListing> {
        panic!("a defect in list")
    }

    fn load(&self, _item: &SourceItem) -> Result<ItemData, ItemError> {
        panic!("a defect in load")
    }
}

impl ItemStage for Defect {
    fn copies(&self, utterance: &Arc<Utterance>) -> Vec<ItemCopy> {
        assert!(*self != Self::Copies, "a defect in copies");
        vec![ItemCopy {
            utterance: utterance.clone(),
            fingerprint: String::new(),
            index: 0,
        }]
    }

    fn process(
        &self,
        copy: &ItemCopy,
        input: &ItemData,
        _context: &ItemContext<'_>,
    ) -> Result<ItemData, ItemError> {
        if *self == Self::Descriptors {
            let error = std::io::Error::from(rustix::io::Errno::MFILE);
            return Err(ItemError::of_system("cannot open it", &error));
        }
        assert_ne!(copy.utterance.label, "anger", "a defect at some items");
        Ok(input.clone())
    }
}

impl AggregateStage for Defect {
    fn run(&self, _context: &AggregateContext<'_>) -> miette::Result<()> {
        panic!("a defect in run")
    }
}

/// Makes a result of no files; a real command needs the executable to supervise it.
struct Sound;

impl AggregateStage for Sound {
    fn run(&self, _context: &AggregateContext<'_>) -> miette::Result<()> {
        Ok(())
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
    let path = folder.join("pipe.toml");
    std::fs::write(&path, MANIFEST).unwrap();
    let corpora = |_: &Manifest| Ok(Corpora::parse(CORPORA).unwrap());
    let options = PlanOptions {
        present_only: false,
        overrides: &[],
        device: Device::Cpu,
        corpora: &corpora,
    };
    let mut plan = Plan::read(&path, &options)
        .unwrap_or_else(|problems| panic!("{:?}", problems.iter().collect::<Vec<_>>()));
    let apart = plan.find("apart").unwrap();
    plan.steps[apart].stage = Stage::Aggregate(Box::new(Sound));
    let index = plan.find(step).unwrap();
    plan.steps[index].stage = stage;
    let cache = Cache::open(&folder.join("cache"), false).unwrap();
    let listener = Listener::default();
    let options = RunOptions {
        jobs: 2,
        keep_going,
        memory_bytes: u64::MAX,
        runs: &folder.join("runs"),
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
        let (summary, listener) = run_with(folder.path(), "audio", stage());
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
        ("speech", Stage::Source(Box::new(Defect::List)), "list"),
        ("audio", Stage::Items(Box::new(Defect::Copies)), "copies"),
        ("apart", Stage::Aggregate(Box::new(Defect::Run)), "run"),
    ];
    for (step, stage, place) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (summary, listener) = run_with(folder.path(), step, stage);
        let failures = listener.failures.into_inner().unwrap();
        let told = format!("{step}: internal error: a defect in {place}");
        assert!(failures.contains(&told), "{failures:?}");
        let statuses = statuses(&summary);
        assert!(statuses.contains(&(step, Status::Failed)), "{statuses:?}");
        let other = if step == "apart" { "audio" } else { "apart" };
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
    let (summary, listener) = run_as(folder.path(), "audio", stage, true);
    let failures = listener.failures.into_inner().unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].starts_with("audio: made/"), "{failures:?}");
    assert!(failures[0].ends_with(": cannot open it"), "{failures:?}");
    assert_eq!(summary.items.bad, 0);
    assert!(statuses(&summary).contains(&("audio", Status::Failed)));
}
