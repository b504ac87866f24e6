//! Audio files: what is in them, and how to read them as one channel of samples.

mod waveform;

pub use waveform::Waveform;
