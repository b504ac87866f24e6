//! `pipe`: declarative, content-cached pipelines for speech emotion recognition.
//!
//! A manifest names stages; the engine works out which results are missing and makes only those. This crate holds the
//! command line, and what reads and hands on finished runs. What it rests on are crates of their own, in `crates/`, none
//! of which can name what its `Cargo.toml` does not:
//!
//! | crate | holds | rests on |
//! |---|---|---|
//! | [`pipe_foundation`] | the layer to the system, digests, whole files, functions with fixed bits, matrix products, threads, features, progress | |
//! | [`pipe_engine`] | manifests, keys, plans, the cache, runs and their history | `pipe_foundation` |
//! | [`pipe_cluster`] | work handed to a cluster, followed there, handed in again | `pipe_foundation` |
//! | [`pipe_speech`] | audio files, the front end of speech, corpora | `pipe_foundation` |
//! | [`pipe_nn`] | networks, their model files, CUDA devices, the training loop | `pipe_foundation` |
//! | `pipe_inference` | models of others in ONNX, and what executes them | `pipe_foundation` |
//! | [`pipe_remote`] | object stores behind the cache | `pipe_engine` |
//! | [`pipe_report`] | metrics, statistics, tables, pages | `pipe_foundation` |
//! | [`pipe_stages`] | items, stage kinds, checks of plans, models on recordings, exports, model cards | all of these |
//!
//! # Modules
//!
//! A module imports only from those above it.
//!
//! | module | what |
//! |---|---|
//! | [`version`] | which build of the program this is |
//! | [`explain`] | what the codes of errors mean |
//! | [`project_root`] | the folder that a project's cache and results are in |
//! | [`inspect`] | earlier runs by name, and what differs between them |
//! | [`track`] | trainings as TensorBoard shows them |
//! | [`doctor`] | checks of the machine, the folder and the cache |
//! | [`configuration`] | what the user has configured for every project |
//! | [`cluster`] | a plan as work for a cluster, and the runs that were handed to one |
//! | [`trust`] | projects whose manifests may start programs and name files elsewhere |
//! | [`lock`] | what a run depended on and gave, as a file |
//! | [`bundle`] | a run as one file, for others |
//! | [`remote`] | the object store behind the cache, and who vouches for what is there |
//! | [`cli`] | the command line |
//!
//! [`pipe_engine`] says how a manifest becomes results.

pub mod version;
pub mod explain;
pub mod project_root;

pub mod inspect;
pub mod track;
pub mod doctor;
pub mod configuration;
pub mod cluster;
pub mod trust;
pub mod lock;
pub mod bundle;
pub mod remote;
pub mod cli;
