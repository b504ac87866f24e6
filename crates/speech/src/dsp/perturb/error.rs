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
    /// A range is not a range, or is outside what is possible.
    #[error("augment option {option} = [{least}, {most}] is not a range within {valid}")]
    #[diagnostic(
        code(perturb::option),
        help("{option} is [least, most], least <= most, both in {valid}")
    )]
    Option {
        /// The option's name.
        option: &'static str,
        /// Lower end given.
        least: f64,
        /// Upper end given.
        most: f64,
        /// What both may be.
        valid: &'static str,
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
