//! `probe`: how much a model's shared layers know of each attribute.

use pipe_engine::manifest::{Declaration, Diagnostics, Gathers, Kind, Parameter, Shape};
use pipe_engine::stage::{AggregateContext, Stage};
use pipe_foundation::Workers;
use pipe_report::eval::Interval;
use pipe_report::eval::embedding::{
    Labelled, LogisticOptions, Origin, ProbeOptions, Probed, probe, silhouettes,
};
use pipe_report::{Probe, ProbeEntry};
use pipe_speech::corpus::{Gender, Utterance};
use serde::Deserialize;

use crate::items::{PROBE, UtteranceItem};

use super::embedding::{self, Analysis, CORPORA, EmbedError, Embedded};
use super::output::{write_csv, write_json};
use super::parameters::{INPUT, MODEL, SPLITS, THREADS};
use super::setting::Setting;

/// The probes as a row of a report, without its name.
pub const ENTRY: &str = "probe.json";

pub static KIND: Kind = Kind {
    name: "probe",
    version: 2,
    doc: "Measures what a model's shared layers know: how well a linear classifier predicts corpus, speaker, gender, language and emotion from the embeddings of utterances that no weight was fitted to, and how well they separate (silhouette).",
    parameters: &[
        MODEL,
        INPUT,
        Parameter::default(
            "splits",
            SPLITS,
            "[\"validation\", \"test\"]",
            "Which utterances. By default those whose speakers the network was not fitted to: what it knows of memorised speakers says little. Validation data only decided when training ended, and test data alone often have one speaker per corpus, too few for disjoint folds.",
        ),
        CORPORA,
        Parameter::default(
            "attributes",
            Shape::List(&Shape::Text),
            "[\"corpus\", \"speaker\", \"gender\", \"language\", \"emotion\"]",
            "Attributes to probe for: these, or columns that `columns` of the ingest stage keeps.",
        ),
        Parameter::default(
            "folds",
            Shape::Integer { min: 2, max: 100 },
            "5",
            "Folds of the cross-validation, disjoint in speakers except for the attribute speaker.",
        ),
        Parameter::default(
            "c",
            Shape::Float {
                min: 1e-9,
                max: 1e9,
            },
            "0.1",
            "Inverse strength of the L2 penalty, as scikit-learn's C. Inputs are standardised and classes have equal weight.",
        ),
        Parameter::default(
            "max_utterances",
            Shape::Integer {
                min: 4,
                max: 1_000_000,
            },
            "4000",
            "If there are more, this many are drawn, with each speaker's emotions in proportion.",
        ),
        Parameter::default(
            "seed",
            Shape::NATURAL,
            "1",
            "Seed of the draws of utterances, folds and the bootstrap.",
        ),
        THREADS,
    ],
    gathers: Gathers::Never,
    output: |_| PROBE,
    validate: |parameters| embedding::check_not_empty(parameters, &["splits", "attributes"]),
};

#[derive(Deserialize)]
struct Probing {
    attributes: Vec<String>,
    folds: usize,
    c: f64,
    seed: u64,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    embedding::build::<Probing>(declaration)
}

impl Analysis for Probing {
    fn run(
        &self,
        embedded: Embedded,
        workers: &Workers,
        context: &AggregateContext<'_>,
    ) -> miette::Result<()> {
        let utterances = &embedded.utterances;
        let origins: Vec<Origin<'_>> = utterances
            .iter()
            .map(|item| {
                let utterance = item.utterance();
                Origin {
                    utterance: &utterance.id,
                    speaker: &utterance.speaker,
                    corpus: &utterance.corpus,
                }
            })
            .collect();
        let attributes: Vec<Labelled<'_>> = self
            .attributes
            .iter()
            .map(|attribute| Labelled {
                values: utterances
                    .iter()
                    .map(|item| value(attribute, item.utterance()))
                    .collect(),
                by_speaker: attribute != "speaker",
            })
            .collect();
        let stop = || context.progress.interrupted();
        let groupings: Vec<Vec<Option<usize>>> = attributes
            .iter()
            .map(|labelled| numbers(&labelled.values))
            .collect();
        let apart = silhouettes(&embedded.points, &groupings, workers, &stop)?;
        let probed = probe(
            &embedded.points,
            &origins,
            &attributes,
            &ProbeOptions {
                folds: self.folds,
                logistic: LogisticOptions {
                    c: self.c,
                    ..LogisticOptions::default()
                },
                seed: self.seed,
            },
            workers,
            &stop,
            &|done, total| context.progress.advance(done, total),
        )?;
        let probes: Vec<Probe> = self
            .attributes
            .iter()
            .zip(probed.into_iter().zip(apart))
            .map(|(attribute, (probed, silhouette))| entry(attribute, probed, silhouette))
            .collect();
        write_csv(context.out, "probe.csv", &HEADING, probes.iter().map(row))
            .map_err(EmbedError::from)?;
        let entry = ProbeEntry {
            model: embedded.model,
            probes,
        };
        Ok(write_json(context.out, ENTRY, &entry).map_err(EmbedError::from)?)
    }
}

/// The value of an attribute, where it is known.
fn value<'a>(attribute: &str, utterance: &'a Utterance) -> Option<&'a str> {
    match attribute {
        "corpus" => Some(&utterance.corpus),
        "speaker" => Some(&utterance.speaker),
        "gender" => utterance.gender.map(Gender::name),
        "language" => Some(&utterance.language),
        "emotion" => utterance.class.as_deref(),
        column => utterance.column(column),
    }
}

/// Values as numbers, in sorted order.
fn numbers(values: &[Option<&str>]) -> Vec<Option<usize>> {
    let mut names: Vec<&str> = values.iter().flatten().copied().collect();
    names.sort_unstable();
    names.dedup();
    values
        .iter()
        .map(|value| names.binary_search(&(*value)?).ok())
        .collect()
}

fn entry(attribute: &str, probed: Probed, silhouette: Option<f64>) -> Probe {
    Probe {
        attribute: attribute.to_string(),
        utterances: probed
            .confusion
            .as_ref()
            .map_or(0, |confusion| confusion.total()),
        speaker_disjoint: attribute != "speaker",
        ua: probed.ua,
        interval: probed.interval,
        chance_ua: probed.ua.map(|_| 1.0 / probed.labels.len() as f64),
        silhouette,
        remark: remark(attribute, &probed),
        labels: probed.labels,
    }
}

/// What a reader must know of the figures, or why there are none.
fn remark(attribute: &str, probed: &Probed) -> Option<String> {
    let mut remarks = Vec::new();
    let by_speaker = attribute != "speaker";
    if probed.ua.is_none() {
        remarks.push(match (probed.labels.len(), probed.left_out.is_empty()) {
            (0, true) => format!("no utterance has a known {attribute}"),
            (_, true) => format!("all utterances have the same {attribute}"),
            (_, false) => "fewer than two values can be tested".into(),
        });
    }
    if !probed.left_out.is_empty() {
        let shown: Vec<&str> = probed.left_out.iter().take(5).map(String::as_str).collect();
        let more = match probed.left_out.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let why = match by_speaker {
            true => "with one speaker only",
            false => "with one utterance only",
        };
        remarks.push(format!("left out, {why}: {}{more}", shown.join(", ")));
    }
    if probed.unknown > 0 && !(probed.labels.is_empty() && probed.left_out.is_empty()) {
        remarks.push(format!(
            "{} utterances without a known {attribute}",
            probed.unknown
        ));
    }
    if probed.ua.is_some() && probed.interval.is_none() {
        remarks.push("no interval: no corpus has two speakers".into());
    }
    if probed.unfinished > 0 {
        remarks.push(format!(
            "{} fits ended before they converged",
            probed.unfinished
        ));
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

const HEADING: [&str; 10] = [
    "attribute",
    "values",
    "utterances",
    "speaker_disjoint",
    "ua",
    "ua_low",
    "ua_high",
    "chance_ua",
    "silhouette",
    "remark",
];

fn row(probe: &Probe) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6}"));
    let end = |of: fn(Interval) -> f64| number(probe.interval.map(of));
    vec![
        probe.attribute.clone(),
        probe.labels.len().to_string(),
        probe.utterances.to_string(),
        probe.speaker_disjoint.to_string(),
        number(probe.ua),
        end(|interval| interval.low),
        end(|interval| interval.high),
        number(probe.chance_ua),
        number(probe.silhouette),
        probe.remark.clone().unwrap_or_default(),
    ]
}
