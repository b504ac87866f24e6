//! The parameters of `ingest`.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape, suggest};
use pipe_speech::corpus::{ClassChoice, VoteRule};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::items::AUDIO;
use crate::stage::leak_policy::{LEAKS_OF_INGEST, LeakPolicy};

use super::split_parameters::{self, SPLIT, SplitChoice};

/// The name of this kind.
pub const INGEST: &str = "ingest";

pub static KIND: Kind = Kind {
    name: INGEST,
    version: 1,
    doc: "Lists the utterances of corpora, assigns them to splits by speaker, and reads their audio as one channel.",
    parameters: &[
        Parameter::required(
            "corpora",
            Shape::OneOrMany(&Shape::Named("the name of a corpus")),
            "Names of corpora in corpora.toml.",
        ),
        SPLIT,
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
            "unlabelled",
            Shape::OneOrMany(&Shape::Text),
            "Corpora of this stage whose utterances keep their classes in the test split only: in the others they have none, so that a training can adapt to them without knowing what they are.",
        )
        .unkeyed(),
        Parameter::optional(
            "votes",
            Shape::Choice(&["error", "majority", "soft"]),
            "What rows of a table mean that give one utterance different labels. error (default): a mistake, which is named. majority: votes of annotators; most decide, and ties are left out. soft: training learns the share of each class, and tests count the class with most votes.",
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
            "A split table to use as it is, such as the split.tsv of an earlier run, by speakers or by utterances.",
        ),
        LEAKS_OF_INGEST,
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
    validate: |parameters| {
        let split = parameters.get("split");
        let mut found = split.map_or_else(Vec::new, split_parameters::validate);
        found.extend(other_unlabelled(parameters));
        found
    },
};

/// Names in `unlabelled` that are none of the corpora.
fn other_unlabelled(parameters: &Map<String, Json>) -> Vec<Diagnostic> {
    let list = |name: &str| -> Vec<&str> {
        let list = parameters.get(name).and_then(Json::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect()
    };
    let corpora = list("corpora");
    let mut found = Vec::new();
    for (index, name) in list("unlabelled").into_iter().enumerate() {
        if !corpora.contains(&name) {
            let message =
                format!("`{name}` of `unlabelled` is not among the corpora of this stage");
            let at = format!("unlabelled.{index}");
            let help = suggest(name, corpora.iter().copied());
            found.push(Diagnostic::of_value(at, message, "not listed in `corpora`").help(help));
        }
    }
    found
}

/// Their values, but for the corpora.
#[derive(Deserialize)]
pub struct Options {
    /// Splits, where no table is given.
    pub split: SplitChoice,
    /// The class map.
    #[serde(default)]
    pub classes: Option<ClassChoice>,
    /// Corpora whose classes only tests know.
    #[serde(default)]
    pub unlabelled: Vec<String>,
    /// What rows mean that disagree.
    #[serde(default)]
    pub votes: VoteRule,
    /// Further columns.
    #[serde(default)]
    pub columns: Option<BTreeSet<String>>,
    /// A split table, relative to the manifest.
    pub split_file: Option<String>,
    /// What to do about leaks.
    pub leaks: LeakPolicy,
    /// Longest recording in seconds.
    pub max_duration_s: f64,
}
