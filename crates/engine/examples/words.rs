//! Counts the words of texts: `words texts.toml` runs, and `words texts.toml why` explains.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{IntoDiagnostic, Result};
use pipe_engine::artifact::{ArtifactKind, Bytes, Item, ItemData, ItemId};
use pipe_engine::cache::Cache;
use pipe_engine::exec::{self, RunOptions, Silent};
use pipe_engine::manifest::{Declaration, Diagnostics, Kind};
use pipe_engine::manifest::{MAX_BAD, Parameter, ReadOptions, Shape};
use pipe_engine::plan::{Domain, Plan};
use pipe_engine::stage::{Device, EachItem, FileInfos, ItemError};
use pipe_engine::stage::{SourceListing, SourceStage, Stage};
use pipe_foundation::progress::Progress;

const FOLDER: Parameter = Parameter::required("folder", Shape::Path, "Where the texts are.");
const INPUT: Parameter = Parameter::required("input", Shape::Input(&[ArtifactKind::FILES]), "");
static TEXTS: Kind = Kind::new("texts", "Lists texts.", &[FOLDER, MAX_BAD]);
static COUNT: Kind = Kind::new("count", "Counts the words.", &[INPUT, MAX_BAD]);
static KINDS: [&Kind; 2] = [&TEXTS, &COUNT];

struct Texts(PathBuf);

impl SourceStage for Texts {
    fn list(&self, files: &dyn FileInfos) -> Result<SourceListing> {
        let mut items = Vec::new();
        for entry in std::fs::read_dir(&self.0).into_diagnostic()? {
            let path = entry.into_diagnostic()?.path();
            let digest = files.digest(&path).into_diagnostic()?;
            let facts = Arc::new(ItemId(path.display().to_string()));
            items.push(Item { facts, digest });
        }
        Ok(SourceListing::of(items))
    }

    fn load(&self, item: &Item, _: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError> {
        let text = std::fs::read(item.facts.id()).map_err(ItemError::transient)?;
        Ok(Box::new(Bytes(text)))
    }
}

fn count(text: &dyn ItemData) -> Result<Box<dyn ItemData>, ItemError> {
    let bytes = text.downcast_ref::<Bytes>();
    let Bytes(text) = bytes.ok_or_else(|| ItemError::permanent("no bytes"))?;
    let text = std::str::from_utf8(text).map_err(ItemError::permanent)?;
    let words = text.split_whitespace().count().to_string();
    Ok(Box::new(Bytes(words.into())))
}

struct Words;

impl Domain for Words {
    fn kinds(&self) -> &'static [&'static Kind] {
        &KINDS
    }

    fn build(&mut self, step: &Declaration) -> Result<Stage, Diagnostics> {
        Ok(match step.kind.name {
            "texts" => Stage::Source(Box::new(Texts(step.path("folder")))),
            _ => Stage::Items(Box::new(EachItem(count))),
        })
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let (manifest, options) = (Path::new(&arguments[1]), ReadOptions::default());
    let plan = Plan::read(manifest, &options, Device::default(), &mut Words)?;
    let cache = Cache::open(Path::new("cache"), false)?;
    if arguments.len() > 2 {
        println!("{:#?}", exec::why(&plan, &cache, None)?);
    } else {
        let summary = exec::run(&plan, &cache, &RunOptions::default(), &Silent)?;
        let (items, failed) = (summary.items, summary.counts.failed);
        println!("{items:?}, {failed} steps failed");
    }
    Ok(())
}
