//! A user who asks to stop: while a long file is hashed, whether it is one that a step has made or one that it declares; and
//! between the copies of an item.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::artifact::{ItemData, ItemFacts, ItemId};
use crate::cache::Cache;
use crate::stage::{
    AggregateContext, AggregateStage, DeclaredFile, Device, ItemContext, ItemCopy, ItemError,
    ItemStage, Stage,
};

use super::toy_domain;
use super::{Event, Observer, RunOptions, RunSummary, Status, run};

/// Files from this length on are read in blocks.
const LONG_BYTES: u64 = 16 << 20;

fn long_file(path: &Path) {
    File::create(path).unwrap().set_len(LONG_BYTES).unwrap();
}

/// Makes a long file where it declares none.
struct Long(Vec<DeclaredFile>);

impl AggregateStage for Long {
    fn files(&self) -> &[DeclaredFile] {
        &self.0
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let made = context.out.join("made");
        match self.0.is_empty() {
            true => long_file(&made),
            false => std::fs::write(made, "made").unwrap(),
        }
        Ok(())
    }
}

/// Has the user ask to stop as soon as a long file is read.
#[derive(Default)]
struct User {
    asked: Arc<AtomicBool>,
    events: Mutex<Vec<Event>>,
}

impl Observer for User {
    fn event(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn interrupted(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Makes copies, and has the user ask to stop within the first.
struct Copies {
    asked: Arc<AtomicBool>,
    begun: Arc<AtomicUsize>,
}

impl ItemStage for Copies {
    fn most_copies(&self) -> usize {
        20
    }

    fn copies(&self, facts: &Arc<dyn ItemFacts>) -> Vec<ItemCopy> {
        let copy = |index: usize| ItemCopy {
            facts: Arc::new(ItemId(format!("{}#{index}", facts.id()))),
            fingerprint: index.to_string(),
            index,
        };
        (0..20).map(copy).collect()
    }

    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        _context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.asked.store(true, Ordering::Relaxed);
        toy_domain::passed_on(input)
    }
}

#[test]
fn no_further_copy_is_begun_once_the_user_has_asked() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        "[stage.list]\nkind = \"list\"\n[stage.copies]\nkind = \"pass\"\ninput = \"list\"\n";
    let mut plan = toy_domain::plan(folder.path(), manifest, Device::default());
    let user = User::default();
    let begun = Arc::new(AtomicUsize::new(0));
    plan.steps[1].stage = Stage::Items(Box::new(Copies {
        asked: user.asked.clone(),
        begun: begun.clone(),
    }));
    let cache = Cache::open(&folder.path().join("cache"), false).unwrap();
    let options = RunOptions {
        runs: &folder.path().join("runs"),
        jobs: 1,
        ..RunOptions::default()
    };
    let summary = run(&plan, &cache, &options, &user).unwrap();
    assert!(summary.interrupted);
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

fn interrupted_run(folder: &Path, stage: Long) -> (RunSummary, User) {
    let manifest = "[stage.long]\nkind = \"make\"\n";
    let mut plan = toy_domain::plan(folder, manifest, Device::default());
    plan.steps[0].stage = Stage::Aggregate(Box::new(stage));
    let cache = Cache::open(&folder.join("cache"), false).unwrap();
    let user = User::default();
    let asked = user.asked.clone();
    cache.interruption.heed(move || {
        asked.store(true, Ordering::Relaxed);
        true
    });
    let options = RunOptions {
        runs: &folder.join("runs"),
        ..RunOptions::default()
    };
    let summary = run(&plan, &cache, &options, &user).unwrap();
    (summary, user)
}

#[test]
fn hashing_a_long_file_ends_when_the_user_asks_and_the_run_says_that_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let declared = folder.path().join("declared");
    long_file(&declared);
    let declared = DeclaredFile {
        name: "declared".into(),
        path: declared,
    };
    for files in [vec![], vec![declared]] {
        let (summary, user) = interrupted_run(folder.path(), Long(files));
        assert!(summary.interrupted);
        assert_eq!(summary.steps[0].status, Status::Skipped);
        let events = user.events.into_inner().unwrap();
        let told =
            |event: &Event| matches!(event, Event::Warning { .. } | Event::StepFailed { .. });
        assert!(!events.iter().any(told), "{events:?}");
    }
}
