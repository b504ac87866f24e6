//! `pipe`: declarative, content-cached pipelines for speech emotion recognition.

pub mod artifact;
pub mod audio;
pub mod cache;
pub mod cli;
pub mod corpus;
pub mod digest;
pub mod dsp;
pub mod eval;
pub mod exec;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod progress;
pub mod report;
pub mod source;
pub mod stage;
pub mod train;
