//! What is known of a run beside its results: data, checks, steps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Data and steps behind a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Name of the manifest.
    pub manifest: String,
    /// What it takes to run it again.
    pub reproduction: Option<Reproduction>,
    /// Version of `pipe` that wrote the report.
    pub pipe_version: String,
    /// Corpora used.
    pub corpora: Vec<CorpusFacts>,
    /// Published partitions that the splits follow, each once.
    #[serde(default)]
    pub partitions: Vec<PartitionFacts>,
    /// Corpora that the manifest names but that were not there, so that the run did without them.
    pub absent_corpora: Vec<CorpusFacts>,
    /// Steps that could not be made, so that they are missing in the report.
    pub missing_steps: Vec<String>,
    /// Checks for leaks between splits.
    pub leak_checks: Vec<LeakCheck>,
    /// Utterances that were left out.
    pub left_out: Vec<LeftOut>,
    /// Oddities that readers reported.
    pub warnings: Vec<String>,
    /// Every step, in the order of the plan.
    pub steps: Vec<StepFacts>,
}

/// A published partition, or a column of the corpora, that a split follows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartitionFacts {
    /// Its name, such as `EmoBox emodb, fold 2`.
    pub name: String,
    /// BLAKE3 of its files, or of what a column says of each utterance, in hexadecimal.
    pub digest: String,
    /// Files that it names.
    pub files: u64,
    /// How many of them are not among the data.
    pub unmatched: u64,
}

/// What it takes to run a manifest again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reproduction {
    /// The command, to be run in the folder of the files.
    pub command: String,
    /// The manifest, what it includes and names, its lock file, the entries of `corpora.toml` that it uses.
    pub files: Vec<ProjectFile>,
    /// Why the files are not enough, as a lower-case fragment; none where they are.
    pub incomplete: Option<String>,
}

/// A file of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectFile {
    /// Its path in the project.
    pub name: String,
    /// Its text; none where it is too long, or no plain text.
    pub text: Option<String>,
    /// BLAKE3 of its content, in hexadecimal.
    pub digest: String,
}

/// One corpus as the run used it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CorpusFacts {
    /// Its name in `corpora.toml`.
    pub name: String,
    /// Its full name.
    pub title: String,
    /// Language tag.
    pub language: String,
    /// Licence.
    pub licence: String,
    /// Where to get it.
    pub source: String,
    /// Utterances used, each once, also where folds have it in several splits.
    #[serde(default)]
    pub utterances: u64,
    /// Utterances by split (`train`, `validation`, `test`).
    pub splits: BTreeMap<String, SplitFacts>,
    /// Utterances in the publisher's distribution, where `corpora.toml` gives their number.
    pub official_utterances: Option<u64>,
}

/// One split of one corpus.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SplitFacts {
    /// Utterances.
    pub utterances: u64,
    /// Speakers.
    pub speakers: u64,
    /// Hours of audio; none where it is not known.
    pub hours: Option<f64>,
    /// Utterances of each emotion class.
    pub classes: BTreeMap<String, u64>,
}

/// One check for leaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeakCheck {
    /// What was looked for, such as `speakers in both train and test`.
    pub name: String,
    /// Where: the steps compared.
    pub between: String,
    /// What was found; empty is good.
    pub found: Vec<String>,
}

/// One utterance that was left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The step that left it out.
    pub step: String,
    /// The utterance, or the path where none could be made of it.
    pub item: String,
    /// Why.
    pub reason: String,
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepFacts {
    /// Its id.
    pub step: String,
    /// Its stage kind.
    pub kind: String,
    /// All parameters after defaults.
    pub parameters: Json,
    /// Digest of all it depends on; none where it has not run.
    pub key: Option<String>,
    /// Digest of what it made.
    pub output: Option<String>,
    /// Wall time in seconds when it ran.
    pub seconds: Option<f64>,
    /// Version of `pipe` that ran it.
    pub pipe_version: Option<String>,
    /// CPU features of the machine that ran it.
    pub cpu: Option<String>,
    /// The CUDA device that finished it; none where that was the processor.
    #[serde(default)]
    pub device: Option<String>,
}
