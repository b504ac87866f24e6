//! Programs that compute features, as `command` stages ran them in training.

use std::path::PathBuf;

use miette::Diagnostic;
use pipe_foundation::Features;
use serde_json::Value as Json;
use thiserror::Error;

use crate::shell_words;

/// A program that makes features, one recording after another; several may be asked for at once.
pub trait ForeignProgram: Send + Sync {
    /// Features of samples at `rate_hz`.
    ///
    /// # Errors
    /// In words, why there are none.
    fn of_samples(&self, samples: &[f32], rate_hz: u32) -> Result<Features, String>;

    /// Features of features.
    ///
    /// # Errors
    /// In words, why there are none.
    fn of_features(&self, features: Features) -> Result<Features, String>;
}

/// Prepares the program that a model file says a `command` stage ran.
pub type PrepareProgram<'a> = &'a dyn Fn(&Json) -> Result<Box<dyn ForeignProgram>, ProgramError>;

/// Why a program cannot be run.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
pub enum ProgramError {
    /// Nobody has allowed it.
    #[error("a program computes the model's features: {line}")]
    #[diagnostic(
        code(front_end::program),
        help(
            "it would run with your rights: if you know who made the model, add --allow-commands"
        )
    )]
    NotAllowed {
        /// The program and its arguments.
        line: String,
    },
    /// A file of it is nowhere, or is another one.
    #[error(
        "{name}, with which the model's features were computed, is not there (BLAKE3 {digest})"
    )]
    #[diagnostic(
        code(front_end::program_file),
        help(
            "name its folder with --program-folder: {}, where it was looked for, has no such file or another one",
            looked_in(folders)
        )
    )]
    NoFile {
        /// The file as the manifest named it.
        name: String,
        /// The beginning of its digest.
        digest: String,
        /// Where it was looked for.
        folders: Vec<PathBuf>,
    },
    /// The model file says something else than a program.
    #[error("the program that computed the model's features cannot be run: {reason}")]
    #[diagnostic(
        code(front_end::program_parameters),
        help("the file was changed, or written by another version of pipe: train the model again")
    )]
    Parameters {
        /// What is wrong.
        reason: String,
    },
}

impl ProgramError {
    /// The program of a `command` stage may not be run.
    pub fn not_allowed(stage: &Json) -> Self {
        Self::NotAllowed {
            line: command_line(stage),
        }
    }
}

/// The line of a `command` stage, as a shell would read it.
pub fn command_line(stage: &Json) -> String {
    match &stage["parameters"]["run"] {
        Json::Array(parts) => shell_words::line(parts.iter().filter_map(Json::as_str)),
        line => line.as_str().unwrap_or_default().to_owned(),
    }
}

fn looked_in(folders: &[PathBuf]) -> String {
    let shown = folders.iter().map(|folder| folder.display().to_string());
    shown.collect::<Vec<_>>().join(", ")
}
