//! The parameter `split` of `ingest`: fractions, folds, leaving one out, a column, or a partition that others published.

use pipe_engine::manifest::{Diagnostic, Parameter, Shape};
use pipe_speech::corpus::Split;
use pipe_speech::corpus::split::{Dealing, FoldValidation, SPEAKER};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

const FRACTION: Shape = Shape::Float { min: 0.0, max: 1.0 };
const FOLD: Shape = Shape::Either(&[Shape::NATURAL, Shape::Text]);
const FOLD_DOC: &str =
    "Which fold is tested: \"${matrix.fold}\", with [matrix] fold = { folds_of = \"STAGE\" }.";

const SEED: Parameter = Parameter::default(
    "seed",
    Shape::NATURAL,
    "0",
    "Seed of the choice among equally good splits.",
);

const GROUPS_DOC: &str = "What no split may cut, also several at once: speaker, session, text, recording (utterances of one file), or any column. Utterances that share one of these, directly or through others, are in one split.";

const GROUPS: Parameter = Parameter::default(
    "groups",
    Shape::OneOrMany(&Shape::Text),
    "[\"speaker\"]",
    GROUPS_DOC,
);

const STRATIFY_DOC: &str = "Give each part its share of every class, besides hours and genders.";

const VALIDATION: Parameter = Parameter::default(
    "validation",
    Shape::Either(&[FRACTION, Shape::Choice(&["next"])]),
    "0.1",
    "What ends training: a fraction of what is not tested, whole groups at a time; or \"next\", the part that the next fold tests.",
);

const DRAWN_VALIDATION_DOC: &str = "Fraction of the training part that is drawn for validation, stratified by class, where the partition has none of its own.";

const HELD_OUT_DOC: &str = "Fraction of the training part that is held out for validation, whole speakers at a time, where the column has no validation.";

const STRATIFY: Parameter = Parameter::default("stratify", Shape::Bool, "true", STRATIFY_DOC);

/// The keys of a cross-validation whose parts are made as `parts` says.
const fn cross_validation(parts: Parameter) -> [Parameter; 6] {
    let fold = Parameter::required("fold", FOLD, FOLD_DOC);
    [parts, fold, VALIDATION, GROUPS, STRATIFY, SEED]
}

const FOLDS: [Parameter; 6] = cross_validation(Parameter::required(
    "folds",
    Shape::Integer {
        min: 2,
        max: 10_000,
    },
    "Cross-validation: number of folds of about equal size.",
));

const LEAVE_ONE_OUT: [Parameter; 6] = cross_validation(Parameter::required(
    "leave_one_out",
    Shape::Text,
    "Cross-validation: each speaker, session, corpus or value of a column is tested in turn.",
));

const SEVERAL_LISTS: Shape = Shape::OneOrMany(&Shape::Path);

/// All forms of `split`.
pub const SPLIT: Parameter = Parameter::default(
    "split",
    Shape::Either(&[
        Shape::Choice(&["train", "validation", "test"]),
        Shape::Table(&[
            Parameter::default("train", FRACTION, "0.8", "Fraction of each corpus's hours."),
            Parameter::default(
                "validation",
                FRACTION,
                "0.1",
                "Fraction of each corpus's hours.",
            ),
            Parameter::default("test", FRACTION, "0.1", "Fraction of each corpus's hours."),
            SEED,
            Parameter::optional("groups", Shape::OneOrMany(&Shape::Text), GROUPS_DOC),
            Parameter::optional("stratify", Shape::Bool, STRATIFY_DOC),
        ]),
        Shape::Table(&FOLDS),
        Shape::Table(&LEAVE_ONE_OUT),
        Shape::Table(&[
            Parameter::required(
                "protocol",
                Shape::Choice(&["emobox"]),
                "A published partition. emobox: the folds of EmoBox (Ma et al. 2024).",
            ),
            Parameter::required(
                "folder",
                Shape::Path,
                "The folder of the dataset, with fold_1, fold_2 ... in it.",
            ),
            Parameter::required("fold", FOLD, FOLD_DOC),
            Parameter::default("validation", FRACTION, "0.2", DRAWN_VALIDATION_DOC),
            SEED,
        ]),
        Shape::Table(&[
            Parameter::required(
                "lists",
                Shape::Table(&[
                    Parameter::required("train", SEVERAL_LISTS, "Lists of training files."),
                    Parameter::optional("validation", SEVERAL_LISTS, "Lists of validation files."),
                    Parameter::optional("test", SEVERAL_LISTS, "Lists of test files."),
                ]),
                "Lists of files, one path a line; files are found by their names.",
            ),
            Parameter::default("validation", FRACTION, "0.0", DRAWN_VALIDATION_DOC),
            SEED,
        ]),
        Shape::Table(&[
            Parameter::required(
                "table",
                Shape::Path,
                "A CSV table of files and splits, as audformat has them.",
            ),
            Parameter::default(
                "column",
                Shape::Text,
                "\"split\"",
                "The column of splits; that of files is called file.",
            ),
            Parameter::default("validation", FRACTION, "0.0", DRAWN_VALIDATION_DOC),
            SEED,
        ]),
        Shape::Table(&[
            Parameter::required(
                "column",
                Shape::Text,
                "A column of the corpora that says the split of each utterance: train, validation (or dev, val) or test (or eval).",
            ),
            Parameter::default("validation", FRACTION, "0.0", HELD_OUT_DOC),
            SEED,
        ]),
    ]),
    "{\"train\": 0.8, \"validation\": 0.1, \"test\": 0.1, \"seed\": 0}",
    "Fractions per corpus, whole speakers at a time; one split for all utterances; a fold of a cross-validation; the splits that a column says; or a published partition.",
);

/// What is wrong with the values of `split`.
pub fn validate(split: &Json) -> Vec<Diagnostic> {
    let Some(table) = split.as_object() else {
        return Vec::new();
    };
    let fractions: Vec<f64> = ["train", "validation", "test"]
        .iter()
        .filter_map(|name| table.get(*name)?.as_f64())
        .collect();
    let sum: f64 = fractions.iter().sum();
    if !table.contains_key("train") || (sum - 1.0).abs() < 1e-6 {
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

/// How utterances are assigned to splits.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum SplitChoice {
    /// All to one.
    One(Split),
    /// By fractions of the hours.
    Fractions(Fractions),
    /// One fold of a number of them.
    Folds(Folds),
    /// One value of an attribute is tested.
    LeaveOneOut(LeaveOneOut),
    /// A published partition.
    Protocol(Protocol),
    /// Lists of files.
    Lists(Lists),
    /// A table of files.
    Table(Table),
    /// A column of the corpora.
    Column(SplitColumn),
}

/// Fractions of the hours, whole groups at a time.
#[derive(Clone, Debug, Deserialize)]
pub struct Fractions {
    pub train: f64,
    pub validation: f64,
    pub test: f64,
    pub seed: u64,
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    #[serde(default)]
    pub stratify: Option<bool>,
}

/// What folds have in common.
#[derive(Clone, Debug, Deserialize)]
pub struct FoldOptions {
    #[serde(deserialize_with = "fold_name")]
    pub fold: String,
    #[serde(deserialize_with = "fold_validation")]
    pub validation: FoldValidation,
    pub groups: Vec<String>,
    pub stratify: bool,
    pub seed: u64,
}

impl FoldOptions {
    /// How groups are dealt out.
    pub fn dealing(&self) -> Dealing {
        Dealing {
            stratify: self.stratify,
            seed: self.seed,
        }
    }
}

/// One fold of a number of them.
#[derive(Clone, Debug, Deserialize)]
pub struct Folds {
    pub folds: usize,
    #[serde(flatten)]
    pub options: FoldOptions,
}

/// One value of an attribute is tested.
#[derive(Clone, Debug, Deserialize)]
pub struct LeaveOneOut {
    pub leave_one_out: String,
    #[serde(flatten)]
    pub options: FoldOptions,
}

/// A fold of a published protocol; the only one yet is that of EmoBox.
#[derive(Clone, Debug, Deserialize)]
pub struct Protocol {
    pub folder: String,
    #[serde(deserialize_with = "fold_name")]
    pub fold: String,
    #[serde(flatten)]
    pub drawn: DrawnValidation,
}

/// Lists of files for each split.
#[derive(Clone, Debug, Deserialize)]
pub struct Lists {
    pub lists: ListsOfSplits,
    #[serde(flatten)]
    pub drawn: DrawnValidation,
}

/// Paths of the lists, relative to the manifest.
#[derive(Clone, Debug, Deserialize)]
pub struct ListsOfSplits {
    #[serde(default)]
    pub train: Vec<String>,
    #[serde(default)]
    pub validation: Vec<String>,
    #[serde(default)]
    pub test: Vec<String>,
}

/// A table of files and splits.
#[derive(Clone, Debug, Deserialize)]
pub struct Table {
    pub table: String,
    pub column: String,
    #[serde(flatten)]
    pub drawn: DrawnValidation,
}

/// A column of the corpora that says the split of each utterance.
#[derive(Clone, Debug, Deserialize)]
pub struct SplitColumn {
    pub column: String,
    /// Fraction of the training part that is held out where the column has no validation, whole speakers at a time.
    pub validation: f64,
    pub seed: u64,
}

/// Validation that is drawn from the training part of a partition that has none.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct DrawnValidation {
    pub validation: f64,
    pub seed: u64,
}

impl SplitChoice {
    /// The attributes and columns that it needs of utterances.
    pub fn attributes(&self) -> Vec<String> {
        match self {
            Self::Fractions(fractions) => fractions.groups.clone().unwrap_or_default(),
            Self::Folds(folds) => folds.options.groups.clone(),
            Self::LeaveOneOut(left) => {
                let groups = left.options.groups.iter().cloned();
                groups.chain([left.leave_one_out.clone()]).collect()
            }
            Self::Column(split) => vec![split.column.clone()],
            Self::One(_) | Self::Protocol(_) | Self::Lists(_) | Self::Table(_) => Vec::new(),
        }
    }

    /// What must be in one split alone besides speakers, whose leaks are always looked for.
    pub fn groups(&self) -> Vec<String> {
        let groups = self.grouped_by().into_iter();
        groups.filter(|group| group != SPEAKER).collect()
    }

    /// What utterances are grouped by; nothing where that is not asked for, and speakers are.
    pub fn grouped_by(&self) -> Vec<String> {
        match self {
            Self::Fractions(fractions) => fractions.groups.clone().unwrap_or_default(),
            Self::Folds(folds) => folds.options.groups.clone(),
            Self::LeaveOneOut(left) => left.options.groups.clone(),
            Self::One(_)
            | Self::Protocol(_)
            | Self::Lists(_)
            | Self::Table(_)
            | Self::Column(_) => Vec::new(),
        }
    }
}

/// The name of a fold, which may be written as a number.
fn fold_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Json::deserialize(deserializer)? {
        Json::String(name) => name,
        other => other.to_string(),
    })
}

fn fold_validation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FoldValidation, D::Error> {
    Ok(match Json::deserialize(deserializer)?.as_f64() {
        Some(fraction) => FoldValidation::Fraction(fraction),
        None => FoldValidation::NextFold,
    })
}
