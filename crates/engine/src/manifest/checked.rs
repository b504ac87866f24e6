//! A manifest that was read and checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::source::{Place, Source};

use super::declaration::Declaration;

/// Files of the domain that a manifest names, by key, each with the place.
pub type Files = BTreeMap<&'static str, (PathBuf, Place)>;

/// A manifest, checked as far as it can be without looking at data.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// What it gives itself as `name`, or its path inside the project: see [`super::name_by_path`].
    pub name: String,
    /// The manifest's file.
    pub path: PathBuf,
    /// The files that it was read from: its own, then those that it includes.
    pub sources: Vec<Source>,
    /// Files of the domain that it names, by key, each with the place.
    pub files: Files,
    /// The steps, inputs before what takes them.
    pub steps: Vec<Declaration>,
}
