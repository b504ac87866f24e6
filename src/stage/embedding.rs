//! What `probe` and `tsne` share: which utterances they look at, and what a model's shared layers make of them.

use std::path::Path;
use std::sync::Arc;

use pipe_engine::artifact::ItemFacts;
use pipe_engine::manifest::{Diagnostic, Parameter, Shape};
use pipe_engine::stage::{AggregateContext, Interrupted, LoadedItem, StepInput};
use pipe_foundation::FeaturesView;
use pipe_nn::model::Model;
use pipe_report::ModelIdentity;
use pipe_report::eval::embedding::{Points, stratified};
use pipe_speech::corpus::{Split, Utterance};
use serde_json::{Map, Value as Json};
use thiserror::Error;

use crate::emotion_classes::load_model;
use crate::items::{self, FEATURES, UtteranceItem, features};

use super::front_end::same_front_end;
use super::identity::identity;
use super::leakage::{Seen, TRAINING_ITEMS};

/// The model.
pub const MODEL: Parameter =
    Parameter::required("model", Shape::Input(&[items::MODEL]), "The model.");

/// The features it embeds.
pub const INPUT: Parameter = Parameter::required(
    "input",
    Shape::OneOrMany(&Shape::Input(&[FEATURES])),
    "Features, computed like those it was trained on.",
);

/// Which corpora are looked at.
pub const CORPORA: Parameter = Parameter::default(
    "corpora",
    Shape::Choice(&["training", "unseen", "all"]),
    "\"training\"",
    "Which corpora to include. Attribute heads were trained on the training corpora; for others they promise nothing.",
);

/// Most threads.
pub const THREADS: Parameter = Parameter::default(
    "threads",
    Shape::Integer { min: 1, max: 1024 },
    "8",
    "Maximum number of threads; the result does not depend on it.",
)
.unkeyed();

/// The values of `splits`.
pub const SPLITS: Shape = Shape::List(&Shape::Choice(&["train", "validation", "test"]));

/// Which corpora are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CorporaChoice {
    /// Those the model was trained on.
    Training,
    /// All others.
    Unseen,
    /// All.
    All,
}

/// Which utterances are looked at.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Their splits.
    pub splits: Vec<Split>,
    /// Their corpora.
    pub corpora: CorporaChoice,
    /// At most this many.
    pub max_utterances: usize,
    /// Draws them where there are more.
    pub seed: u64,
}

/// Utterances and their embeddings.
pub struct Embedded {
    /// Which model made them; without its name.
    pub model: ModelIdentity,
    /// The utterances.
    pub utterances: Vec<Arc<dyn ItemFacts>>,
    /// One row for each, every dimension standardised.
    pub points: Points,
}

/// Why nothing can be embedded.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum EmbedError {
    /// The model's folder is not complete.
    #[error("the model has no {name}")]
    #[diagnostic(code(embedding::model))]
    Model {
        /// The file.
        name: &'static str,
    },
    /// Nothing is left to look at.
    #[error(
        "too few utterances: {found} in the splits {splits} of {corpora}; at least {least} are needed"
    )]
    #[diagnostic(
        code(embedding::too_few),
        help(
            "check `split` of the ingest stage, and `splits`, `corpora` and `max_utterances` of this one"
        )
    )]
    TooFew {
        /// How many there are.
        found: usize,
        /// The least that make sense.
        least: usize,
        /// The splits asked for.
        splits: String,
        /// The corpora asked for.
        corpora: &'static str,
    },
    /// The shared layers gave no number.
    #[error("the embedding of {utterance} is not finite")]
    #[diagnostic(
        code(embedding::not_finite),
        help("the model has diverged; check its history.jsonl")
    )]
    NotFinite {
        /// The utterance.
        utterance: String,
    },
    /// A result cannot be written.
    #[error("cannot write {name}: {reason}")]
    #[diagnostic(code(embedding::output))]
    Output {
        /// The file.
        name: &'static str,
        /// Why.
        reason: String,
    },
}

/// Chooses utterances and embeds them.
///
/// # Errors
/// Fewer than `least` utterances, features that do not fit the model, a model that gives no numbers.
pub fn embed(
    context: &AggregateContext<'_>,
    choice: &Choice,
    least: usize,
) -> miette::Result<Embedded> {
    let input = context.inputs_of("model").next();
    let file = |name: &'static str| {
        input
            .and_then(|input| input.file(name))
            .ok_or(EmbedError::Model { name })
    };
    let model = load_model(file("model.safetensors")?)?;
    let seen = Seen::read(file(TRAINING_ITEMS)?)?;
    for input in context.inputs_of("input") {
        same_front_end(&input.lineage, &model.config().feature_options)?;
    }
    let wanted = |utterance: &Utterance| {
        choice.splits.contains(&utterance.split)
            && match choice.corpora {
                CorporaChoice::All => true,
                CorporaChoice::Training => seen.corpora.contains(&utterance.corpus),
                CorporaChoice::Unseen => !seen.corpora.contains(&utterance.corpus),
            }
    };
    let mut items: Vec<&LoadedItem> = context
        .inputs_of("input")
        .flat_map(StepInput::items)
        .filter(|item| wanted(item.utterance()))
        .collect();
    items.sort_by(|a, b| a.facts.id().cmp(b.facts.id()));
    let items = subset(items, choice);
    if items.len() < least {
        let splits: Vec<&str> = choice.splits.iter().map(|split| split.name()).collect();
        return Err(EmbedError::TooFew {
            found: items.len(),
            least,
            splits: splits.join(", "),
            corpora: match choice.corpora {
                CorporaChoice::All => "all corpora",
                CorporaChoice::Training => "the training corpora",
                CorporaChoice::Unseen => "corpora not trained on",
            },
        }
        .into());
    }
    let points = rows(&model, &items, context)?;
    Ok(Embedded {
        model: identity(model.config(), seen.corpora),
        utterances: items.iter().map(|item| item.facts.clone()).collect(),
        points: points.standardised(),
    })
}

/// At most this many, with each speaker's emotions in proportion.
fn subset<'a>(items: Vec<&'a LoadedItem>, choice: &Choice) -> Vec<&'a LoadedItem> {
    let strata: Vec<_> = items
        .iter()
        .map(|item| {
            let utterance = item.utterance();
            (&utterance.corpus, &utterance.speaker, utterance.emotion)
        })
        .collect();
    let names: Vec<&str> = items
        .iter()
        .map(|item| item.utterance().id.as_str())
        .collect();
    stratified(&strata, &names, choice.max_utterances, choice.seed)
        .into_iter()
        .map(|at| items[at])
        .collect()
}

/// Embeds in parts, so that stopping takes effect soon.
fn rows(
    model: &Model,
    items: &[&LoadedItem],
    context: &AggregateContext<'_>,
) -> miette::Result<Points> {
    let mut values = Vec::new();
    let mut width = 1;
    for part in items.chunks(256) {
        if context.progress.interrupted() {
            return Err(Interrupted.into());
        }
        let views: Vec<FeaturesView<'_>> = part
            .iter()
            .map(|item| features(&item.blob))
            .collect::<Result<_, _>>()?;
        let embedded = model.embed(&views, context.cores.threads())?;
        width = embedded.len() / part.len().max(1);
        for (item, row) in part.iter().zip(embedded.chunks_exact(width.max(1))) {
            if row.iter().any(|value| !value.is_finite()) {
                return Err(EmbedError::NotFinite {
                    utterance: item.utterance().id.clone(),
                }
                .into());
            }
        }
        values.extend(embedded);
    }
    Ok(Points::new(width, values).unwrap_or_default())
}

/// Reports lists that are empty.
pub fn check_not_empty(parameters: &Map<String, Json>, names: &[&str]) -> Vec<Diagnostic> {
    let empty = |name: &&&str| {
        let list = parameters.get(**name).and_then(Json::as_array);
        list.is_some_and(Vec::is_empty)
    };
    names
        .iter()
        .filter(empty)
        .map(|name| {
            let message = format!("`{name}` is empty");
            Diagnostic::of_value(*name, message, "expected at least one")
                .help("omit it to use the default")
        })
        .collect()
}

/// Writes a text into the folder of the results.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(folder: &Path, name: &'static str, text: &str) -> Result<(), EmbedError> {
    std::fs::write(folder.join(name), text).map_err(|error| EmbedError::Output {
        name,
        reason: error.to_string(),
    })
}

/// Writes a value as JSON for people.
///
/// # Errors
/// As [`write`].
pub fn write_json(
    folder: &Path,
    name: &'static str,
    value: &impl serde::Serialize,
) -> Result<(), EmbedError> {
    let json = serde_json::to_string_pretty(value).map_err(|error| EmbedError::Output {
        name,
        reason: error.to_string(),
    })?;
    write(folder, name, &(json + "\n"))
}

/// Writes rows as a table with a heading.
///
/// # Errors
/// As [`write`].
pub fn write_csv(
    folder: &Path,
    name: &'static str,
    heading: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), EmbedError> {
    let failed = |reason: String| EmbedError::Output { name, reason };
    let mut table = csv::Writer::from_path(folder.join(name)).map_err(|e| failed(e.to_string()))?;
    table
        .write_record(heading)
        .map_err(|e| failed(e.to_string()))?;
    for row in rows {
        table
            .write_record(&row)
            .map_err(|e| failed(e.to_string()))?;
    }
    table.flush().map_err(|e| failed(e.to_string()))
}
