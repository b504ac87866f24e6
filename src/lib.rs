//! `pipe`: declarative, content-cached pipelines for speech emotion recognition.

pub mod audio;
pub mod corpus;
pub mod digest;
pub mod dsp;
pub mod eval;
pub mod model;
pub mod progress;
pub mod report;
pub mod train;
