//! `evaluate`: tests a model on utterances it has not seen.

use std::path::Path;

use pipe_engine::artifact::FingerprintInputs;
use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, Gathers, Kind, Parameter};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, Foresight, InputOrigin, ListedInput, LoadedItem, Resources,
    Stage, StepInput,
};
use pipe_nn::model::Device;
use pipe_nn::model::Model;
use pipe_report::eval::{Evaluation, Prediction, most_likely, write_predictions};
use pipe_report::{EpochPoint, ReportEntry};
use pipe_speech::corpus::Split;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use thiserror::Error;

use crate::items::{EVALUATION, UtteranceItem};

use super::feature_parts::for_each_part;
use super::foresight;
use super::front_end::{add_lineages, front_end, same_front_end};
use super::identity::identity;
use super::leakage::{self, LeakError, OnLeak, Seen, TRAINING_ITEMS};
use super::learning_curve::epoch_point;
use super::options::options;
use super::output::{Unwritten, write_json};
use super::parameters::{INPUT, MODEL, SPLITS, THREADS};
use super::setting::Setting;

/// The evaluation as a row of a report, without its name.
pub const ENTRY: &str = "entry.json";

pub static KIND: Kind = Kind {
    name: "evaluate",
    version: 3, // 2: entry.json keeps the whole history; 3: probabilities with the same bits on every machine
    doc: "Tests a model: unweighted and weighted accuracy, recalls and confusion matrix per corpus, and every prediction.",
    parameters: &[
        MODEL,
        INPUT,
        Parameter::default(
            "splits",
            SPLITS,
            "[\"test\"]",
            "Which utterances to test on.",
        ),
        leakage::LEAKS,
        THREADS,
    ],
    gathers: Gathers::Never,
    output: |_| EVALUATION,
    validate: |parameters: &Map<String, Json>| match parameters
        .get("splits")
        .and_then(Json::as_array)
    {
        Some(list) if list.is_empty() => vec![
            Diagnostic::of_value("splits", "`splits` is empty", "expected at least one split")
                .help("the usual is splits = [\"test\"]"),
        ],
        _ => Vec::new(),
    },
};

#[derive(Deserialize)]
struct Options {
    splits: Vec<Split>,
    threads: usize,
}

/// Why a model cannot be tested.
#[derive(Debug, Error, miette::Diagnostic)]
enum EvaluateError {
    #[error("there is nothing to test on: the splits {splits} have no utterances")]
    #[diagnostic(
        code(evaluate::empty),
        help("check `split` of the ingest stage and `splits` of this one")
    )]
    Empty { splits: String },
    #[error("the model has no {name}")]
    #[diagnostic(code(evaluate::model))]
    Model { name: &'static str },
    #[error("the model has no class `{class}`, the class of {utterance}")]
    #[diagnostic(
        code(evaluate::no_class),
        help(
            "test it on utterances of the classes that it was trained on: give both ingest stages the same `classes`"
        )
    )]
    NoClass { class: String, utterance: String },
    #[error("the model gives no probability for {utterance}")]
    #[diagnostic(
        code(evaluate::not_finite),
        help("the model has diverged; check its history.jsonl")
    )]
    NotFinite { utterance: String },
    #[error("cannot write {name}: {reason}")]
    #[diagnostic(code(evaluate::output))]
    Output { name: &'static str, reason: String },
}

impl From<Unwritten> for EvaluateError {
    fn from(Unwritten { name, reason }: Unwritten) -> Self {
        Self::Output { name, reason }
    }
}

struct Evaluate {
    options: Options,
    on_leak: OnLeak,
    device: Device,
}

pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    let on_leak = OnLeak::of(&declaration.parameters);
    Ok(Stage::Aggregate(Box::new(Evaluate {
        options: options(declaration)?,
        on_leak,
        device: setting.device,
    })))
}

impl AggregateStage for Evaluate {
    fn external_inputs(&self, inputs: &[InputOrigin], fingerprint: &mut FingerprintInputs) {
        add_lineages(inputs, fingerprint, front_end);
    }

    fn uses_device(&self) -> bool {
        true
    }

    fn foresee(&self, inputs: &[ListedInput<'_>]) -> Foresight {
        foresight::of_evaluation(inputs, &self.options.splits)
    }

    fn resources(&self) -> Resources {
        Resources {
            threads: self.options.threads,
            ..Resources::default()
        }
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let model_input = context.inputs_of("model").next();
        let file = |name: &'static str| {
            model_input
                .and_then(|input| input.file(name))
                .ok_or(EvaluateError::Model { name })
        };
        let model = Model::load(file("model.safetensors")?)?;
        let items: Vec<&LoadedItem> = context
            .inputs_of("input")
            .flat_map(StepInput::items)
            .filter(|item| self.options.splits.contains(&item.utterance().split))
            .collect();
        if items.is_empty() {
            let splits: Vec<&str> = self
                .options
                .splits
                .iter()
                .map(|split| split.name())
                .collect();
            return Err(EvaluateError::Empty {
                splits: splits.join(", "),
            }
            .into());
        }
        for input in context.inputs_of("input") {
            same_front_end(&input.lineage, &model.config().feature_options)?;
        }
        let seen = Seen::read(file(TRAINING_ITEMS)?)?;
        let leaks = self.check_leaks(&seen, &items, context)?;

        let classes = &model.config().classes;
        let predictions = predict(&model, self.device, classes, &items, context)?;
        let evaluation = Evaluation::of(classes, &predictions)?;
        write_predictions(&context.out.join("predictions.csv"), classes, &predictions)?;
        write_json(context.out, "metrics.json", &evaluation).map_err(EvaluateError::from)?;
        let entry = ReportEntry {
            model: identity(model.config(), seen.corpora),
            evaluation,
            leaks,
            epochs: model.config().provenance["options"]["epochs"]
                .as_u64()
                .unwrap_or_default() as usize,
            history: history(file("history.jsonl")?)?,
            axes: Vec::new(),
            folds: Vec::new(),
        };
        Ok(write_json(context.out, ENTRY, &entry).map_err(EvaluateError::from)?)
    }
}

impl Evaluate {
    fn check_leaks(
        &self,
        seen: &Seen,
        items: &[&LoadedItem],
        context: &AggregateContext<'_>,
    ) -> miette::Result<Vec<String>> {
        // Testing on what was trained on is asked for by name, and then no leak.
        if self.options.splits != [Split::Test] {
            return Ok(Vec::new());
        }
        let leaks = seen.leaks(items);
        match (leaks.is_empty(), self.on_leak) {
            (true, _) => Ok(leaks),
            (false, OnLeak::Error) => Err(LeakError::new(&leaks).into()),
            (false, OnLeak::Warn) => {
                leaks.iter().for_each(|leak| context.progress.warn(leak));
                Ok(leaks)
            }
        }
    }
}

/// Predicts every item; `classes` are the names of the model's classes.
fn predict(
    model: &Model,
    device: Device,
    classes: &[String],
    items: &[&LoadedItem],
    context: &AggregateContext<'_>,
) -> miette::Result<Vec<Prediction>> {
    let mut predictions = Vec::with_capacity(items.len());
    for_each_part(items, context, |part, views| {
        let threads = context.cores.threads();
        let rows = model.predict_on(device, views, threads, context.progress)?;
        for (item, row) in part.iter().zip(rows) {
            let utterance = item.utterance();
            let predicted = most_likely(&row).ok_or_else(|| EvaluateError::NotFinite {
                utterance: utterance.id.clone(),
            })?;
            let class = utterance.class.as_deref().unwrap_or_default();
            let truth = classes.iter().position(|known| known == class);
            predictions.push(Prediction {
                utterance: utterance.id.clone(),
                corpus: utterance.corpus.clone(),
                speaker: utterance.speaker.clone(),
                truth: truth.ok_or_else(|| EvaluateError::NoClass {
                    class: class.to_owned(),
                    utterance: utterance.id.clone(),
                })?,
                predicted,
                probabilities: row,
            });
        }
        context
            .progress
            .advance(predictions.len() as u64, items.len() as u64);
        Ok(())
    })?;
    Ok(predictions)
}

/// The epochs of the training.
fn history(path: &Path) -> miette::Result<Vec<EpochPoint>> {
    let failed = |reason: String| EvaluateError::Output {
        name: "history",
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    text.lines()
        .map(|line| {
            let record = serde_json::from_str(line);
            let record = record.map_err(|error| failed(error.to_string()))?;
            Ok(epoch_point(record))
        })
        .collect()
}
