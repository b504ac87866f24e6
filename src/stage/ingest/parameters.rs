//! The parameters of `ingest`.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape};
use pipe_speech::corpus::{ClassChoice, Split};
use serde::Deserialize;

use crate::items::AUDIO;
use crate::stage::leakage::OnLeak;

const FRACTION: Shape = Shape::Float { min: 0.0, max: 1.0 };

pub static KIND: Kind = Kind {
    name: "ingest",
    version: 1,
    doc: "Lists the utterances of corpora, assigns them to splits by speaker, and reads their audio as one channel.",
    parameters: &[
        Parameter::required(
            "corpora",
            Shape::OneOrMany(&Shape::Named("the name of a corpus")),
            "Names of corpora in corpora.toml.",
        ),
        Parameter::default(
            "split",
            Shape::Either(&[
                Shape::Choice(&["train", "validation", "test"]),
                Shape::Table(&[
                    Parameter::default(
                        "train",
                        FRACTION,
                        "0.8",
                        "Fraction of each corpus's hours.",
                    ),
                    Parameter::default(
                        "validation",
                        FRACTION,
                        "0.1",
                        "Fraction of each corpus's hours.",
                    ),
                    Parameter::default("test", FRACTION, "0.1", "Fraction of each corpus's hours."),
                    Parameter::default(
                        "seed",
                        Shape::NATURAL,
                        "0",
                        "Seed of the choice among equally good splits.",
                    ),
                ]),
            ]),
            "{\"train\": 0.8, \"validation\": 0.1, \"test\": 0.1, \"seed\": 0}",
            "Fractions per corpus, whole speakers at a time; or one split for all utterances.",
        ),
        Parameter::optional(
            "classes",
            Shape::Either(&[
                Shape::Text,
                Shape::Map(&Shape::List(&Shape::Text)),
            ]),
            "Which classes labels count as: the name of a class map of corpora.toml (by default valence3, the three classes of Parry et al.); \"native\" for the corpora's own labels; \"none\" where what is learned are numeric columns; or a table of classes and their labels, such as { angry = [\"anger\"], happy = [\"happiness\", \"excitement\"] }.",
        )
        .unkeyed(),
        Parameter::optional(
            "columns",
            Shape::List(&Shape::Text),
            "Further columns that utterances keep, for heads, probes and programs: columns of a table, or what a corpus documents, such as text, session, intensity, arousal.",
        )
        .unkeyed(),
        Parameter::optional(
            "split_file",
            Shape::Path,
            "A split table to use as it is, such as the split.tsv of an earlier run.",
        ),
        Parameter::default(
            "leaks",
            Shape::Choice(&["error", "warn"]),
            "\"error\"",
            "What to do when a speaker or the same audio is both in train and in a held-out split.",
        ),
        Parameter::default(
            "max_duration_s",
            Shape::Float { min: 0.001, max: 1e6 },
            "3600.0",
            "Longest recording, or segment of one, in seconds. Longer ones are not read; they count as bad items. An hour at 16 kHz takes about 300 MB of memory. Above 96 kHz, a recording may have as many samples as at 96 kHz.",
        )
        .unkeyed(),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| AUDIO,
    validate,
};

fn validate(parameters: &serde_json::Map<String, serde_json::Value>) -> Vec<Diagnostic> {
    let Some(table) = parameters.get("split").and_then(|split| split.as_object()) else {
        return Vec::new();
    };
    let fractions: Vec<f64> = ["train", "validation", "test"]
        .iter()
        .filter_map(|name| table.get(*name)?.as_f64())
        .collect();
    let sum: f64 = fractions.iter().sum();
    if (sum - 1.0).abs() < 1e-6 {
        return Vec::new();
    }
    let terms: Vec<String> = fractions.iter().map(f64::to_string).collect();
    let label = format!("{} is {}", terms.join(" + "), (sum * 1e6).round() / 1e6);
    vec![
        Diagnostic::of_value(
            "split",
            "the fractions of `split` do not add up to 1",
            label,
        )
        .help("train, validation and test must add up to 1; those omitted are 0.8, 0.1 and 0.1"),
    ]
}

/// Their values, but for the corpora.
#[derive(Deserialize)]
pub struct Options {
    /// Splits, where no table is given.
    pub split: SplitChoice,
    /// The class map.
    #[serde(default)]
    pub classes: Option<ClassChoice>,
    /// Further columns.
    #[serde(default)]
    pub columns: Option<BTreeSet<String>>,
    /// A split table, relative to the manifest.
    pub split_file: Option<String>,
    /// What to do about leaks.
    pub leaks: OnLeak,
    /// Longest recording in seconds.
    pub max_duration_s: f64,
}

/// How utterances are assigned to splits.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum SplitChoice {
    /// All to one.
    One(Split),
    /// By fractions of the hours, whole speakers at a time.
    Fractions {
        train: f64,
        validation: f64,
        test: f64,
        seed: u64,
    },
}
