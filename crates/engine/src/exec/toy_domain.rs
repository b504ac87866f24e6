//! A domain for tests: a few made-up items, a stage that passes them on, one that makes a file, and one that names what
//! is listed.

use std::path::Path;
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::artifact::{ArtifactKind, Bytes, Item, ItemData, ItemId};
use crate::manifest::{Declaration, Diagnostics, Kind, MAX_BAD, Parameter, ReadOptions, Shape};
use crate::plan::{Domain, Plan};
use crate::stage::{
    AggregateContext, AggregateStage, Device, FileInfos, ItemContext, ItemCopy, ItemError,
    ItemStage, SourceListing, SourceStage, Stage, StepInput,
};

static LIST: Kind = Kind::new("list", "", &[MAX_BAD]);
static PASS: Kind = Kind::new("pass", "", &[INPUT, LENGTH, MAX_BAD]);
static MAKE: Kind = Kind::new("make", "", &[LENGTH]);
static NAME: Kind = Kind::new("name", "", &[INPUT]);
const INPUT: Parameter = Parameter::required("input", Shape::Input(&[ArtifactKind::FILES]), "");
const LENGTH: Parameter = Parameter::default("length", Shape::NATURAL, "1", "");

/// The items of every `list`.
pub const NAMES: [&str; 4] = ["a/calm", "a/loud", "b/calm", "b/loud"];

/// Stages that do what their kinds say.
pub struct Sound;

impl SourceStage for Sound {
    fn list(&self, _files: &dyn FileInfos) -> miette::Result<SourceListing> {
        let item = |name: &str| Item {
            facts: Arc::new(ItemId(name.into())),
            digest: Digest::of(name.as_bytes()),
        };
        Ok(SourceListing::of(NAMES.map(item).into()))
    }

    fn load(&self, item: &Item, _progress: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError> {
        Ok(Box::new(Bytes(item.facts.id().into())))
    }
}

impl ItemStage for Sound {
    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        _context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        passed_on(input)
    }
}

/// The same data again.
pub fn passed_on(input: &dyn ItemData) -> Result<Box<dyn ItemData>, ItemError> {
    let bytes = input.downcast_ref::<Bytes>();
    let bytes = bytes.ok_or_else(|| ItemError::permanent("not bytes"))?;
    Ok(Box::new(bytes.clone()))
}

impl AggregateStage for Sound {
    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        std::fs::write(context.out.join("made"), "made").map_err(miette::Report::msg)
    }
}

/// Writes the names of what is listed, and takes no data.
struct Names;

impl AggregateStage for Names {
    fn takes_listings(&self) -> bool {
        true
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let listings = context.inputs.iter().filter_map(StepInput::listing);
        let items = listings.flat_map(|listing| &listing.items);
        let names: Vec<&str> = items.map(|item| item.facts.id()).collect();
        std::fs::write(context.out.join("names"), names.join("\n")).map_err(miette::Report::msg)
    }
}

struct Toy;

impl Domain for Toy {
    fn kinds(&self) -> &'static [&'static Kind] {
        static KINDS: [&Kind; 4] = [&LIST, &PASS, &MAKE, &NAME];
        &KINDS
    }

    fn build(&mut self, declaration: &Declaration) -> Result<Stage, Diagnostics> {
        Ok(match declaration.kind.name {
            "list" => Stage::Source(Box::new(Sound)),
            "pass" => Stage::Items(Box::new(Sound)),
            "name" => Stage::Aggregate(Box::new(Names)),
            _ => Stage::Aggregate(Box::new(Sound)),
        })
    }
}

/// The plan of a manifest of the toy domain, which is written to `pipe.toml` in `folder`.
pub fn plan(folder: &Path, manifest: &str, device: Device) -> Plan {
    let path = folder.join("pipe.toml");
    std::fs::write(&path, manifest).unwrap();
    Plan::read(&path, &ReadOptions::default(), device, &mut Toy)
        .unwrap_or_else(|diagnostics| panic!("{:?}", diagnostics.shown()))
}
