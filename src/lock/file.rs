//! The lock file itself: TOML beside its manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use pipe_engine::artifact::FingerprintInputs;
use pipe_engine::exec::{ExpectedResult, ExpectedResults};
use pipe_engine::manifest::is_usable_name;
use pipe_foundation::regular_file::{self, FileError};
use pipe_foundation::{Digest, Limit};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::data::LockedData;

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// Why a lock file cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum LockError {
    /// There is none.
    #[error("{} does not exist", path.display())]
    #[diagnostic(
        code(lock::missing),
        help("`pipe lock` writes it once the manifest has been run")
    )]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(code(lock::unreadable))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: FileError,
    },
    /// It is no lock file.
    #[error("{name} is not a lock file: {reason}")]
    #[diagnostic(code(lock::invalid), help("`pipe lock` writes it anew"))]
    Invalid {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// What a run depended on and gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    /// The version of this format.
    pub version: u32,
    /// The name of the manifest.
    pub manifest: String,
    /// The arguments of `--set`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// Whether missing corpora were left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub present: bool,
    /// The limits that were raised with `--limit`, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, u64>,
    /// Which program on which machine wrote it; nothing is compared with it.
    pub made_by: MadeBy,
    /// What the sources listed.
    #[serde(default)]
    pub data: Vec<LockedData>,
    /// Every step, in the order of the plan.
    #[serde(rename = "step", default)]
    pub steps: Vec<LockedStep>,
}

/// A program and a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeBy {
    /// Version of `pipe`.
    pub pipe: String,
    /// The commit that it was built from; none where that was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The processor's features that hot code chooses between.
    pub processor: String,
    /// Where trainings and evaluations computed.
    pub device: String,
}

/// What one step depended on and made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedStep {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: Digest,
    /// The digest of its output.
    pub output: Digest,
    /// All that the key is made of.
    pub inputs: FingerprintInputs,
    /// What an evaluation reached, by corpus.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, LockedMetrics>,
}

/// What an evaluation reached on one corpus, in 0..=1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedMetrics {
    /// Utterances tested.
    pub utterances: u64,
    /// Unweighted accuracy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ua: Option<f64>,
    /// Weighted accuracy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wa: Option<f64>,
    /// Macro F1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macro_f1: Option<f64>,
}

/// Where the lock file of a manifest is: `demo.lock.toml` beside `demo.toml`.
pub fn lock_path(manifest: &Path) -> PathBuf {
    manifest.with_extension("lock.toml")
}

impl LockFile {
    /// An empty one of this version of the format.
    pub fn new(manifest: &str, made_by: MadeBy) -> Self {
        Self {
            version: VERSION,
            manifest: manifest.into(),
            set: Vec::new(),
            present: false,
            limits: BTreeMap::new(),
            made_by,
            data: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Reads the file at `path`, which may have as many bytes as `limit` says.
    ///
    /// # Errors
    /// When it is missing, cannot be read, or is none.
    pub fn read(path: &Path, limit: Limit) -> Result<Self, LockError> {
        let text = regular_file::read_text(path, limit).map_err(|reason| match reason {
            reason if reason.is_missing() => LockError::Missing { path: path.into() },
            reason => LockError::Unreadable {
                path: path.into(),
                reason,
            },
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads the text of the file called `name`.
    ///
    /// # Errors
    /// When it is not a lock file of this version, or contradicts itself.
    pub fn parse(name: &str, text: &str) -> Result<Self, LockError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let invalid = |reason: String| LockError::Invalid {
            name: name.into(),
            reason,
        };
        let of_toml = |error: toml::de::Error| invalid(error.message().into());
        let Versioned { version } = toml::from_str(text).map_err(of_toml)?;
        if version != VERSION {
            return Err(invalid(format!(
                "it has version {version} of the format, and this pipe reads version {VERSION}"
            )));
        }
        let lock: Self = toml::from_str(text).map_err(of_toml)?;
        // It becomes a path of results.
        if !is_usable_name(&lock.manifest) {
            let shown: String = lock.manifest.chars().take(60).collect();
            return Err(invalid(format!("{shown:?} is not the name of a manifest")));
        }
        match (lock.steps.iter()).find(|step| step.inputs.key() != step.key) {
            Some(step) => Err(invalid(format!(
                "the key of `{}` is not that of its inputs, so one of them was edited",
                step.id
            ))),
            None => Ok(lock),
        }
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let text = toml::to_string(self);
        let text = text.unwrap_or_else(|error| unreachable!("a lock file is not TOML: {error}"));
        format!(
            "# What a run of this manifest depended on and gave. `pipe lock` writes it; `pipe run --locked` refuses anything\n# else.\n{text}"
        )
    }

    /// What a run must arrive at.
    pub fn expected(&self) -> ExpectedResults {
        let steps = self.steps.iter().map(|step| {
            let LockedStep { key, output, .. } = *step;
            (step.id.clone(), ExpectedResult { key, output })
        });
        ExpectedResults(steps.collect())
    }
}
