//! `tsne`: a map of a model's embedding in the plane.

use pipe_engine::artifact::FingerprintInputs;
use pipe_engine::manifest::{Declaration, Diagnostics, Gathers, Kind, Parameter, Shape};
use pipe_engine::stage::{AggregateContext, AggregateStage, InputOrigin, Stage};
use pipe_foundation::Workers;
use pipe_report::eval::embedding::Tsne;
use pipe_report::{EmbeddingMap, MapColour, MapPoint};
use pipe_speech::corpus::{Gender, Split};
use serde::Deserialize;

use crate::items::{MAP, UtteranceItem};
use crate::stage::Setting;

use super::embedding::{
    self, CORPORA, Choice, CorporaChoice, INPUT, MODEL, SPLITS, THREADS, write, write_csv,
    write_json,
};
use super::front_end::{add_lineages, front_end};

/// The map as a part of a report, without its name.
pub const ENTRY: &str = "map.json";

/// Fewer points have no neighbours to speak of: perplexity 1 needs four.
const LEAST: usize = 4;

pub static KIND: Kind = Kind {
    name: "tsne",
    version: 1,
    doc: "Draws a t-SNE map of the output of a model's shared layers (Figure 2 of the paper). Distances on it are not a measure: use `probe` to measure.",
    parameters: &[
        MODEL,
        INPUT,
        Parameter::default(
            "splits",
            SPLITS,
            "[\"train\", \"validation\", \"test\"]",
            "Which utterances; a picture of the training corpora shows all of them.",
        ),
        CORPORA,
        Parameter::default(
            "colour",
            Shape::Choice(&[
                "corpus", "speaker", "gender", "language", "emotion", "split",
            ]),
            "\"corpus\"",
            "What the colours in map.svg show.",
        ),
        Parameter::default(
            "perplexity",
            Shape::Float {
                min: 1.0,
                max: 1000.0,
            },
            "30",
            "Effective number of neighbours; at most a third of the utterances.",
        ),
        Parameter::default(
            "steps",
            Shape::Integer {
                min: 250,
                max: 100_000,
            },
            "1000",
            "Number of gradient descent steps.",
        ),
        Parameter::default(
            "max_utterances",
            Shape::Integer {
                min: 4,
                max: 20_000,
            },
            "2000",
            "If there are more, this many are drawn, with each speaker's emotions in proportion. Time and memory grow with the square.",
        ),
        Parameter::default(
            "seed",
            Shape::NATURAL,
            "1",
            "Seed of the draw of utterances, and of the separation of coinciding points.",
        ),
        THREADS,
    ],
    gathers: Gathers::Never,
    output: |_| MAP,
    validate: |parameters| embedding::check_not_empty(parameters, &["splits"]),
};

#[derive(Deserialize)]
struct Options {
    splits: Vec<Split>,
    corpora: CorporaChoice,
    colour: MapColour,
    perplexity: f64,
    steps: usize,
    max_utterances: usize,
    seed: u64,
    threads: usize,
}

struct TsneStage {
    options: Options,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    Ok(Stage::Aggregate(Box::new(TsneStage {
        options: super::options(declaration)?,
    })))
}

impl AggregateStage for TsneStage {
    fn external_inputs(&self, inputs: &[InputOrigin], fingerprint: &mut FingerprintInputs) {
        add_lineages(inputs, fingerprint, front_end);
    }

    fn threads(&self) -> usize {
        self.options.threads
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let options = &self.options;
        let embedded = embedding::embed(
            context,
            &Choice {
                splits: options.splits.clone(),
                corpora: options.corpora,
                max_utterances: options.max_utterances,
                seed: options.seed,
            },
            LEAST,
        )?;
        let workers = Workers::new(context.cores.threads())?;
        let tsne = Tsne {
            perplexity: options.perplexity,
            steps: options.steps,
            seed: options.seed,
        };
        let found = tsne.map(
            &embedded.points,
            &workers,
            &|| context.progress.interrupted(),
            &|done, total| context.progress.advance(done, total),
        )?;
        let points = embedded
            .utterances
            .iter()
            .zip(&found.places)
            .map(|(item, &[x, y])| {
                let utterance = item.utterance();
                MapPoint {
                    x,
                    y,
                    utterance: utterance.id.clone(),
                    corpus: utterance.corpus.clone(),
                    speaker: utterance.speaker.clone(),
                    gender: utterance
                        .gender
                        .map(|gender| Gender::name(gender).to_string()),
                    language: utterance.language.clone(),
                    emotion: utterance.emotion.name().to_string(),
                    split: utterance.split.name().to_string(),
                }
            })
            .collect();
        let map = EmbeddingMap {
            model: embedded.model,
            perplexity: options.perplexity,
            points,
        };
        write_csv(context.out, "map.csv", &HEADING, map.points.iter().map(row))?;
        write(context.out, "map.svg", &map.to_svg(options.colour))?;
        Ok(write_json(context.out, ENTRY, &map)?)
    }
}

const HEADING: [&str; 9] = [
    "utterance",
    "x",
    "y",
    "corpus",
    "speaker",
    "gender",
    "language",
    "emotion",
    "split",
];

fn row(point: &MapPoint) -> Vec<String> {
    vec![
        point.utterance.clone(),
        point.x.to_string(),
        point.y.to_string(),
        point.corpus.clone(),
        point.speaker.clone(),
        point.gender.clone().unwrap_or_default(),
        point.language.clone(),
        point.emotion.clone(),
        point.split.clone(),
    ]
}
