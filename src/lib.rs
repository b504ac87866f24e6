//! `pipe`: declarative, content-cached pipelines for speech emotion recognition.
//!
//! A manifest names stages; the engine works out which results are missing and makes only those. Data flows one
//! way: manifest, plan, keys, loop, stages, cache, report.
//!
//! # Map of the code
//!
//! Crates below this one, in `crates/`:
//!
//! | crate | what |
//! |---|---|
//! | [`pipe_foundation`] | digests, whole files, functions with fixed bits, matrix products, threads, features, progress |
//! | [`pipe_speech`] | audio files, the front end of speech, corpora |
//! | [`pipe_nn`] | networks, their model files, CUDA devices, the training loop |
//! | [`pipe_report`] | metrics, statistics, tables, pages |
//!
//! A module imports only from those above it; `tests/pipe/layers.rs` holds that.
//!
//! | module | what |
//! |---|---|
//! | [`source`], [`termination`], [`file_name`] | texts that diagnostics point into; the signals that ask a process to end; names of files made from ids |
//! | [`protobuf`] | Protocol Buffers messages, written |
//! | [`emotion_classes`] | the emotions as the classes of a network |
//! | [`predict`] | a model on recordings: its features, windows, probabilities |
//! | [`onnx`] | a model as an ONNX graph |
//! | [`card`] | the model card |
//! | [`artifact`] | items and files that steps make, and the fingerprint of their keys |
//! | [`manifest`] | TOML to checked declarations, with every error at its place |
//! | [`cache`] | what is stored, and how it is looked up; the map of its folder |
//! | [`stage`] | the stage kinds |
//! | [`plan`] | steps, groups of item-wise steps, explanations |
//! | [`exec`] | the run: listing, looking up, computing, publishing |
//! | [`inspect`] | earlier runs by name, and what differs between them |
//! | [`track`] | trainings as TensorBoard shows them |
//! | [`cli`] | the command line |
//!
//! # From a manifest to results
//!
//! 1. [`manifest::Manifest::read`] parses, includes, overrides, substitutes, expands the matrix and checks.
//! 2. [`plan::Plan`] builds a stage for each step and groups item-wise steps that are computed together.
//! 3. [`exec::run`] lists the sources, computes keys ([`artifact::FingerprintInputs`]) and looks up the status of every step.
//! 4. A group that misses takes each utterance through all its steps at once; an aggregate step runs in a scratch
//!    folder. Results are published by [`cache::Cache::publish`], the only way to count as done.
//! 5. Files for people appear under `runs/`.

pub mod protobuf;

pub mod emotion_classes;
pub mod predict;
pub mod onnx;
pub mod card;

pub mod items;
pub mod stage;
pub mod present;
pub mod domain;
pub mod inspect;
pub mod track;
pub mod cli;
