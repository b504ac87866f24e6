//! A small domain: texts in a folder are turned and salted one by one, joined, and something is fitted to them in rounds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{IntoDiagnostic, Report, Result};
use pipe_engine::artifact::{ArtifactKind, Bytes, Item, ItemData, ItemId};
use pipe_engine::manifest::{Declaration, Diagnostics, Kind, MAX_BAD, Parameter, Shape};
use pipe_engine::plan::Domain;
use pipe_engine::stage::{
    AggregateContext, AggregateStage, FileInfos, ItemContext, ItemCopy, ItemError, ItemStage,
    SourceListing, SourceStage, Stage,
};
use pipe_foundation::progress::Progress;
use pipe_foundation::system::{Open, System};
use pipe_foundation::{Digest, durable};

use super::model;
use super::process::Process;
use super::story::TEXTS;

const INPUT: Parameter = Parameter::required("input", Shape::Input(&[ArtifactKind::FILES]), "");
const SALT: Parameter = Parameter::default("salt", Shape::NATURAL, "1", "");
const ROUNDS: Parameter = Parameter::default("rounds", Shape::NATURAL, "1", "");
static TEXT: Kind = Kind::new("texts", "", &[MAX_BAD]);
static TURN: Kind = Kind::new("turn", "", &[INPUT, MAX_BAD]);
static SALTED: Kind = Kind::new("salt", "", &[INPUT, SALT, MAX_BAD]);
static JOIN: Kind = Kind::new("join", "", &[INPUT]);
static FIT: Kind = Kind::new("fit", "", &[INPUT, ROUNDS]);
static KINDS: [&Kind; 5] = [&TEXT, &TURN, &SALTED, &JOIN, &FIT];

/// The manifest of the domain.
pub const MANIFEST: &str = r#"
name = "demo"

[stage.texts]
kind = "texts"
max_bad = 0.9

[stage.turned]
kind = "turn"
input = "texts"
max_bad = 0.9

[stage.salted]
kind = "salt"
input = "turned"
max_bad = 0.9

[stage.joined]
kind = "join"
input = "salted"

[stage.fitted]
kind = "fit"
input = "joined"
"#;

/// The domain, whose stages use the system of a process.
pub struct Texts(pub Process);

impl Domain for Texts {
    fn kinds(&self) -> &'static [&'static Kind] {
        &KINDS
    }

    fn build(&mut self, step: &Declaration) -> Result<Stage, Diagnostics> {
        let process = self.0.clone();
        let number = |name: &str| step.parameters.get(name).and_then(|number| number.as_u64());
        Ok(match step.kind.name {
            "texts" => Stage::Source(Box::new(Source(process))),
            "turn" => Stage::Items(Box::new(Turn)),
            "salt" => Stage::Items(Box::new(Salt(number("salt").unwrap_or_default()))),
            "join" => Stage::Aggregate(Box::new(Join(process))),
            _ => Stage::Aggregate(Box::new(Fit {
                process,
                rounds: number("rounds").unwrap_or_default(),
            })),
        })
    }
}

struct Source(Process);

impl SourceStage for Source {
    fn list(&self, files: &dyn FileInfos) -> Result<SourceListing> {
        let entries = self.0.entries(Path::new(TEXTS)).into_diagnostic()?;
        let item = |path: PathBuf| -> Result<Item> {
            Ok(Item {
                digest: files.digest(&path).into_diagnostic()?,
                facts: Arc::new(ItemId(path.display().to_string())),
            })
        };
        let items = entries.into_iter().map(|entry| item(entry.path));
        Ok(SourceListing::of(items.collect::<Result<_>>()?))
    }

    fn file_of<'a>(&self, item: &'a Item) -> Option<&'a Path> {
        Some(Path::new(item.facts.id()))
    }

    fn load(&self, item: &Item, _: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError> {
        let system: &dyn System = &self.0;
        let text = system.read(Path::new(item.facts.id()));
        let text = text.map_err(|error| ItemError::of_system(&error, &error))?;
        Ok(Box::new(Bytes(text)))
    }
}

fn bytes(input: &dyn ItemData) -> Result<&[u8], ItemError> {
    let bytes = input.downcast_ref::<Bytes>();
    bytes
        .map(|bytes| bytes.0.as_slice())
        .ok_or_else(|| ItemError::permanent("not bytes"))
}

struct Turn;

impl ItemStage for Turn {
    fn process(
        &self,
        _: &ItemCopy,
        input: &dyn ItemData,
        _: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let turned = model::turned(bytes(input)?).map_err(ItemError::permanent)?;
        Ok(Box::new(Bytes(turned)))
    }
}

struct Salt(u64);

impl ItemStage for Salt {
    fn process(
        &self,
        _: &ItemCopy,
        input: &dyn ItemData,
        _: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        Ok(Box::new(Bytes(model::salted(bytes(input)?, self.0))))
    }
}

/// Writes a file as a program would: it counts only once the stage has ended.
fn write(process: &Process, path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = process.open(path, Open::CreateNew).into_diagnostic()?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    file.write_all(first).into_diagnostic()?;
    file.write_all(second).into_diagnostic()
}

struct Join(Process);

impl AggregateStage for Join {
    fn run(&self, context: &AggregateContext<'_>) -> Result<()> {
        let items = context.inputs.iter().flat_map(|input| input.items());
        let mut parts = Vec::new();
        for item in items {
            let data = ArtifactKind::FILES.decode(&item.blob)?;
            let data = data.downcast_ref::<Bytes>().map(|bytes| bytes.0.clone());
            parts.push((item.facts.id().to_owned(), data.unwrap_or_default()));
        }
        let (text, names) = model::joined(&parts);
        write(&self.0, &context.out.join("text"), &text)?;
        let folder = context.out.join("more");
        self.0.create_folders(&folder).into_diagnostic()?;
        write(&self.0, &folder.join("names"), &names)
    }
}

struct Fit {
    process: Process,
    rounds: u64,
}

/// The work of some rounds, as it is kept.
struct Work {
    round: u64,
    state: Digest,
}

impl Work {
    fn text(&self) -> String {
        let text = format!("{} {}", self.round, self.state);
        format!("{text} {}", Digest::of(text.as_bytes()))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (work, check) = text.rsplit_once(' ')?;
        if Digest::parse(check)? != Digest::of(work.as_bytes()) {
            return None;
        }
        let (round, state) = work.split_once(' ')?;
        Some(Self {
            round: round.parse().ok()?,
            state: Digest::parse(state)?,
        })
    }
}

impl AggregateStage for Fit {
    fn extensible(&self) -> &[&'static str] {
        &["rounds"]
    }

    fn run(&self, context: &AggregateContext<'_>) -> Result<()> {
        let system: &dyn System = &self.process;
        let input = context.inputs.first().and_then(|input| input.file("text"));
        let input = input.ok_or_else(|| Report::msg("no text to fit to"))?;
        let text = system.read(input).into_diagnostic()?;
        let kept = context.resume.join("work");
        let earlier = context.earlier.map(|earlier| earlier.join("work"));
        let known = |path: &Path| {
            let work = Work::parse(&system.read(path).ok()?)?;
            (work.round <= self.rounds).then_some(work)
        };
        let begun = known(&kept).or_else(|| known(&earlier?));
        let mut work = begun.unwrap_or(Work {
            round: 0,
            state: model::fit_start(&text),
        });
        while work.round < self.rounds {
            work.state = model::fit_round(work.state);
            work.round += 1;
            durable::write(system, &kept, work.text().as_bytes()).into_diagnostic()?;
        }
        write(
            &self.process,
            &context.out.join("model"),
            &model::fitted(work.state),
        )
    }
}
