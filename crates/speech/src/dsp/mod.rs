//! The speech front end: resampling, Kaldi-compatible log-mel filterbank features, normalisation, augmentation.

mod centred_frames;
mod convolve;
pub mod fbank;
mod functionals;
mod kept;
mod noise;
mod normalise;
mod normalised_fbank;
mod perturb;
mod resample;
mod to_rate;
mod trim;
mod vad;

pub use fbank::{Fbank, FbankError, FbankOptions, FbankStream};
pub use functionals::{Functionals, Statistic};
pub use normalise::{Moments, Normalisation, Normaliser, normalise};
pub use normalised_fbank::NormalisedFbank;
pub use perturb::{
    Need, PERTURBATION_KEYS, PERTURBATIONS, PerturbError, PerturbationKind, Perturber, Recordings,
};
pub use resample::{ResampleError, ResampleStream, Resampler};
pub use to_rate::ToRate;
pub use trim::{FramePowers, Trim};
pub use vad::{SpeechFrames, Vad};

#[cfg(test)]
mod interruption_tests;
