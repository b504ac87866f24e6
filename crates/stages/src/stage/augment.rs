//! `augment`: perturbed copies of waveforms, made once and cached per copy.

use std::sync::Arc;

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{
    DeclaredFile, ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage,
};
use pipe_speech::corpus::{Split, Utterance};
use pipe_speech::dsp::{CompandingLaw, NoiseColour, PerturbError, PerturbOptions, Perturber};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::items::UtteranceItem;
use crate::items::{AUDIO, Audio, Samples, UtteranceFacts};

use super::declared_recordings::declared_recordings;
use super::options::{options, refused};
use super::parameters::{SPLITS, WAVEFORMS};
use super::setting::Setting;

const NOISE_FOLDER: &str = "noise_folder";
const REVERB_FOLDER: &str = "reverb_folder";
const SHARE: Shape = Shape::Float { min: 0.0, max: 1.0 };

pub static KIND: Kind = Kind {
    name: "augment",
    version: 2, // 2: pink noise with the same bits on every machine
    doc: "Adds perturbed copies of waveforms (speed, rooms, noise, telephone, gain), drawn per utterance and copy from the seed. For SpecAugment, see `spec_augment` of `train`.",
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
            "Spectrum of noise that is drawn.",
        ),
        Parameter::optional(
            NOISE_FOLDER,
            Shape::Path,
            "A folder of recordings of noise, such as MUSAN's `noise`: a passage of one of them is added at `snr_db`, instead of noise that is drawn. Folders in it are searched too; all names and contents are part of the key.",
        )
        .unkeyed(),
        Parameter::optional(
            REVERB_FOLDER,
            Shape::Path,
            "A folder of impulse responses of rooms, such as RIRS_NOISES: copies sound as in one of them, as loud as before. All names and contents are part of the key.",
        )
        .unkeyed(),
        Parameter::optional(
            "reverb_share",
            SHARE,
            "Share of the copies that reverberate, from 0 to 1; all where there is a `reverb_folder`.",
        ),
        Parameter::optional(
            "telephone_share",
            SHARE,
            "Share of the copies that pass a telephone channel, from 0 to 1: a band from 300 Hz to 3.4 kHz, and G.711's eight bits a sample at 8 kHz, brought back to the rate. None without it.",
        ),
        Parameter::optional(
            "telephone_law",
            Shape::Choice(CompandingLaw::NAMES),
            "How the telephone channel codes samples: mu_law as in North America and Japan, which is the default, or a_law as elsewhere.",
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
    let ranges = ["speed", "gain_db", "snr_db"].iter().filter(|name| {
        let range = parameters.get(**name).and_then(Json::as_array);
        range.is_some_and(|range| range.len() != 2 || range[0].as_f64() > range[1].as_f64())
    });
    let ranges = ranges.map(|name| {
        let message = format!("`{name}` is not a range");
        Diagnostic::of_value(*name, message, "expected two numbers, the smaller first").help(
            format!("write {name} = [least, most]; the same number twice for a fixed value"),
        )
    });
    let needed = [
        (NOISE_FOLDER, "snr_db", "[5.0, 20.0]"),
        ("reverb_share", REVERB_FOLDER, "\"PATH\""),
        ("telephone_law", "telephone_share", "0.5"),
    ];
    let alone = needed.iter().filter(|(name, other, _)| {
        let is_given = |name: &str| parameters.get(name).is_some_and(|value| !value.is_null());
        is_given(name) && !is_given(other)
    });
    let alone = alone.map(|(name, other, example)| {
        let message = format!("`{name}` has no effect without `{other}`");
        Diagnostic::of_value(*name, message, "without effect")
            .help(format!("add {other} = {example}, or remove `{name}`"))
    });
    ranges.chain(alone).collect()
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
    reverb_share: Option<f64>,
    telephone_share: Option<f64>,
    telephone_law: Option<CompandingLaw>,
    seed: u64,
}

struct Augment {
    options: Options,
    /// Recordings of noise and impulse responses.
    files: Vec<DeclaredFile>,
    reverberates: bool,
    perturber: Perturber,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    if !validate(&declaration.parameters).is_empty() {
        // Already reported at the parameter itself.
        return Ok(Stage::Aggregate(Box::new(pipe_engine::stage::Unbuilt)));
    }
    let options: Options = options(declaration)?;
    let mut diagnostics = Diagnostics::default();
    let mut recordings = |name| {
        declared_recordings(declaration, name).unwrap_or_else(|diagnostic| {
            diagnostics.push(*diagnostic);
            Vec::new()
        })
    };
    let (noise, responses) = (recordings(NOISE_FOLDER), recordings(REVERB_FOLDER));
    let paths = |files: &[DeclaredFile]| files.iter().map(|file| file.path.clone()).collect();
    let perturb = PerturbOptions {
        speed: options.speed,
        reverberant_share: match responses.is_empty() {
            true => 0.0,
            false => options.reverb_share.unwrap_or(1.0),
        },
        responses: paths(&responses),
        snr_db: options.snr_db,
        noise: options.noise,
        noise_recordings: paths(&noise),
        telephone_share: options.telephone_share.unwrap_or_default(),
        telephone_law: options.telephone_law.unwrap_or_default(),
        gain_db: options.gain_db,
    };
    let perturber = Perturber::new(perturb).map_err(|error| refused(declaration, &error))?;
    diagnostics.or_ok(Stage::Items(Box::new(Augment {
        options,
        reverberates: !responses.is_empty(),
        files: [noise, responses].concat(),
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

    /// The recording as a whole, the longest copy, the noise that is added to it, and a room's sums in double precision.
    fn size(&self, _source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        let copies = 1.0
            + f64::from(u8::from(self.options.snr_db.is_some()))
            + 3.0 * f64::from(u8::from(self.reverberates));
        let longest = input.bytes as f64 / self.options.speed[0].max(0.1);
        let size = ItemSize {
            bytes: longest as u64,
            memory_bytes: (copies * longest) as u64,
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
