//! `pipe`: declarative, content-cached pipelines for speech emotion recognition.

pub mod artifact;
pub mod audio;
pub mod cache;
pub mod corpus;
pub mod digest;
pub mod dsp;
pub mod eval;
pub mod manifest;
pub mod model;
pub mod progress;
pub mod source;
pub mod train;
