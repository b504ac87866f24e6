//! The engine: a manifest in TOML becomes a graph of steps, and only what is missing of it is computed.
//!
//! It knows nothing of what flows through it. A domain, such as speech, brings
//!
//! - its stage kinds ([`manifest::Kind`]) and how a stage is built from its declaration ([`plan::Domain`]),
//! - the kinds of artifacts and the data of items ([`artifact::ArtifactKind`], [`artifact::ItemData`]),
//! - what is known of an item ([`artifact::ItemFacts`]) and what makes a listing unusable ([`stage::SourceStage::list`]),
//! - the device that stages compute on ([`stage::Device`]).
//!
//! `examples/words.rs` is a whole domain in one file.
//!
//! # Map of the code
//!
//! A module imports only from those above it. The cache and runs reach the system through [`pipe_foundation::system`]
//! alone; `tests/simulation` puts another one in its place.
//!
//! | module | what |
//! |---|---|
//! | [`source`], [`termination`], [`file_name`], [`program`] | texts that diagnostics point into; the signals that ask a process to end; names of files made from ids; the version that records get |
//! | [`artifact`] | items and files that steps make, and the fingerprint of their keys |
//! | [`manifest`] | TOML to checked declarations, with every error at its place |
//! | [`cache`] | what is stored, and how it is found; the map of its folder |
//! | [`stage`] | the three contracts of stages, and what is in a key |
//! | [`plan`] | steps, groups of item-wise steps, explanations |
//! | [`exec`] | the run: listing, looking up, computing, publishing |
//!
//! # From a manifest to results
//!
//! 1. [`manifest::Manifest::read`] parses, includes, overrides, substitutes, expands the matrix and checks.
//! 2. [`plan::Plan`] builds a stage for each step and groups item-wise steps that are computed together.
//! 3. [`exec::run`] lists the sources, computes keys ([`artifact::FingerprintInputs`]) and looks up the status of every step.
//! 4. A group that misses takes each item through all its steps at once; an aggregate step runs in a scratch folder.
//!    Results are published by [`cache::Cache::publish`], the only way to count as done.
//! 5. Files for people appear under `runs/`.

pub mod source;
pub mod termination;
pub mod file_name;
pub mod program;

pub mod artifact;
pub mod manifest;
pub mod cache;
pub mod stage;
pub mod plan;
pub mod exec;
