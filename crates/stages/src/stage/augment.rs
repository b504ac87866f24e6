//! `augment`: perturbed copies of waveforms, made once and cached per copy.

use std::sync::Arc;

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{
    DeclaredFile, ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage,
};
use pipe_foundation::keys::Values;
use pipe_speech::corpus::{Split, Utterance};
use pipe_speech::dsp::{
    Need, PERTURBATION_KEYS, PERTURBATIONS, PerturbError, Perturber, Recordings,
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::items::UtteranceItem;
use crate::items::{AUDIO, Audio, Samples, UtteranceFacts};

use super::declared_recordings::declared_recordings;
use super::joined::{count, joined, joined_texts, text, text_length};
use super::key_parameter::parameters;
use super::options::{options, refused};
use super::parameters::{SPLITS, WAVEFORMS};
use super::setting::Setting;

pub static KIND: Kind = Kind {
    name: "augment",
    version: 2, // 2: pink noise with the same bits on every machine
    doc: DOC,
    parameters: PARAMETERS,
    gathers: Gathers::Never,
    output: |_| AUDIO,
    validate,
};

const PARAMETERS: &[Parameter] = &joined::<{ count(&PARTS) }>(&PARTS);

const PARTS: [&[Parameter]; 3] = [OF_COPIES, &parameters(&PERTURBATION_KEYS), OF_ALL];

/// Which copies are made.
const OF_COPIES: &[Parameter] = &[
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
];

/// What all perturbations have in common.
const OF_ALL: &[Parameter] = &[
    Parameter::default("seed", Shape::NATURAL, "1", "Seed of the random draws."),
    MAX_BAD,
    STORE,
];

/// What the stage does, with what each perturbation does.
const DOC: &str = text(&BYTES);

const BYTES: [u8; text_length(&SENTENCES)] = joined_texts(&SENTENCES);

const SENTENCES: [&str; 1 + 4 * PERTURBATIONS.len()] = {
    let mut all = ["Adds perturbed copies of waveforms, drawn per utterance and copy from the seed. For SpecAugment, see `spec_augment` of `train`.";
        1 + 4 * PERTURBATIONS.len()];
    let mut at = 0;
    while at < PERTURBATIONS.len() {
        all[1 + 4 * at] = " ";
        all[2 + 4 * at] = PERTURBATIONS[at].name;
        all[3 + 4 * at] = ": ";
        all[4 + 4 * at] = PERTURBATIONS[at].doc;
        at += 1;
    }
    all
};

fn validate(parameters: &Map<String, Json>) -> Vec<Diagnostic> {
    let is_given = |name: &str| parameters.get(name).is_some_and(|value| !value.is_null());
    let needs = PERTURBATIONS.iter().flat_map(|kind| kind.needs);
    let alone = needs.filter(|need| is_given(need.key) && !is_given(need.other));
    let alone = alone.map(
        |Need {
             key,
             other,
             example,
         }| {
            let message = format!("`{key}` has no effect without `{other}`");
            Diagnostic::of_value(*key, message, "without effect")
                .help(format!("add {other} = {example}, or remove `{key}`"))
        },
    );
    alone.collect()
}

#[derive(Deserialize)]
struct Options {
    copies: usize,
    keep_original: bool,
    splits: Vec<Split>,
    seed: u64,
}

struct Augment {
    options: Options,
    /// Recordings of all folders.
    files: Vec<DeclaredFile>,
    perturber: Perturber,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    if !validate(&declaration.parameters).is_empty() {
        // Already reported at the parameter itself.
        return Ok(Stage::Aggregate(Box::new(pipe_engine::stage::Unbuilt)));
    }
    let options: Options = options(declaration)?;
    let mut diagnostics = Diagnostics::default();
    let (mut files, mut recordings) = (Vec::new(), Recordings::new());
    for key in &PERTURBATION_KEYS {
        if !matches!(key.values, Values::Recordings) {
            continue;
        }
        match declared_recordings(declaration, key.name) {
            Ok(own) if own.is_empty() => {}
            Ok(own) => {
                let paths = own.iter().map(|file| file.path.clone()).collect();
                recordings.insert(key.name, paths);
                files.extend(own);
            }
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    let perturber = Perturber::new(&declaration.parameters, &recordings);
    let perturber = perturber.map_err(|error| refused(declaration, &error))?;
    diagnostics.or_ok(Stage::Items(Box::new(Augment {
        options,
        files,
        perturber,
    })))
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

    fn files(&self) -> &[DeclaredFile] {
        &self.files
    }

    fn files_are_in_lineage(&self) -> bool {
        false
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

    /// The recording as a whole, the longest copy, and what perturbations hold beside it.
    fn size(&self, _source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        let longest = input.bytes as f64 * self.perturber.longest();
        let size = ItemSize {
            bytes: longest as u64,
            memory_bytes: ((1.0 + self.perturber.held()) * longest) as u64,
        };
        size.with_all_of(input)
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
                // The next copies would draw it as well.
                PerturbError::Recording { .. } => ItemError::of_stage(error.to_string()),
                other => ItemError::permanent(other),
            })?;
        Ok(Box::new(Audio::from(made)))
    }
}
