//! `tsne`: a map of a model's embedding in the plane.

use pipe_engine::manifest::{Declaration, Diagnostics, Gathers, Kind, Parameter, Shape};
use pipe_engine::stage::{AggregateContext, Stage};
use pipe_foundation::Workers;
use pipe_report::eval::embedding::Tsne;
use pipe_report::{EmbeddingMap, MapColour, MapPoint};
use pipe_speech::corpus::Gender;
use serde::Deserialize;

use crate::items::{MAP, UtteranceItem};

use super::embedding::{self, Analysis, CORPORA, EmbedError, Embedded};
use super::output::{write, write_csv, write_json};
use super::parameters::{INPUT, MODEL, SPLITS, THREADS};
use super::setting::Setting;

/// The map as a part of a report, without its name.
pub const ENTRY: &str = "map.json";

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
struct Mapping {
    colour: MapColour,
    perplexity: f64,
    steps: usize,
    seed: u64,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    embedding::build::<Mapping>(declaration)
}

impl Analysis for Mapping {
    fn run(
        &self,
        embedded: Embedded,
        workers: &Workers,
        context: &AggregateContext<'_>,
    ) -> miette::Result<()> {
        let tsne = Tsne {
            perplexity: self.perplexity,
            steps: self.steps,
            seed: self.seed,
        };
        let found = tsne.map(
            &embedded.points,
            workers,
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
                    corpus: utterance.corpus.to_string(),
                    speaker: utterance.speaker.to_string(),
                    gender: utterance
                        .gender
                        .map(|gender| Gender::name(gender).to_string()),
                    language: utterance.language.to_string(),
                    emotion: utterance.class.as_deref().unwrap_or_default().to_string(),
                    split: utterance.split.name().to_string(),
                }
            })
            .collect();
        let map = EmbeddingMap {
            model: embedded.model,
            perplexity: self.perplexity,
            points,
        };
        write_csv(context.out, "map.csv", &HEADING, map.points.iter().map(row))
            .map_err(EmbedError::from)?;
        write(context.out, "map.svg", &map.to_svg(self.colour)).map_err(EmbedError::from)?;
        Ok(write_json(context.out, ENTRY, &map).map_err(EmbedError::from)?)
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
