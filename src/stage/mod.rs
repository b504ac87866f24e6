//! The stages: one thin file a kind, with its parameters, what its results depend on, and a call into the domain.

mod augment;
mod command;
mod contract;
mod core_share;
mod embedding;
mod evaluate;
mod fbank;
mod front_end;
mod leakage;
mod learning_curve;
mod identity;
mod ingest;
mod probe;
mod report;
mod resample;
mod train;
mod tsne;

use std::sync::LazyLock;

use crate::manifest::{Declaration, Kind, Parameter, Problem, Problems, Shape};

use contract::stands_under;
pub use contract::{
    AggregateContext, AggregateStage, Blame, DeclaredFile, FileInfos, InputContent, InputLabel,
    InputOrigin, Interrupted, ItemContext, ItemCopy, ItemError, ItemStage, LoadedItem, SourceItem,
    SourceListing, SourceStage, Stage, StepInput,
};
use pipe_speech::corpus::Corpora;

pub use command::supervisor;
pub use core_share::CoreShare;
pub use evaluate::ENTRY as EVALUATION_ENTRY;
pub use probe::ENTRY as PROBE_ENTRY;
pub use report::CONTENT as REPORT_CONTENT;
pub use train::checkpoints;
pub use tsne::ENTRY as MAP_ENTRY;

/// What every stage file provides.
struct Registered {
    kind: &'static Kind,
    build: fn(&Declaration, &Corpora) -> Result<Stage, Problems>,
}

static REGISTERED: [Registered; 10] = [
    Registered {
        kind: &ingest::KIND,
        build: ingest::build,
    },
    Registered {
        kind: &resample::KIND,
        build: resample::build,
    },
    Registered {
        kind: &fbank::KIND,
        build: fbank::build,
    },
    Registered {
        kind: &augment::KIND,
        build: augment::build,
    },
    Registered {
        kind: &train::KIND,
        build: train::build,
    },
    Registered {
        kind: &evaluate::KIND,
        build: evaluate::build,
    },
    Registered {
        kind: &probe::KIND,
        build: probe::build,
    },
    Registered {
        kind: &tsne::KIND,
        build: tsne::build,
    },
    Registered {
        kind: &report::KIND,
        build: report::build,
    },
    Registered {
        kind: &command::KIND,
        build: command::build,
    },
];

static KINDS: LazyLock<Vec<&'static Kind>> = LazyLock::new(|| {
    REGISTERED
        .iter()
        .map(|registered| registered.kind)
        .collect()
});

/// All stage kinds, in the order of a pipeline.
pub fn kinds() -> &'static [&'static Kind] {
    &KINDS
}

/// Makes the stage of a declared step.
///
/// # Errors
/// What only the stage itself can know to be wrong, such as a corpus that is not there.
pub fn build(declaration: &Declaration, corpora: &Corpora) -> Result<Stage, Problems> {
    match REGISTERED
        .iter()
        .find(|registered| std::ptr::eq(registered.kind, declaration.kind))
    {
        Some(registered) => (registered.build)(declaration, corpora),
        None => Err(Problem::new(
            "manifest::unknown_kind",
            format!("no stage kind `{}`", declaration.kind.name),
        )
        .into()),
    }
}

/// The limit on items set aside, a parameter of every item-wise stage.
const MAX_BAD: Parameter = Parameter::default(
    "max_bad",
    Shape::Float { min: 0.0, max: 1.0 },
    "0.01",
    "Fraction of items that may be bad before the step fails: those that it cannot make, and at a source those that are missing or cannot be read. What is left out by choice does not count. It is no part of the result: the limit holds for results in the cache too, and raising it costs no work.",
)
.unkeyed();

/// Whether bytes of items are kept although only item-wise stages take them.
const STORE: Parameter = Parameter::default(
    "store",
    Shape::Bool,
    "false",
    "Keep the items' bytes in the cache even when nothing but item-wise stages takes them. Costs disk, saves computing them again when a later stage changes.",
)
.unkeyed();

/// Reads checked parameters into a stage's options; they fit because both were declared together.
fn options<T: serde::de::DeserializeOwned>(declaration: &Declaration) -> Result<T, Problems> {
    serde_json::from_value(serde_json::Value::Object(declaration.parameters.clone())).map_err(
        |error| {
            Problem::new(
                "manifest::value",
                format!("`{}`: {error}", declaration.stage),
            )
            .at(
                &declaration.place,
                "the parameters of this stage cannot be read",
            )
            .into()
        },
    )
}

/// A problem with the options as a whole, reported at the stage's name.
fn refused(declaration: &Declaration, error: &dyn miette::Diagnostic) -> Problems {
    let mut problem = Problem::new(
        "manifest::value",
        format!("`{}`: {error}", declaration.stage),
    )
    .at(
        &declaration.place,
        "the parameters of this stage do not fit together",
    );
    if let Some(help) = error.help() {
        problem = problem.help(help.to_string());
    }
    problem.into()
}

/// Stands in for a stage that could not be built; a plan with one never runs.
pub struct Unbuilt;

impl AggregateStage for Unbuilt {
    fn run(&self, _context: &AggregateContext<'_>) -> miette::Result<()> {
        Err(miette::Report::msg("the stage was not built"))
    }
}
