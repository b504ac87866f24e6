//! The speech front end: resampling, Kaldi-compatible log-mel filterbank features, normalisation, augmentation.

mod features;

pub use features::{Features, FeaturesView};
