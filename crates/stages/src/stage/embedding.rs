//! What `probe` and `tsne` share: which utterances they look at, and what a model's shared layers make of them.

use std::sync::Arc;

use pipe_engine::artifact::{FingerprintInputs, ItemFacts};
use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, Parameter, Shape};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, InputOrigin, LoadedItem, Resources, Stage, StepInput,
};
use pipe_foundation::Workers;
use pipe_nn::model::Model;
use pipe_report::ModelIdentity;
use pipe_report::eval::embedding::{Points, stratified};
use pipe_speech::corpus::{Split, Utterance};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use thiserror::Error;

use crate::items::UtteranceItem;

use super::feature_parts::for_each_part;
use super::front_end::{add_lineages, front_end, same_front_end};
use super::identity::identity;
use super::leakage::{Seen, TRAINING_ITEMS};
use super::normaliser::Normaliser;
use super::options::options;
use super::output::Unwritten;

/// Fewer utterances cannot be fitted and tested, and have no neighbours to speak of: perplexity 1 needs four.
const LEAST: usize = 4;

/// Which corpora are looked at.
pub const CORPORA: Parameter = Parameter::default(
    "corpora",
    Shape::Choice(&["training", "unseen", "all"]),
    "\"training\"",
    "Which corpora to include. Attribute heads were trained on the training corpora; for others they promise nothing.",
);

/// Which corpora are looked at.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CorporaChoice {
    /// Those the model was trained on.
    Training,
    /// All others.
    Unseen,
    /// All.
    All,
}

/// What every such stage is given.
#[derive(Deserialize)]
struct Options {
    splits: Vec<Split>,
    corpora: CorporaChoice,
    max_utterances: usize,
    seed: u64,
    threads: usize,
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

impl From<Unwritten> for EmbedError {
    fn from(Unwritten { name, reason }: Unwritten) -> Self {
        Self::Output { name, reason }
    }
}

/// What a stage makes of embeddings, with options of its own.
pub trait Analysis: DeserializeOwned + Send + Sync + 'static {
    /// Writes its results into the folder of `context`.
    ///
    /// # Errors
    /// When the embeddings cannot be worked on, or a result cannot be written.
    fn run(
        &self,
        embedded: Embedded,
        workers: &Workers,
        context: &AggregateContext<'_>,
    ) -> miette::Result<()>;
}

struct EmbeddingStage<A> {
    options: Options,
    analysis: A,
}

/// The stage that chooses utterances, embeds them, and hands them to `A`.
///
/// # Errors
/// When its options cannot be read.
pub fn build<A: Analysis>(declaration: &Declaration) -> Result<Stage, Diagnostics> {
    Ok(Stage::Aggregate(Box::new(EmbeddingStage::<A> {
        options: options(declaration)?,
        analysis: options(declaration)?,
    })))
}

impl<A: Analysis> AggregateStage for EmbeddingStage<A> {
    fn external_inputs(&self, inputs: &[InputOrigin], fingerprint: &mut FingerprintInputs) {
        add_lineages(inputs, fingerprint, front_end);
    }

    fn resources(&self) -> Resources {
        Resources {
            threads: self.options.threads,
            ..Resources::default()
        }
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let embedded = embed(context, &self.options)?;
        let workers = Workers::new(context.cores.threads())?;
        self.analysis.run(embedded, &workers, context)
    }
}

/// Chooses utterances and embeds them.
///
/// # Errors
/// Too few utterances, features that do not fit the model, a model that gives no numbers.
fn embed(context: &AggregateContext<'_>, choice: &Options) -> miette::Result<Embedded> {
    let input = context.inputs_of("model").next();
    let file = |name: &'static str| {
        input
            .and_then(|input| input.file(name))
            .ok_or(EmbedError::Model { name })
    };
    let model = Model::load(file("model.safetensors")?)?;
    let seen = Seen::read(file(TRAINING_ITEMS)?)?;
    for input in context.inputs_of("input") {
        same_front_end(&input.lineage, &model.config().feature_options)?;
    }
    let wanted = |utterance: &Utterance| {
        choice.splits.contains(&utterance.split)
            && match choice.corpora {
                CorporaChoice::All => true,
                CorporaChoice::Training => seen.corpora.contains(&*utterance.corpus),
                CorporaChoice::Unseen => !seen.corpora.contains(&*utterance.corpus),
            }
    };
    let mut items: Vec<&LoadedItem> = context
        .inputs_of("input")
        .flat_map(StepInput::items)
        .filter(|item| wanted(item.utterance()))
        .collect();
    items.sort_by(|a, b| a.facts.id().cmp(b.facts.id()));
    // Over all that are there, not only those that are drawn.
    let normalisation = model.config().normalisation.as_ref();
    let normaliser = Normaliser::new(normalisation, &items, context.progress)?;
    let items = subset(items, choice);
    if items.len() < LEAST {
        let splits: Vec<&str> = choice.splits.iter().map(|split| split.name()).collect();
        return Err(EmbedError::TooFew {
            found: items.len(),
            least: LEAST,
            splits: splits.join(", "),
            corpora: match choice.corpora {
                CorporaChoice::All => "all corpora",
                CorporaChoice::Training => "the training corpora",
                CorporaChoice::Unseen => "corpora not trained on",
            },
        }
        .into());
    }
    let points = rows(&model, &items, &normaliser, context)?;
    Ok(Embedded {
        model: identity(model.config(), seen.corpora),
        utterances: items.iter().map(|item| item.facts.clone()).collect(),
        points: points.standardised(),
    })
}

/// At most this many, with each speaker's emotions in proportion.
fn subset<'a>(items: Vec<&'a LoadedItem>, choice: &Options) -> Vec<&'a LoadedItem> {
    let strata: Vec<_> = items
        .iter()
        .map(|item| {
            let utterance = item.utterance();
            (&utterance.corpus, &utterance.speaker, item.class_number())
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

fn rows(
    model: &Model,
    items: &[&LoadedItem],
    normaliser: &Normaliser,
    context: &AggregateContext<'_>,
) -> miette::Result<Points> {
    let mut values = Vec::new();
    let mut width = 1;
    for_each_part(items, normaliser, context, |part, views| {
        let embedded = model.embed(views, context.cores.threads(), context.progress)?;
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
        Ok(())
    })?;
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
