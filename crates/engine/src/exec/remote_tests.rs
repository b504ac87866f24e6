//! Two caches that share a remote one: what one has made the other fetches, whatever becomes of the bytes in between.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::artifact::{Bytes, Item, ItemData, ItemId};
use crate::cache::Cache;
use crate::cache::remote::{
    Distrust, MemoryStore, NoSignatures, Patience, RemoteOptions, RemoteStore, Signatures,
    StoreError,
};
use crate::plan::Plan;
use crate::stage::{
    AggregateContext, AggregateStage, Device, FileInfos, ItemContext, ItemCopy, ItemError,
    ItemStage, SourceListing, SourceStage, Stage, StepInput,
};

use super::toy_domain::{self, passed_on};
use super::{Event, Observer, RunOptions, RunSummary, pull, push, run};

/// How often each stage has worked.
#[derive(Default)]
struct Work {
    loads: AtomicUsize,
    passes: AtomicUsize,
    joins: AtomicUsize,
}

impl Work {
    fn counts(&self) -> [usize; 3] {
        [&self.loads, &self.passes, &self.joins].map(|count| count.load(Ordering::Relaxed))
    }
}

/// The stages of a plan: items that are listed and passed on, and files that hold them all.
struct Counted(Arc<Work>, usize);

impl SourceStage for Counted {
    fn list(&self, _files: &dyn FileInfos) -> miette::Result<SourceListing> {
        let item = |number: usize| Item {
            facts: Arc::new(ItemId(format!("item/{number:07}"))),
            digest: Digest::of(&number.to_le_bytes()),
        };
        Ok(SourceListing::of((0..self.1).map(item).collect()))
    }

    fn load(&self, item: &Item, _progress: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError> {
        self.0.loads.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Bytes(item.facts.id().into())))
    }
}

impl ItemStage for Counted {
    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        _context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        self.0.passes.fetch_add(1, Ordering::Relaxed);
        passed_on(input)
    }
}

impl AggregateStage for Counted {
    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        self.0.joins.fetch_add(1, Ordering::Relaxed);
        let mut joined = format!("{}:", self.1).into_bytes();
        for item in context.inputs.iter().filter_map(StepInput::items).flatten() {
            joined.extend_from_slice(&item.blob);
        }
        let digest = Digest::of(&joined).hex();
        std::fs::write(context.out.join("joined"), digest).map_err(miette::Report::msg)?;
        // What all of them have in common is stored once.
        std::fs::write(context.out.join("same"), "same").map_err(miette::Report::msg)?;
        std::fs::write(context.out.join("empty"), "").map_err(miette::Report::msg)
    }
}

fn plan(folder: &Path, work: &Arc<Work>, items: usize, joins: usize) -> Plan {
    let numbers: Vec<String> = (1..=joins).map(|number| number.to_string()).collect();
    let manifest = format!(
        "[matrix]\nn = [{}]\n[stage.listed]\nkind = \"list\"\n[stage.passed]\nkind = \"pass\"\ninput = \"listed\"\n\
         [stage.joined]\nkind = \"name\"\ninput = \"passed\"\nlength = \"${{matrix.n}}\"\n",
        numbers.join(", ")
    );
    let mut plan = toy_domain::plan(folder, &manifest, Device::default());
    let mut joins = 0;
    for step in &mut plan.steps {
        let counted = |number| Box::new(Counted(work.clone(), number));
        step.stage = match step.stage {
            Stage::Source(_) => Stage::Source(counted(items)),
            Stage::Items(_) => Stage::Items(counted(items)),
            Stage::Aggregate(_) => {
                joins += 1;
                Stage::Aggregate(counted(joins))
            }
        };
    }
    plan
}

#[derive(Default)]
struct Listener(Mutex<Vec<Event>>);

impl Observer for Listener {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Listener {
    fn has(&self, is_it: impl Fn(&Event) -> bool) -> bool {
        self.0.lock().unwrap().iter().any(is_it)
    }
}

fn options(signatures: Box<dyn Signatures>) -> RemoteOptions {
    RemoteOptions {
        pulls: true,
        pushes: true,
        patience: Duration::from_secs(20),
        signatures,
    }
}

/// One machine: a folder with a cache, and how much its stages have worked.
struct Machine {
    folder: tempfile::TempDir,
    work: Arc<Work>,
}

impl Machine {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            work: Arc::default(),
        }
    }

    fn cache(&self, store: &Arc<impl RemoteStore + 'static>, options: RemoteOptions) -> Cache {
        let mut cache = Cache::open(&self.folder.path().join("cache"), false).unwrap();
        cache.connect(store.clone(), options);
        cache
    }

    fn plan(&self, items: usize, joins: usize) -> Plan {
        plan(self.folder.path(), &self.work, items, joins)
    }

    fn run_with(
        &self,
        store: &Arc<impl RemoteStore + 'static>,
        size: (usize, usize),
        options: RemoteOptions,
    ) -> (RunSummary, Listener) {
        let plan = self.plan(size.0, size.1);
        let cache = self.cache(store, options);
        let listener = Listener::default();
        let runs = self.folder.path().join("runs");
        let options = RunOptions {
            runs: &runs,
            ..RunOptions::default()
        };
        let summary = run(&plan, &cache, &options, &listener).unwrap();
        let failed: Vec<_> = summary
            .steps
            .iter()
            .filter_map(|step| step.error.as_ref())
            .collect();
        assert!(failed.is_empty(), "{failed:?}");
        (summary, listener)
    }

    fn run(
        &self,
        store: &Arc<impl RemoteStore + 'static>,
        size: (usize, usize),
    ) -> (RunSummary, Listener) {
        self.run_with(store, size, options(Box::new(NoSignatures)))
    }

    fn results(&self) -> Vec<(String, String)> {
        let root = self.folder.path().join("runs");
        let mut found = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => open.push(path),
                    false => found.push((
                        path.strip_prefix(&root).unwrap().display().to_string(),
                        std::fs::read_to_string(&path).unwrap(),
                    )),
                }
            }
        }
        found.sort();
        found
    }
}

#[test]
fn another_machine_computes_nothing_and_then_only_what_is_new() {
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (Machine::new(), Machine::new());
    first.run(&store, (50, 3));
    assert_eq!(first.work.counts(), [50, 50, 3]);
    let (summary, listener) = second.run(&store, (50, 3));
    assert_eq!(second.work.counts(), [0, 0, 0]);
    assert_eq!((summary.counts.hit, summary.counts.fetched), (5, 5));
    assert_eq!(second.results(), first.results());
    assert!(listener.has(|event| matches!(event, Event::RemoteFetched { results: 3, .. })));
    // One more item, and one more file of all of them: the items of before come.
    let third = Machine::new();
    third.run(&store, (51, 4));
    assert_eq!(third.work.counts(), [1, 1, 4]);
    // What that one has made is there for the first.
    first.run(&store, (51, 4));
    assert_eq!(first.work.counts(), [50, 50, 3]);
    // Where everything is here, nobody is asked.
    let before = store.requests();
    let (summary, _) = first.run(&store, (51, 4));
    assert_eq!(summary.counts.fetched, 0);
    assert_eq!(store.requests(), before);
}

#[test]
fn items_alone_come_where_only_a_whole_set_is_new() {
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (Machine::new(), Machine::new());
    first.run(&store, (30, 1));
    // The sets are known there, and the files of the first; the others are made of items that come.
    second.run(&store, (30, 5));
    assert_eq!(second.work.counts(), [0, 0, 4]);
}

#[test]
fn nothing_is_pushed_or_pulled_that_is_not_wanted() {
    let store = Arc::new(MemoryStore::default());
    let only = |pulls, pushes| RemoteOptions {
        pulls,
        pushes,
        ..options(Box::new(NoSignatures))
    };
    let (first, second) = (Machine::new(), Machine::new());
    first.run_with(&store, (5, 1), only(true, false));
    assert!(store.objects().is_empty());
    first.run_with(&store, (5, 1), only(false, true));
    assert!(!store.objects().is_empty());
    assert_eq!(first.work.counts(), [5, 5, 1]);
    second.run_with(&store, (5, 1), only(false, true));
    assert_eq!(second.work.counts(), [5, 5, 1]);
}

#[test]
fn a_push_and_a_pull_move_a_plan_without_a_run() {
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (Machine::new(), Machine::new());
    let offline = Arc::new(MemoryStore::default());
    first.run(&offline, (20, 2));
    let cache = first.cache(&store, options(Box::new(NoSignatures)));
    let all = push(&first.plan(20, 2), &cache, &Listener::default()).unwrap();
    assert_eq!(all, (4, 0));
    let cache = second.cache(&store, options(Box::new(NoSignatures)));
    let pulled = pull(&second.plan(20, 2), &cache, &Listener::default()).unwrap();
    assert_eq!(pulled, (4, 0));
    drop(cache);
    // Without the store, everything is here.
    let nothing = Arc::new(MemoryStore::default());
    second.run(&nothing, (20, 3));
    assert_eq!(second.work.counts(), [0, 0, 1]);
}

#[test]
fn every_damaged_object_is_noticed_and_what_it_held_is_computed() {
    let whole = Arc::new(MemoryStore::default());
    let first = Machine::new();
    first.run(&whole, (20, 2));
    let results = first.results();
    let cut = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let flip = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    let empty = |_: &[u8]| Vec::new();
    let damages: [&dyn Fn(&[u8]) -> Vec<u8>; 3] = [&cut, &flip, &empty];
    for name in whole.objects().keys() {
        for damage in damages {
            let store = Arc::new(MemoryStore::default());
            for (name, bytes) in whole.objects() {
                store.replace(&name, bytes.to_vec());
            }
            store.replace(name, damage(&whole.objects()[name]));
            let machine = Machine::new();
            machine.run(&store, (20, 2));
            assert_eq!(machine.results(), results, "{name}");
        }
    }
}

/// A store that does what the others of its kind do when they are in trouble.
#[derive(Debug)]
struct Troubled {
    store: MemoryStore,
    /// Which requests fail, and how.
    trouble: fn(usize) -> Option<StoreError>,
    asked: AtomicUsize,
}

impl Troubled {
    fn new(trouble: fn(usize) -> Option<StoreError>) -> Arc<Self> {
        Arc::new(Self {
            store: MemoryStore::default(),
            trouble,
            asked: AtomicUsize::new(0),
        })
    }

    fn check(&self) -> Result<(), StoreError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        (self.trouble)(asked).map_or(Ok(()), Err)
    }
}

impl RemoteStore for Troubled {
    fn url(&self) -> &str {
        "troubled://"
    }

    fn get(
        &self,
        name: &str,
        range: Option<std::ops::Range<u64>>,
        patience: &Patience<'_>,
    ) -> Result<Vec<u8>, StoreError> {
        self.check()?;
        self.store.get(name, range, patience)
    }

    fn put_if_absent(
        &self,
        name: &str,
        bytes: &Arc<[u8]>,
        patience: &Patience<'_>,
    ) -> Result<bool, StoreError> {
        self.check()?;
        self.store.put_if_absent(name, bytes, patience)
    }

    fn list(&self, prefix: &str, patience: &Patience<'_>) -> Result<Vec<String>, StoreError> {
        self.check()?;
        self.store.list(prefix, patience)
    }
}

#[test]
fn a_store_in_trouble_is_given_up_and_told_of_once() {
    let troubles: [fn(usize) -> Option<StoreError>; 2] = [
        |_| Some(StoreError::Failed("no connection".into())),
        |_| Some(StoreError::Refused("access is denied".into())),
    ];
    for trouble in troubles {
        let store = Troubled::new(trouble);
        let machine = Machine::new();
        let (summary, listener) = machine.run(&store, (20, 2));
        assert_eq!(summary.counts.executed, 4);
        let off = |event: &&Event| matches!(event, Event::RemoteOff { .. });
        assert_eq!(listener.0.lock().unwrap().iter().filter(off).count(), 1);
        assert!(store.asked.load(Ordering::Relaxed) <= 16);
    }
}

#[test]
fn a_request_that_fails_now_and_then_is_made_again() {
    let store = Troubled::new(|asked| {
        (asked % 3 == 1).then(|| StoreError::Failed("the server is busy".into()))
    });
    let (first, second) = (Machine::new(), Machine::new());
    first.run(&store, (20, 2));
    second.run(&store, (20, 2));
    assert_eq!(second.work.counts(), [0, 0, 0]);
}

/// Signs with a name, and trusts some.
#[derive(Debug)]
struct Names {
    own: Option<&'static str>,
    trusted: &'static [&'static str],
}

impl Signatures for Names {
    fn sign(&self, text: &[u8]) -> Result<Option<String>, String> {
        Ok(self.own.map(|own| format!("{own} {}", Digest::of(text))))
    }

    fn check(&self, text: &[u8], signature: Option<&str>) -> Result<(), Distrust> {
        let signature = signature.ok_or(Distrust::Unsigned)?;
        let right = |name: &&&str| signature == format!("{name} {}", Digest::of(text));
        self.trusted
            .iter()
            .find(right)
            .map(drop)
            .ok_or(Distrust::Stranger)
    }
}

#[test]
fn entries_of_strangers_are_refused_told_of_and_computed() {
    let signed = |own, trusted| options(Box::new(Names { own, trusted }));
    for (own, is_trusted) in [
        (Some("friend"), true),
        (Some("stranger"), false),
        (None, false),
    ] {
        let store = Arc::new(MemoryStore::default());
        let (first, second) = (Machine::new(), Machine::new());
        first.run_with(&store, (10, 2), signed(own, &["friend", "stranger"]));
        let (_, listener) = second.run_with(&store, (10, 2), signed(None, &["friend"]));
        let is_refusal = |event: &Event| matches!(event, Event::RemoteRefused { .. });
        assert_eq!(listener.has(is_refusal), !is_trusted);
        let counts = if is_trusted { [0, 0, 0] } else { [10, 10, 2] };
        assert_eq!(second.work.counts(), counts);
    }
}

#[test]
fn many_segments_are_covered_by_one_for_whoever_is_new() {
    let store = Arc::new(MemoryStore::default());
    let machine = Machine::new();
    for joins in 1..=70 {
        machine.run(&store, (3, joins));
    }
    let names = store.objects().into_keys();
    let merged = names
        .filter(|name| name.starts_with("index/merged-"))
        .count();
    assert_eq!(merged, 1);
    let before = store.requests();
    let new = Machine::new();
    new.run(&store, (3, 70));
    assert_eq!(new.work.counts(), [0, 0, 0]);
    // Those that came after it, and the packs, which are as small as the runs.
    assert!(
        store.requests() - before < 90,
        "{}",
        store.requests() - before
    );
}

#[test]
fn a_large_plan_takes_few_requests_and_little_for_each_step() {
    const ITEMS: usize = 3_000;
    const JOINS: usize = 400;
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (Machine::new(), Machine::new());
    first.run(&store, (ITEMS, JOINS));
    let pushed = store.requests();
    second.run(&store, (ITEMS, JOINS));
    assert_eq!(second.work.counts(), [0, 0, 0]);
    let pulled = store.requests() - pushed;
    assert!(
        pushed <= 12 && pulled <= 12,
        "{pushed} and {pulled} requests"
    );
    let objects = store.objects();
    let bytes_below = |prefix: &str| -> usize {
        let own = objects.iter().filter(|(name, _)| name.starts_with(prefix));
        own.map(|(_, bytes)| bytes.len()).sum()
    };
    assert!(
        bytes_below("index/") < 400 * JOINS,
        "{}",
        bytes_below("index/")
    );
    assert!(
        bytes_below("items/") < 2 * 100 * ITEMS,
        "{}",
        bytes_below("items/")
    );
}
