//! Counts what a plan asks of a remote cache: `remote_requests ITEMS RESULTS` runs it on two machines that share one in memory.
//! More pairs make more rows of the table.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use miette::{IntoDiagnostic, Result};
use pipe_engine::artifact::{ArtifactKind, Bytes, Item, ItemData, ItemId};
use pipe_engine::cache::Cache;
use pipe_engine::cache::remote::{MemoryStore, NoSignatures, RemoteOptions};
use pipe_engine::exec::{self, RunOptions, Silent};
use pipe_engine::manifest::{Declaration, Diagnostics, Kind, Limits};
use pipe_engine::manifest::{Parameter, ReadOptions, Shape};
use pipe_engine::plan::{Domain, Plan};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, Device, EachItem, FileInfos, ItemError, SourceListing,
    SourceStage, Stage, StepInput,
};
use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

const COUNT: Parameter = Parameter::required("count", Shape::NATURAL, "How many there are.");
const NUMBER: Parameter = Parameter::required("number", Shape::NATURAL, "Which one it is.");
const INPUT: Parameter = Parameter::required("input", Shape::Input(&[ArtifactKind::FILES]), "");
static ITEMS: Kind = Kind::new("items", "Lists items.", &[COUNT]);
static FEATURES: Kind = Kind::new("features", "Passes items on.", &[INPUT]);
static RESULT: Kind = Kind::new("result", "Makes files.", &[INPUT, NUMBER]);
static KINDS: [&Kind; 3] = [&ITEMS, &FEATURES, &RESULT];

struct Numbered(u64);

impl SourceStage for Numbered {
    fn list(&self, _: &dyn FileInfos) -> Result<SourceListing> {
        let item = |number: u64| Item {
            facts: Arc::new(ItemId(format!("{number:07}"))),
            digest: Digest::of(&number.to_le_bytes()),
        };
        Ok(SourceListing::of((0..self.0).map(item).collect()))
    }

    fn load(&self, item: &Item, _: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError> {
        Ok(Box::new(Bytes(item.facts.id().into())))
    }
}

fn pass_on(data: &dyn ItemData) -> Result<Box<dyn ItemData>, ItemError> {
    let bytes = data.downcast_ref::<Bytes>();
    let bytes = bytes.ok_or_else(|| ItemError::permanent("no bytes"))?;
    Ok(Box::new(bytes.clone()))
}

/// Three files, as a model has with its history and its state.
impl AggregateStage for Numbered {
    fn run(&self, context: &AggregateContext<'_>) -> Result<()> {
        let count = context.inputs.iter().flat_map(StepInput::items).count();
        for name in ["model", "history", "state"] {
            let text = format!("{name} {} of {count}", self.0);
            std::fs::write(context.out.join(name), text).into_diagnostic()?;
        }
        Ok(())
    }
}

fn number(step: &Declaration, name: &str) -> u64 {
    step.parameters[name].as_u64().unwrap_or_default()
}

struct Made;

impl Domain for Made {
    fn kinds(&self) -> &'static [&'static Kind] {
        &KINDS
    }

    fn build(&mut self, step: &Declaration) -> std::result::Result<Stage, Diagnostics> {
        Ok(match step.kind.name {
            "items" => Stage::Source(Box::new(Numbered(number(step, "count")))),
            "features" => Stage::Items(Box::new(EachItem(pass_on))),
            _ => Stage::Aggregate(Box::new(Numbered(number(step, "number")))),
        })
    }
}

fn main() -> Result<()> {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .flat_map(|text| text.parse())
        .collect();
    let (sizes, []) = arguments.as_chunks::<2>() else {
        miette::bail!("usage: remote_requests ITEMS RESULTS [ITEMS RESULTS ...]");
    };
    println!(
        "| items | results | requests of the machine that computes | of the one that fetches | bytes of the index for a result | for an item, over two steps |"
    );
    println!("|---|---|---|---|---|---|");
    for &[items, results] in sizes {
        let space = std::env::temp_dir().join(format!("remote-requests-{}", std::process::id()));
        let store = Arc::new(MemoryStore::default());
        let mut requests = Vec::new();
        for machine in ["first", "second"] {
            let before = store.requests();
            run(&space.join(machine), &store, items, results)?;
            requests.push((store.requests() - before).to_string());
        }
        let objects = store.objects();
        let bytes = |part: &str| {
            let own = objects.iter().filter(|(name, _)| name.starts_with(part));
            own.map(|(_, bytes)| bytes.len() as u64).sum::<u64>()
        };
        println!(
            "| {items} | {results} | {} | {} | {} |",
            requests.join(" | "),
            bytes("index/") / results.max(1),
            bytes("items/") / items.max(1)
        );
        std::fs::remove_dir_all(space).into_diagnostic()?;
    }
    Ok(())
}

fn run(folder: &Path, store: &Arc<MemoryStore>, items: u64, results: u64) -> Result<()> {
    std::fs::create_dir_all(folder).into_diagnostic()?;
    let numbers: Vec<String> = (0..results).map(|number| number.to_string()).collect();
    let manifest = format!(
        "[matrix]\nnumber = [{}]\n[stage.items]\nkind = \"items\"\ncount = {items}\n\
         [stage.features]\nkind = \"features\"\ninput = \"items\"\n\
         [stage.result]\nkind = \"result\"\ninput = \"features\"\nnumber = \"${{matrix.number}}\"\n",
        numbers.join(", ")
    );
    let path = folder.join("made.toml");
    std::fs::write(&path, manifest).into_diagnostic()?;
    let options = ReadOptions {
        limits: Limits::default(),
        ..ReadOptions::default()
    };
    let plan = Plan::read(&path, &options, Device::default(), &mut Made)?;
    let mut cache = Cache::open(&folder.join("cache"), false)?;
    let options = RemoteOptions {
        pulls: true,
        pushes: true,
        patience: Duration::from_secs(30),
        signatures: Box::new(NoSignatures),
    };
    cache.connect(store.clone(), options);
    let runs = folder.join("runs");
    let options = RunOptions {
        runs: &runs,
        ..RunOptions::default()
    };
    let summary = exec::run(&plan, &cache, &options, &Silent)?;
    let counts = summary.counts;
    eprintln!(
        "{} executed, {} fetched, {} failed, in {:.1} s",
        counts.executed, counts.fetched, counts.failed, summary.seconds
    );
    Ok(())
}
