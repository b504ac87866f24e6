//! `pipe`: declarative, content-cached pipelines for speech emotion recognition.
//!
//! A manifest names stages; the engine works out which results are missing and makes only those. This crate holds the
//! stages and the command line. What they rest on are crates of their own, in `crates/`, none of which can name what
//! its `Cargo.toml` does not:
//!
//! | crate | holds | rests on |
//! |---|---|---|
//! | [`pipe_foundation`] | the layer to the system, digests, whole files, functions with fixed bits, matrix products, threads, features, progress | |
//! | [`pipe_engine`] | manifests, keys, plans, the cache, runs and their history | `pipe_foundation` |
//! | [`pipe_speech`] | audio files, the front end of speech, corpora | `pipe_foundation` |
//! | [`pipe_nn`] | networks, their model files, CUDA devices, the training loop | `pipe_foundation` |
//! | [`pipe_inference`] | models of others in ONNX, and what executes them | `pipe_foundation` |
//! | [`pipe_report`] | metrics, statistics, tables, pages | `pipe_foundation` |
//!
//! # Modules
//!
//! A module imports only from those above it.
//!
//! | module | what |
//! |---|---|
//! | [`version`] | which build of the program this is |
//! | [`shell_words`] | words as a shell reads them |
//! | [`byte_size`] | sizes of memory as people write them |
//! | `audio_files` | the audio files below a folder |
//! | `visible_devices` | CUDA devices that programs can see |
//! | [`protobuf`] | Protocol Buffers messages, written |
//! | [`predict`] | a model on recordings: its features, windows, probabilities |
//! | [`onnx`] | a model as an ONNX graph |
//! | [`card`] | the model card |
//! | [`items`] | what the items of speech pipelines are: utterances, audio, features |
//! | `audit` | what makes a result on recordings meaningless |
//! | [`stage`] | the stage kinds, and what is in their keys |
//! | [`present`] | leaving out missing corpora |
//! | [`kept_columns`] | whether the columns that heads and probes name are there |
//! | `feature_widths` | whether the layers of trainings fit the features that they get |
//! | `embed_inputs` | whether models in ONNX can take what they are given |
//! | `classes_needed` | whether trainings that predict classes get some |
//! | `report_references` | whether what reports compare with is among what they report |
//! | `comparisons` | which evaluations bring together what several steps list |
//! | `tested_models` | evaluations learn what their model predicts |
//! | `audits_first` | trainings wait for the audits of their data |
//! | [`domain`] | speech as a domain of the engine |
//! | [`inspect`] | earlier runs by name, and what differs between them |
//! | [`track`] | trainings as TensorBoard shows them |
//! | [`doctor`] | checks of the machine, the folder and the cache |
//! | [`trust`] | projects whose manifests may start programs and name files elsewhere |
//! | [`lock`] | what a run depended on and gave, as a file |
//! | [`bundle`] | a run as one file, for others |
//! | [`cli`] | the command line |
//!
//! [`pipe_engine`] says how a manifest becomes results.

mod audio_files;
pub mod byte_size;
mod visible_devices;
pub mod shell_words;
pub mod version;
pub mod protobuf;

pub mod predict;
pub mod onnx;
pub mod card;

pub mod items;
mod audit;
pub mod stage;
pub mod present;
pub mod kept_columns;
mod embed_inputs;
mod feature_widths;
mod classes_needed;
mod report_references;
mod comparisons;
mod tested_models;
mod audits_first;
pub mod domain;
pub mod inspect;
pub mod track;
pub mod doctor;
pub mod trust;
pub mod lock;
pub mod bundle;
pub mod cli;
