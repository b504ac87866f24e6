//! `train`: fits a network with an emotion head and attribute heads.

mod data;
mod heads;
mod layer_fit;
mod options_of_parameters;
mod layers;
mod optimisers;
mod parameters;
mod schedules;
mod shared;
mod variants;

pub use data::number;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use pipe_engine::artifact::{Difference, FingerprintInputs};
use pipe_engine::cache::{CacheError, final_checkpoint_key};
use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, Gathers, Kind};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, Foresight, InputOrigin, Interrupted, Launch, ListedInput,
    LoadedItem, Resources, Stage, StepInput,
};
use pipe_foundation::{Digest, ThreadCount};
use pipe_nn::model::{Devices, ModelError};
use pipe_nn::train::LaunchBarrier;
use pipe_nn::train::{
    Augment, Monitor, Places, TrainError, TrainOptions, TrainingData, memory_bytes, shared_options,
    train,
};
use pipe_speech::corpus::Split;
use serde_json::{Map, Value as Json, json};

use crate::items::{MODEL, UtteranceItem, features};

use heads::{second_heads, unclear_heads};
pub use layer_fit::encoder_misfit;
use layer_fit::{check_kernels, fitting_bins};
use options_of_parameters::train_options;

use super::foresight::{self, Head};
use super::front_end::add_lineages;
use super::leak_policy::LeakPolicy;
use super::leakage::{self, TRAINING_ITEMS};
use super::normaliser::{self, Normaliser};
use super::setting::Setting;

/// The name of this kind.
pub const TRAIN: &str = "train";

pub static KIND: Kind = Kind {
    name: TRAIN,
    // 2: first values and losses with the same bits on every machine; 3: the file holds effective parameters of the
    // stages before, which are part of the key, and no version of pipe, which is not
    version: 3,
    doc: "Fits a convolutional recurrent network with an emotion head and attribute heads; defaults are those of Parry et al. (2022).",
    parameters: parameters::PARAMETERS,
    gathers: Gathers::Never,
    output: |_| MODEL,
    validate,
};

/// The number of values of a frame is known only where it is computed (see [`encoder_misfit`]), so layers are wrong here
/// that fit none.
fn validate(parameters: &Map<String, Json>) -> Vec<Diagnostic> {
    let unclear = unclear_heads(parameters);
    if !unclear.is_empty() {
        return unclear;
    }
    if let Some(told) = normaliser::truth_is_reported(parameters) {
        return vec![told];
    }
    let monitor = parameters.get("monitor").and_then(Json::as_str);
    if let Some(Err(reason)) = monitor.map(|name| Monitor::try_from(name.to_owned())) {
        let label = "not a score";
        return vec![Diagnostic::of_value("monitor", reason, label)];
    }
    let Ok(options) = train_options(parameters) else {
        return Vec::new();
    };
    let twice = second_heads(&options);
    if !twice.is_empty() {
        return twice;
    }
    let checked = fitting_bins(&options).map_err(TrainError::from);
    let Err(error) = checked.and_then(|bins| options.check(bins)) else {
        return Vec::new();
    };
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    let (path, label, help) = match &error {
        TrainError::Option { field: "alpha", .. } => (
            "heads".to_string(),
            "several modes".to_string(),
            Some("set it: alpha = 0.1, or alpha = { start = 0, end = 0.5 }".to_string()),
        ),
        TrainError::Option { field, .. } => {
            ((*field).to_string(), "cannot be used".to_string(), help)
        }
        TrainError::Model(ModelError::Layer { index, .. }) => {
            (format!("encoder.{index}"), "this layer".to_string(), help)
        }
        _ => ("encoder".to_string(), "these layers".to_string(), help),
    };
    vec![Diagnostic::of_value(path, error.to_string(), label).help_if(help)]
}

/// Whether training ends later than before; 0 sets no bound, except for `min_epochs`.
fn extends(name: &str, difference: &Difference) -> bool {
    let number = |text: &Option<String>| text.as_ref()?.parse::<u64>().ok();
    let (Some(old), Some(new)) = (number(&difference.old), number(&difference.new)) else {
        return false;
    };
    let unbounded = |value: u64| {
        if value == 0 && name != "min_epochs" {
            u64::MAX
        } else {
            value
        }
    };
    unbounded(new) >= unbounded(old)
}

struct Train {
    options: TrainOptions,
    /// What is foreseen of them is reported where they are written.
    heads: Vec<Head>,
    leak_policy: LeakPolicy,
    /// What features are normalised over, if they are.
    normalise: Option<String>,
    threads: usize,
    devices: Devices,
}

pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    let parameters = &declaration.parameters;
    // Parameters that do not fit were reported where they are written; this is never run then.
    let options = train_options(parameters).unwrap_or_default();
    if setting.devices.is_cuda() {
        check_kernels(&options, declaration)?;
    }
    let leak_policy = LeakPolicy::of(parameters);
    let threads = parameters
        .get("threads")
        .and_then(Json::as_u64)
        .unwrap_or(1) as usize;
    Ok(Stage::Aggregate(Box::new(Train {
        options,
        heads: foresight::heads(parameters),
        leak_policy,
        normalise: normaliser::named(parameters).map(str::to_owned),
        threads,
        devices: setting.devices.clone(),
    })))
}

/// Parameters that decide only when training ends, while nothing is scheduled over the epochs.
const END: [&str; 4] = ["epochs", "max_updates", "min_epochs", "patience"];

/// The checkpoints that a finished step may have left: one with `epochs` in its key and one without, since only its
/// options say which.
pub fn checkpoints(fingerprint: &FingerprintInputs) -> Vec<Digest> {
    let is_training = fingerprint
        .0
        .get("kind")
        .is_some_and(|kind| kind == KIND.name);
    let ends: [&[&str]; 2] = [&END, &END[1..]];
    let keys = ends.into_iter().filter(|_| is_training);
    keys.map(|end| final_checkpoint_key(fingerprint, end))
        .collect()
}

impl AggregateStage for Train {
    /// The model's file says how its features were made.
    fn external_inputs(&self, inputs: &[InputOrigin], fingerprint: &mut FingerprintInputs) {
        add_lineages(inputs, fingerprint, Json::clone);
    }

    fn extensible(&self) -> &[&'static str] {
        match self.options.tied_to_epochs() {
            Ok(None) => &END,
            _ => &END[1..],
        }
    }

    fn remark(&self, difference: &Difference, all: &[Difference]) -> Option<String> {
        let name = |difference: &Difference| {
            let name = difference.name.strip_prefix("parameters.")?;
            END.into_iter().find(|end| *end == name)
        };
        let own = name(difference)?;
        if let ("epochs", Ok(Some(what))) = (own, self.options.tied_to_epochs()) {
            return Some(format!("{what} depends on it: training starts over"));
        }
        let mut others = all.iter().filter(|other| !other.is_device());
        let all_extend = others.all(|other| {
            name(other)
                .is_some_and(|name| self.extensible().contains(&name) && extends(name, other))
        });
        all_extend.then(|| "continues from the finished training".to_owned())
    }

    fn kept_on_failure(&self) -> &[&'static str] {
        &["history.jsonl"]
    }

    fn uses_device(&self) -> bool {
        true
    }

    fn waits_for_device(&self) -> bool {
        true
    }

    fn announce(&self, accelerator: usize) -> Option<Launch> {
        let barrier = LaunchBarrier::announce(self.devices.at(accelerator))?;
        Some(Box::new(move || barrier.carry()))
    }

    /// Those that may take their steps together, as far as that does not depend on the data.
    fn shares_accelerator_by(&self) -> Option<String> {
        Some(shared_options(&self.options).to_string())
    }

    fn resources(&self) -> Resources {
        Resources {
            threads: self.threads,
            ..Resources::default()
        }
    }

    fn foresee(&self, inputs: &[ListedInput<'_>]) -> Foresight {
        foresight::of_training(inputs, &self.heads, &self.leak_policy)
    }

    fn foresees_by(&self) -> Option<String> {
        Some(format!("{:?}", (&self.heads, &self.leak_policy)))
    }

    fn needs_memory(&self) -> bool {
        true
    }

    /// What does not fit, or cannot be read, counts nothing here: the run reports it.
    fn memory_bytes(&self, inputs: &[StepInput]) -> u64 {
        let (mut train, mut validation, mut bins) = (Vec::new(), Vec::new(), 0);
        for item in inputs.iter().flat_map(StepInput::items) {
            let Ok(view) = features(&item.blob) else {
                continue;
            };
            bins = view.bins;
            match item.utterance().split {
                Split::Train => train.push(view.frames),
                Split::Validation => validation.push(view.frames),
                _ => {}
            }
        }
        let needed = memory_bytes(&self.options, bins, &train, &validation, self.threads);
        let needed = needed.unwrap_or_default();
        // Features in other units are held beside those in mapped packs.
        let normalised_bytes = match self.normalise {
            Some(_) => {
                let frames: usize = train.iter().chain(&validation).sum();
                (4 * bins as u64).saturating_mul(frames as u64)
            }
            None => 0,
        };
        // The values of the passes, which are most of it, are in the memory of the device.
        if self.devices.is_cuda() {
            needed / 4 + normalised_bytes
        } else {
            needed + normalised_bytes
        }
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let items: Vec<&LoadedItem> = context.inputs.iter().flat_map(StepInput::items).collect();
        shared::check(&self.leak_policy, &items, context.progress)?;
        let items = data::of_use(&items, &self.options);
        let splits = [Split::Train, Split::Validation];
        let used: Vec<&LoadedItem> = (items.iter().copied())
            .filter(|item| splits.contains(&item.utterance().split))
            .collect();
        let named = self.normalise.as_deref();
        let how = named.map(|name| normaliser::of_training(name, &used, context.progress));
        let how = how.transpose()?;
        let normaliser = Normaliser::new(how.as_ref(), &used, context.progress)?;
        let normalised = normaliser.of_splits(&splits, &items, context.progress)?;
        let masks = self.options.spec_augment.masks();
        let has_classes = self.options.has_classes();
        let mut validation = data::examples(&items, Split::Validation, &normalised)?;
        if has_classes && self.options.targets().is_empty() {
            // There is nothing to score where no class is known.
            validation.retain(|example| example.class.is_some());
        }
        let data = TrainingData {
            classes: match has_classes {
                true => data::classes(&items)?,
                false => Vec::new(),
            },
            train: data::examples(&items, Split::Train, &normalised)?,
            validation,
            shares: match has_classes {
                true => data::shares(&items),
                false => None,
            },
            targets: data::targets(&items, &self.options.targets())?,
            labels: data::labels(&items, Split::Train, &self.options.heads),
            augment: Some(Augment {
                masks,
                seed: self.options.seed_of_batches(),
            }),
            feature_options: context
                .inputs
                .first()
                .map_or(Json::Null, |input| input.lineage.clone()),
            normalisation: how.clone(),
            provenance: provenance(&items, &self.options),
        };
        match train(
            &self.options,
            &data,
            ThreadCount::Growing(&|| context.cores.threads()),
            Places {
                out: context.out,
                checkpoint: Some(context.resume),
                earlier: context.earlier,
            },
            context.progress,
            self.devices.at(context.accelerator.unwrap_or_default()),
        ) {
            Err(TrainError::Interrupted) => return Err(Interrupted.into()),
            Err(TrainError::Model(error)) if error.is_of_the_device() => {
                context.accelerator_failed.store(true, Ordering::Relaxed);
                return Err(error.into());
            }
            // A folder of the cache that cannot be used is not a fault of this stage.
            Err(TrainError::Checkpoint { path, source }) => {
                return Err(CacheError::read(&path, source).into());
            }
            other => other?,
        };
        leakage::write_training_items(context.out, &items)
    }
}

/// What the model file says of its training: nothing that is not in the key, so that equal keys are equal files.
fn provenance(items: &[&LoadedItem], options: &TrainOptions) -> Json {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for item in items {
        let corpus = counts.entry(&item.utterance().corpus).or_default();
        *corpus.entry(item.utterance().split.name()).or_default() += 1;
    }
    let mut provenance = json!({ "utterances": counts, "options": options, "train_version": KIND.version, "items": TRAINING_ITEMS });
    if let Some(labels) = data::labels_of_classes(items) {
        provenance["labels"] = json!(labels);
    }
    provenance
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipe_engine::manifest::Absent;

    #[test]
    fn declared_defaults_are_those_of_the_trainer() {
        let mut parameters = Map::new();
        for parameter in KIND.parameters {
            if let Absent::Default(json) = parameter.absent {
                parameters.insert(parameter.name.into(), serde_json::from_str(json).unwrap());
            }
        }
        assert_eq!(train_options(&parameters).unwrap(), TrainOptions::default());
        assert!(validate(&parameters).is_empty());
    }

    #[test]
    fn alpha_may_be_a_number() {
        let parameters = Map::from_iter([("alpha".to_string(), json!(0.1))]);
        let alpha = train_options(&parameters).unwrap().alpha.unwrap();
        assert_eq!((alpha.start, alpha.end), (0.1, 0.1));
    }

    #[test]
    fn a_layer_that_does_not_fit_is_named() {
        let parameters = Map::from_iter([(
            "encoder".to_string(),
            json!([{"layer": "time_pool", "how": "last_states"}]),
        )]);
        let found = validate(&parameters);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].parameter(), Some("encoder.0"));
    }
}
