//! `evaluate`: tests a model on utterances it has not seen.

mod error;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use pipe_engine::artifact::FingerprintInputs;
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, Parameter, Shape,
};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, Foresight, InputOrigin, ListedInput, LoadedItem, Resources,
    Stage, StepInput,
};
use pipe_foundation::regular_file;
use pipe_nn::model::{Device, Devices, Model, ModelError, Outputs};
use pipe_nn::train::TrainOptions;
use pipe_report::eval::{
    Evaluation, NumberPrediction, Prediction, TargetMetrics, label_recalls, most_likely,
    write_numbers, write_predictions,
};
use pipe_report::{EpochPoint, PartitionFacts, ReportEntry};
use pipe_speech::corpus::{Split, Utterance};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::items::{EVALUATION, UtteranceItem};

use error::EvaluateError;

use super::feature_parts::for_each_part;
use super::foresight::{self, Head};
use super::front_end::{add_lineages, front_end, same_front_end};
use super::identity::identity;
use super::leak_policy::{LEAKS, LeakError, LeakPolicy};
use super::leakage::{Seen, TRAINING_ITEMS};
use super::learning_curve::epoch_point;
use super::normaliser::Normaliser;
use super::options::options;
use super::output::write_json;
use super::parameters::{INPUT, MODEL, SPLITS, THREADS};
use super::setting::Setting;
use super::train::number;

/// The evaluation as a row of a report, without its name.
pub const ENTRY: &str = "entry.json";

/// The name of this kind.
pub const EVALUATE: &str = "evaluate";

pub static KIND: Kind = Kind {
    name: EVALUATE,
    // 2: entry.json keeps the whole history; 3: probabilities with the same bits on every machine; 4: labels; 5: features of
    // one frame, or that never change, are no leak where they are the same
    version: 6,
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
        Parameter::optional(
            "labels",
            Shape::Bool,
            "Also the recall of each label as the corpora write it, and the column `label` of predictions.csv. By default where classes other than those of Parry et al. hold several labels of a corpus.",
        ),
        LEAKS,
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
    #[serde(default)]
    labels: Option<bool>,
}

struct Evaluate {
    options: Options,
    /// Those of its model, as far as the plan knows it.
    heads: Vec<Head>,
    leak_policy: LeakPolicy,
    devices: Devices,
}

pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    of_model(declaration, setting, &Map::new())
}

/// The stage with the parameters of the training of its model, which decide what can be foreseen and no result.
///
/// # Errors
/// Parameters of another form than declared.
pub fn of_model(
    declaration: &Declaration,
    setting: &Setting,
    training: &Map<String, Json>,
) -> Result<Stage, Diagnostics> {
    let leak_policy = LeakPolicy::of(&declaration.parameters);
    let heads = match training.is_empty() {
        true => Vec::new(),
        false => foresight::heads(training),
    };
    Ok(Stage::Aggregate(Box::new(Evaluate {
        options: options(declaration)?,
        heads,
        leak_policy,
        devices: setting.devices.clone(),
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
        foresight::of_evaluation(inputs, &self.options.splits, &self.heads, &self.leak_policy)
    }

    fn foresees_by(&self) -> Option<String> {
        Some(format!(
            "{:?}",
            (&self.options.splits, &self.heads, &self.leak_policy)
        ))
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
        let device = self.devices.at(context.accelerator.unwrap_or_default());
        let mut predicted = predict(&model, device, &items, context)?;
        if self.keeps_labels(&items) {
            for (prediction, item) in predicted.of_classes.iter_mut().zip(&items) {
                prediction.label = Some(item.utterance().label.to_string());
            }
        }
        let mut evaluation = Evaluation::of(classes, &predicted.of_classes)?;
        if !classes.is_empty() {
            let path = context.out.join("predictions.csv");
            write_predictions(&path, classes, &predicted.of_classes)?;
            evaluation.labels = label_recalls(classes, &predicted.of_classes)?;
        }
        let targets = model.config().targets.iter();
        let targets: Vec<String> = targets.map(|target| target.name.clone()).collect();
        if !targets.is_empty() {
            write_numbers(
                &context.out.join("numbers.csv"),
                &targets,
                &predicted.of_targets,
            )?;
        }
        for (index, target) in targets.into_iter().enumerate() {
            let metrics = TargetMetrics::of(&target, index, &predicted.of_targets);
            if metrics.overall.is_none() {
                context.progress.warn(&format!(
                    "no utterance that was tested has a number for {target}: does `columns` of its ingest stage keep it?"
                ));
            }
            evaluation.targets.insert(target, metrics);
        }
        write_json(context.out, "metrics.json", &evaluation).map_err(EvaluateError::from)?;
        let entry = ReportEntry {
            model: identity(model.config(), seen.corpora),
            evaluation,
            leaks,
            partitions: partitions(&items),
            epochs: model.config().provenance["options"]["epochs"]
                .as_u64()
                .unwrap_or_default() as usize,
            final_alpha: final_alpha(&model.config().provenance["options"]),
            history: history(file("history.jsonl")?)?,
            axes: Vec::new(),
            folds: Vec::new(),
        };
        Ok(write_json(context.out, ENTRY, &entry).map_err(EvaluateError::from)?)
    }
}

/// The last weight of the attribute tasks of a training with these options; none without such tasks.
fn final_alpha(options: &Json) -> Option<f64> {
    let options: TrainOptions = serde_json::from_value(options.clone()).ok()?;
    let alpha = options.alpha().ok()?;
    (!options.heads.is_empty()).then_some(alpha.end)
}

impl Evaluate {
    /// Whether recalls of the corpora's own labels are computed: as asked for, or where classes other than the paper's
    /// hold several of them.
    fn keeps_labels(&self, items: &[&LoadedItem]) -> bool {
        self.options.labels.unwrap_or_else(|| {
            let mut labels: BTreeMap<(&str, &str), &str> = BTreeMap::new();
            items.iter().any(|item| {
                let Utterance {
                    corpus,
                    class,
                    label,
                    ..
                } = item.utterance();
                let own = (&**corpus, class.as_deref().unwrap_or_default());
                let known = *labels.entry(own).or_insert(label);
                !item.utterance_facts().classes.is_valence3() && *known != **label
            })
        })
    }

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
        let (leaks, alike) = seen.leaks(items)?;
        alike.iter().for_each(|told| context.progress.warn(told));
        self.leak_policy.allow(&leaks).map_err(LeakError::from)?;
        let leaks: Vec<String> = leaks.into_iter().map(|leak| leak.what).collect();
        leaks.iter().for_each(|leak| context.progress.warn(leak));
        Ok(leaks)
    }
}

/// What a model predicts of the items, in their order.
#[derive(Default)]
struct Predicted {
    /// Classes, where the model has some.
    of_classes: Vec<Prediction>,
    /// Numbers, where it has targets.
    of_targets: Vec<NumberPrediction>,
}

/// Predicts every item.
fn predict(
    model: &Model,
    device: Device,
    items: &[&LoadedItem],
    context: &AggregateContext<'_>,
) -> miette::Result<Predicted> {
    let mut predicted = Predicted::default();
    let mut done = 0;
    let normalisation = model.config().normalisation.as_ref();
    let normaliser = Normaliser::new(normalisation, items, context.progress)?;
    for_each_part(items, &normaliser, context, |part, views| {
        let threads = context.cores.threads();
        let outputs = model.predict_on(device, views, threads, context.progress);
        if outputs.as_ref().is_err_and(ModelError::is_of_the_device) {
            context.accelerator_failed.store(true, Ordering::Relaxed);
        }
        let outputs = outputs?;
        for (item, output) in part.iter().zip(outputs) {
            let utterance = item.utterance();
            let not_finite = || EvaluateError::NotFinite {
                utterance: utterance.id.clone(),
            };
            if !output.numbers.iter().all(|number| number.is_finite()) {
                return Err(not_finite().into());
            }
            if !model.config().targets.is_empty() {
                let prediction = number_prediction(model, item, &output)?;
                predicted.of_targets.push(prediction);
            }
            if model.config().classes.is_empty() {
                continue;
            }
            let class = utterance.class.as_deref().unwrap_or_default();
            let classes = &model.config().classes;
            let truth = classes.iter().position(|known| known == class);
            predicted.of_classes.push(Prediction {
                utterance: utterance.id.clone(),
                corpus: utterance.corpus.to_string(),
                speaker: utterance.speaker.to_string(),
                truth: truth.ok_or_else(|| EvaluateError::NoClass {
                    class: class.to_owned(),
                    utterance: utterance.id.clone(),
                })?,
                predicted: most_likely(&output.probabilities).ok_or_else(not_finite)?,
                label: None,
                probabilities: output.probabilities,
            });
        }
        done += part.len() as u64;
        context.progress.advance(done, items.len() as u64);
        Ok(())
    })?;
    Ok(predicted)
}

/// The numbers of one utterance, in the units of the targets.
fn number_prediction(
    model: &Model,
    item: &LoadedItem,
    output: &Outputs,
) -> miette::Result<NumberPrediction> {
    let utterance = item.utterance();
    let targets = &model.config().targets;
    let truth = targets.iter().map(|target| number(item, &target.name));
    let outputs = targets.iter().zip(&output.numbers);
    Ok(NumberPrediction {
        utterance: utterance.id.clone(),
        corpus: utterance.corpus.to_string(),
        speaker: utterance.speaker.to_string(),
        truth: truth.collect::<Result<_, _>>()?,
        predicted: outputs
            .map(|(target, &output)| target.value(output))
            .collect(),
    })
}

/// The published partitions that the items follow, each once.
fn partitions(items: &[&LoadedItem]) -> Vec<PartitionFacts> {
    let mut found: Vec<&PartitionFacts> = Vec::new();
    for item in items {
        if let Some(partition) = &item.utterance_facts().partition
            && !found.contains(&&**partition)
        {
            found.push(partition);
        }
    }
    found.into_iter().cloned().collect()
}

/// The epochs of the training.
fn history(path: &Path) -> miette::Result<Vec<EpochPoint>> {
    let failed = |reason: String| EvaluateError::Output {
        name: "history",
        reason,
    };
    let text = regular_file::read_whole_text(path).map_err(|error| failed(error.to_string()))?;
    text.lines()
        .map(|line| {
            let record = serde_json::from_str(line);
            let record = record.map_err(|error| failed(error.to_string()))?;
            Ok(epoch_point(record))
        })
        .collect()
}
