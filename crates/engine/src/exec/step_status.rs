//! The status of one step before it runs.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, Report};
use thiserror::Error;

use crate::artifact::FingerprintInputs;
use crate::cache::{Cache, CacheError, StepOutput};
use crate::manifest;

use super::declared_files::DeclaredFileError;
use super::item_set::GroupError;
use super::outcome::StepResult;

/// The status of one step before it runs.
#[derive(Debug)]
pub enum StepStatus {
    /// Its result is in the cache.
    Hit {
        /// What it depends on.
        fingerprint: FingerprintInputs,
        /// What it made.
        output: Arc<StepOutput>,
    },
    /// It has to run.
    Miss {
        /// What it depends on.
        fingerprint: FingerprintInputs,
    },
    /// Its key is not known before the results of these steps are.
    Pending {
        /// The steps, in the order of its inputs.
        on: Vec<usize>,
    },
    /// It cannot run: its data cannot be listed, or a file that it depends on cannot be read.
    Failed {
        /// Why.
        error: StatusError,
    },
}

/// Why a step cannot run, found before it starts.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum StatusError {
    /// Its data cannot be listed. A run reports the listing's own diagnostic.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Unlisted(#[from] Unlisted),
    /// Its stage foresees that it cannot do its work with what the sources list.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Foreseen(#[from] manifest::Diagnostic),
    /// Too many of its items are bad, by what is known without computing anything.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Items(#[from] GroupError),
    /// It needs a step that cannot run.
    #[error("it needs {step}")]
    Needs {
        /// The step.
        step: String,
    },
    /// A file that its stage declares cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    DeclaredFile(#[from] DeclaredFileError),
}

/// What the diagnostic of a source that cannot be listed says.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct Unlisted {
    message: String,
    code: Option<String>,
    help: Option<String>,
}

impl Unlisted {
    /// Listing was stopped before its end.
    pub fn interrupted() -> Self {
        Self {
            message: "interrupted".into(),
            code: None,
            help: None,
        }
    }
}

impl From<&Report> for Unlisted {
    fn from(report: &Report) -> Self {
        Self {
            message: report.to_string(),
            code: report.code().map(|code| code.to_string()),
            help: report.help().map(|help| help.to_string()),
        }
    }
}

impl Diagnostic for Unlisted {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code.as_deref().unwrap_or("run::unlisted")))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_deref()?;
        Some(Box::new(help))
    }
}

impl StepStatus {
    /// The status of a step that depends on `fingerprint`.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn look_up(cache: &Cache, fingerprint: FingerprintInputs) -> Result<Self, CacheError> {
        Ok(match cache.finished(&fingerprint.key())? {
            Some(record) => Self::Hit {
                fingerprint,
                output: Arc::new(record.output),
            },
            None => Self::Miss { fingerprint },
        })
    }

    /// What the step depends on, once that is known.
    pub fn fingerprint(&self) -> Option<&FingerprintInputs> {
        match self {
            Self::Hit { fingerprint, .. } | Self::Miss { fingerprint } => Some(fingerprint),
            Self::Pending { .. } | Self::Failed { .. } => None,
        }
    }

    /// The result of the step in a run, where it is in the cache.
    pub fn hit(&self) -> Option<StepResult> {
        match self {
            Self::Hit {
                fingerprint,
                output,
            } => Some(StepResult::hit(fingerprint.key(), output.clone())),
            _ => None,
        }
    }

    /// The step's result, where it is in the cache.
    pub fn output(&self) -> Option<&Arc<StepOutput>> {
        match self {
            Self::Hit { output, .. } => Some(output),
            _ => None,
        }
    }
}
