//! Why a waveform cannot be perturbed.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use pipe_foundation::progress::Interrupted;
use thiserror::Error;

use crate::audio::AudioError;
use crate::dsp::resample::ResampleError;

/// Why a waveform cannot be perturbed.
#[derive(Debug, Error, Diagnostic, PartialEq)]
pub enum PerturbError {
    /// A key has a value that it does not take.
    #[error("augment option {option} {reason}")]
    #[diagnostic(
        code(perturb::option),
        help(
            "a range is [least, most], least <= most; `pipe schema augment` says what both may be"
        )
    )]
    Option {
        /// The key.
        option: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
    /// The keys of a perturbation cannot be read.
    #[error("the keys of {name} cannot be read: {reason}")]
    #[diagnostic(code(perturb::keys), help("`pipe schema augment` says what they take"))]
    Keys {
        /// The perturbation.
        name: &'static str,
        /// What the reader says.
        reason: String,
    },
    /// The rate cannot be changed by the factor of speed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Resample(#[from] ResampleError),
    /// A recording of noise or an impulse response cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    #[diagnostic(
        code(perturb::recording),
        help("repair the file, or remove it from the folder")
    )]
    Recording {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The user asked to stop.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Interrupted(#[from] Interrupted),
}

impl PerturbError {
    /// The recording at `path` cannot be read.
    pub(super) fn of_recording(path: &Path, error: &AudioError) -> Self {
        Self::Recording {
            path: path.to_path_buf(),
            reason: error.to_string(),
        }
    }
}
