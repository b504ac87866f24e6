//! One machine of several that share a store: a cache, and stages that count how often they work.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipe_engine::artifact::{ArtifactKind, Bytes, Item, ItemData, ItemId};
use pipe_engine::cache::Cache;
use pipe_engine::cache::remote::{NoSignatures, RemoteOptions, RemoteStore, Signatures};
use pipe_engine::exec::{Event, Observer, RunOptions, RunSummary, run};
use pipe_engine::manifest::{Declaration, Diagnostics, Kind, Parameter, ReadOptions, Shape};
use pipe_engine::plan::{Domain, Plan};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, Device, FileInfos, ItemContext, ItemCopy, ItemError,
    ItemStage, SourceListing, SourceStage, Stage, StepInput,
};
use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;
use pipe_foundation::system::{RealSystem, System};

/// How often each stage has worked.
#[derive(Default)]
pub struct Work {
    loads: AtomicUsize,
    passes: AtomicUsize,
    joins: AtomicUsize,
}

impl Work {
    pub fn counts(&self) -> [usize; 3] {
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
        let bytes = input.downcast_ref::<Bytes>();
        let bytes = bytes.ok_or_else(|| ItemError::permanent("not bytes"))?;
        Ok(Box::new(bytes.clone()))
    }
}

impl AggregateStage for Counted {
    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        self.0.joins.fetch_add(1, Ordering::Relaxed);
        let mut joined = format!("{}:", self.1).into_bytes();
        for item in context.inputs.iter().flat_map(StepInput::items) {
            joined.extend_from_slice(&item.blob);
        }
        let digest = Digest::of(&joined).hex();
        std::fs::write(context.out.join("joined"), digest).map_err(miette::Report::msg)?;
        // What all of them have in common is stored once.
        std::fs::write(context.out.join("same"), "same").map_err(miette::Report::msg)?;
        std::fs::write(context.out.join("empty"), "").map_err(miette::Report::msg)
    }
}

const INPUT: Parameter = Parameter::required("input", Shape::Input(&[ArtifactKind::FILES]), "");
const NUMBER: Parameter = Parameter::required("number", Shape::NATURAL, "");
static LIST: Kind = Kind::new("list", "", &[NUMBER]);
static PASS: Kind = Kind::new("pass", "", &[INPUT]);
static JOIN: Kind = Kind::new("join", "", &[INPUT, NUMBER]);

/// Builds the stages.
struct Made(Arc<Work>);

impl Domain for Made {
    fn kinds(&self) -> &'static [&'static Kind] {
        static KINDS: [&Kind; 3] = [&LIST, &PASS, &JOIN];
        &KINDS
    }

    fn build(&mut self, step: &Declaration) -> Result<Stage, Diagnostics> {
        let number = step
            .parameters
            .get("number")
            .and_then(|number| number.as_u64());
        let stage = Box::new(Counted(self.0.clone(), number.unwrap_or(0) as usize));
        Ok(match step.kind.name {
            "list" => Stage::Source(stage),
            "pass" => Stage::Items(stage),
            _ => Stage::Aggregate(stage),
        })
    }
}

fn plan(folder: &Path, work: &Arc<Work>, items: usize, joins: usize) -> Plan {
    let numbers: Vec<String> = (1..=joins).map(|number| number.to_string()).collect();
    // What is listed is no parameter, as a folder of texts is none.
    let manifest = format!(
        "[matrix]\nn = [{}]\n[stage.listed]\nkind = \"list\"\nnumber = 0\n\
         [stage.passed]\nkind = \"pass\"\ninput = \"listed\"\n\
         [stage.joined]\nkind = \"join\"\ninput = \"passed\"\nnumber = \"${{matrix.n}}\"\n",
        numbers.join(", ")
    );
    let path = folder.join("pipe.toml");
    std::fs::write(&path, manifest).unwrap();
    let mut domain = Made(work.clone());
    let plan = Plan::read(
        &path,
        &ReadOptions::default(),
        Device::default(),
        &mut domain,
    );
    let mut plan = plan.unwrap_or_else(|diagnostics| panic!("{:?}", diagnostics.shown()));
    let listed = plan.find("listed").unwrap();
    plan.steps[listed].stage = Stage::Source(Box::new(Counted(work.clone(), items)));
    plan
}

#[derive(Default)]
pub struct Listener(pub Mutex<Vec<Event>>);

impl Observer for Listener {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Listener {
    pub fn has(&self, is_it: impl Fn(&Event) -> bool) -> bool {
        self.0.lock().unwrap().iter().any(is_it)
    }
}

pub fn options(signatures: Box<dyn Signatures>) -> RemoteOptions {
    RemoteOptions {
        pulls: true,
        pushes: true,
        patience: Duration::from_secs(20),
        signatures,
    }
}

/// One machine: a folder with a cache, and how much its stages have worked.
pub struct Machine {
    system: Arc<dyn System>,
    folder: tempfile::TempDir,
    pub work: Arc<Work>,
}

impl Machine {
    pub fn new() -> Self {
        Self::on(Arc::new(RealSystem))
    }

    /// With another system for its cache.
    pub fn on(system: Arc<dyn System>) -> Self {
        Self {
            system,
            folder: tempfile::tempdir().unwrap(),
            work: Arc::default(),
        }
    }

    pub fn cache(&self, store: &Arc<impl RemoteStore + 'static>, options: RemoteOptions) -> Cache {
        let root = self.folder.path().join("cache");
        let mut cache = Cache::open_on(self.system.clone(), &root, false).unwrap();
        cache.connect(store.clone(), options);
        cache
    }

    pub fn plan(&self, items: usize, joins: usize) -> Plan {
        plan(self.folder.path(), &self.work, items, joins)
    }

    pub fn run_with(
        &self,
        store: &Arc<impl RemoteStore + 'static>,
        size: (usize, usize),
        options: RemoteOptions,
    ) -> (RunSummary, Listener) {
        let listener = Listener::default();
        let summary = self.run_heard(store, size, options, &listener);
        (summary, listener)
    }

    /// A run that `observer` hears.
    pub fn run_heard(
        &self,
        store: &Arc<impl RemoteStore + 'static>,
        size: (usize, usize),
        options: RemoteOptions,
        observer: &dyn Observer,
    ) -> RunSummary {
        let plan = self.plan(size.0, size.1);
        let cache = self.cache(store, options);
        let runs = self.folder.path().join("runs");
        let options = RunOptions {
            runs: &runs,
            ..RunOptions::default()
        };
        let summary = run(&plan, &cache, &options, observer).unwrap();
        let failed: Vec<_> = summary
            .steps
            .iter()
            .filter_map(|step| step.error.as_ref())
            .collect();
        assert!(failed.is_empty(), "{failed:?}");
        summary
    }

    /// Removes the record of a step, and what is remembered of the store.
    pub fn forget(&self, step: &str) {
        let records = std::fs::read_dir(self.folder.path().join("cache/steps")).unwrap();
        let records = records.map(|entry| entry.unwrap().path());
        let own = format!("\"step\":\"{step}\"");
        let is_own = |path: &std::path::PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            text.replace("\": \"", "\":\"").contains(&own)
        };
        let own: Vec<_> = records.filter(is_own).collect();
        assert_eq!(own.len(), 1, "{step}");
        std::fs::remove_file(&own[0]).unwrap();
        std::fs::remove_dir_all(self.folder.path().join("cache/remote")).unwrap();
    }

    pub fn run(
        &self,
        store: &Arc<impl RemoteStore + 'static>,
        size: (usize, usize),
    ) -> (RunSummary, Listener) {
        self.run_with(store, size, options(Box::new(NoSignatures)))
    }

    /// Removes what [`Machine::results`] gives.
    pub fn forget_results(&self) {
        let _ = std::fs::remove_dir_all(self.folder.path().join("runs"));
    }

    pub fn results(&self) -> Vec<(String, String)> {
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
