//! What pipelines for speech emotion recognition are made of: items, stage kinds, checks of whole plans, and models on
//! recordings.
//!
//! # Modules
//!
//! A module imports only from those above it.
//!
//! | module | what |
//! |---|---|
//! | [`shell_words`] | words as a shell reads them |
//! | [`byte_size`] | sizes of memory as people write them |
//! | [`audio_files`] | the audio files below a folder |
//! | [`visible_devices`] | CUDA devices that programs can see |
//! | [`protobuf`] | Protocol Buffers messages, written |
//! | [`predict`] | a model on recordings: its features, windows, probabilities |
//! | [`onnx`] | a model as an ONNX graph |
//! | [`card`] | the model card |
//! | [`items`] | what the items of speech pipelines are: utterances, audio, features |
//! | [`audit`] | what makes a result on recordings meaningless |
//! | [`stage`] | the stage kinds, and what is in their keys |
//! | [`present`] | leaving out missing corpora |
//! | [`kept_columns`] | whether the columns that heads and probes name are there |
//! | `feature_widths` | whether the layers of trainings fit the features that they get |
//! | `embed_inputs` | whether models in ONNX can take what they are given |
//! | `classes_needed` | whether trainings that predict classes get some |
//! | `report_references` | whether what reports compare with is among what they report |
//! | [`comparisons`] | which evaluations bring together what several steps list |
//! | `tested_models` | evaluations learn what their model predicts |
//! | `audits_first` | trainings wait for the audits of their data |
//! | [`domain`] | speech as a domain of the engine |

pub mod audio_files;
pub mod byte_size;
pub mod visible_devices;
pub mod shell_words;
pub mod protobuf;

pub mod predict;
pub mod onnx;
pub mod card;
pub mod items;
pub mod audit;
pub mod stage;
pub mod present;
pub mod kept_columns;
mod embed_inputs;
mod feature_widths;
mod classes_needed;
mod report_references;
pub mod comparisons;
mod tested_models;
mod audits_first;
pub mod domain;
