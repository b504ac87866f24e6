//! `augment`: perturbed copies of waveforms, made once and cached per copy.

use std::sync::Arc;

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemStage, Stage};
use pipe_speech::corpus::{Split, Utterance};
use pipe_speech::dsp::{NoiseColour, PerturbError, PerturbOptions, Perturber};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::items::UtteranceItem;
use crate::items::{AUDIO, Audio, Samples, UtteranceFacts};

use super::options::{options, refused};
use super::parameters::{SPLITS, WAVEFORMS};
use super::setting::Setting;

pub static KIND: Kind = Kind {
    name: "augment",
    version: 2, // 2: pink noise with the same bits on every machine
    doc: "Adds perturbed copies of waveforms (speed, gain, noise), drawn per utterance and copy from the seed. For SpecAugment, see `spec_augment` of `train`.",
    parameters: &[
        WAVEFORMS,
        Parameter::default(
            "copies",
            Shape::Integer { min: 1, max: 100 },
            "1",
            "Perturbed copies of each utterance.",
        ),
        Parameter::default(
            "keep_original",
            Shape::Bool,
            "true",
            "Also keep the original utterance.",
        ),
        Parameter::default(
            "splits",
            SPLITS,
            "[\"train\"]",
            "Splits that are augmented; the others pass through unchanged.",
        ),
        Parameter::default(
            "speed",
            Shape::List(&Shape::Float { min: 0.5, max: 2.0 }),
            "[0.9, 1.1]",
            "Range [least, most] of the speed factor.",
        ),
        Parameter::default(
            "gain_db",
            Shape::List(&Shape::Float {
                min: -60.0,
                max: 60.0,
            }),
            "[0.0, 0.0]",
            "Range [least, most] of the gain in dB.",
        ),
        Parameter::optional(
            "snr_db",
            Shape::List(&Shape::Float {
                min: -20.0,
                max: 100.0,
            }),
            "Range [least, most] of the signal-to-noise ratio in dB; no noise without it.",
        ),
        Parameter::default(
            "noise",
            Shape::Choice(&["white", "pink"]),
            "\"white\"",
            "Spectrum of the noise.",
        ),
        Parameter::default("seed", Shape::NATURAL, "1", "Seed of the random draws."),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| AUDIO,
    validate,
};

fn validate(parameters: &Map<String, Json>) -> Vec<Diagnostic> {
    ["speed", "gain_db", "snr_db"]
        .iter()
        .filter(|name| {
            let range = parameters.get(**name).and_then(Json::as_array);
            range.is_some_and(|range| range.len() != 2 || range[0].as_f64() > range[1].as_f64())
        })
        .map(|name| {
            let message = format!("`{name}` is not a range");
            Diagnostic::of_value(*name, message, "expected two numbers, the smaller first").help(
                format!("write {name} = [least, most]; the same number twice for a fixed value"),
            )
        })
        .collect()
}

#[derive(Deserialize)]
struct Options {
    copies: usize,
    keep_original: bool,
    splits: Vec<Split>,
    speed: [f64; 2],
    gain_db: [f64; 2],
    snr_db: Option<[f64; 2]>,
    noise: NoiseColour,
    seed: u64,
}

struct Augment {
    options: Options,
    perturber: Perturber,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    if !validate(&declaration.parameters).is_empty() {
        // Already reported at the parameter itself.
        return Ok(Stage::Aggregate(Box::new(pipe_engine::stage::Unbuilt)));
    }
    let options: Options = options(declaration)?;
    let Options {
        speed,
        gain_db,
        snr_db,
        noise,
        ..
    } = options;
    let perturb = PerturbOptions {
        speed,
        gain_db,
        snr_db,
        noise,
    };
    let perturber = Perturber::new(perturb).map_err(|error| refused(declaration, &error))?;
    Ok(Stage::Items(Box::new(Augment { options, perturber })))
}

impl ItemStage for Augment {
    /// How many copies there are changes none of them.
    fn item_parameters(&self, all: &Json) -> Json {
        let mut own = all.clone();
        if let Json::Object(fields) = &mut own {
            fields
                .retain(|name, _| !["copies", "keep_original", "splits"].contains(&name.as_str()));
        }
        own
    }

    fn most_copies(&self) -> usize {
        (self.options.copies + usize::from(self.options.keep_original)).max(1)
    }

    fn copies(&self, facts: &Arc<dyn ItemFacts>) -> Vec<ItemCopy> {
        let utterance = facts.utterance();
        let original = ItemCopy {
            facts: facts.clone(),
            fingerprint: "original".into(),
            index: 0,
        };
        if !self.options.splits.contains(&utterance.split) {
            return vec![original];
        }
        let mut copies = if self.options.keep_original {
            vec![original]
        } else {
            Vec::new()
        };
        for index in 1..=self.options.copies {
            let id = format!("{}#{index}", utterance.id);
            let fingerprint = id.clone();
            copies.push(ItemCopy {
                facts: Arc::new(UtteranceFacts {
                    utterance: Utterance {
                        id,
                        ..utterance.clone()
                    },
                    classes: facts.utterance_facts().classes.clone(),
                    recording: None,
                    partition: facts.utterance_facts().partition.clone(),
                }),
                fingerprint,
                index,
            });
        }
        copies
    }

    /// The longest copy, and the noise that is added to it.
    fn memory_bytes(&self, _source: &dyn ItemFacts, input_bytes: u64) -> u64 {
        let copies = match self.options.snr_db {
            Some(_) => 2,
            None => 1,
        };
        let slowest = self.options.speed[0].max(0.1);
        (copies as f64 * input_bytes as f64 / slowest) as u64
    }

    fn process(
        &self,
        copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let wave = Samples::of(input)?.together(context.progress)?;
        if copy.index == 0 {
            return Ok(Box::new(Audio(wave)));
        }
        let name = copy.index.to_string();
        let id = copy.facts.id();
        let id = id.rsplit_once('#').map_or(id, |(id, _)| id);
        let made = self
            .perturber
            .apply(&wave, self.options.seed, id, &name, context.progress)
            .map_err(|error| match error {
                PerturbError::Interrupted(interrupted) => ItemError::transient(interrupted),
                other => ItemError::permanent(other),
            })?;
        Ok(Box::new(Audio::from(made)))
    }
}
