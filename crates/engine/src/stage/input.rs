//! What an aggregate stage takes from the steps before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::Digest;
use serde_json::Value as Json;

use crate::artifact::{Blob, ItemFacts};
use crate::manifest::{Declaration, step_id};

use super::SourceListing;

/// One item with its data.
#[derive(Clone, Debug)]
pub struct LoadedItem {
    /// What is known of it.
    pub facts: Arc<dyn ItemFacts>,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its bytes.
    pub blob: Blob,
}

/// What an aggregate stage takes from one step.
#[derive(Clone, Debug)]
pub struct StepInput {
    /// The parameter that names it, such as `input.0`.
    pub parameter: String,
    /// The step's id.
    pub step: String,
    /// The stage's name and matrix values.
    pub label: InputLabel,
    /// Kinds and effective parameters of the item-wise stages after the source that made it, first to last. A stage
    /// that writes or compares some of it says so in [`AggregateStage::external_inputs`](super::AggregateStage::external_inputs).
    pub lineage: Json,
    /// What it made.
    pub content: InputContent,
}

/// What a key may depend on of an input, other than its content.
#[derive(Clone, Debug)]
pub struct InputOrigin {
    /// The parameter that names it, such as `input.0`.
    pub parameter: String,
    /// The stage's name and matrix values.
    pub label: InputLabel,
    /// Kinds and parameters of the item-wise stages that made it, first to last.
    pub lineage: Json,
    /// True when it could not be made, which the step allows.
    pub missing: bool,
}

/// Name and matrix values of a step, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLabel {
    /// Name of the stage.
    pub stage: String,
    /// Axis and label of each matrix value.
    pub variant: Vec<(String, String)>,
    /// Those of these axes whose values are the folds of a stage.
    pub fold_axes: Vec<String>,
}

impl InputLabel {
    /// That of a step.
    pub fn of(declaration: &Declaration) -> Self {
        Self {
            stage: declaration.stage.clone(),
            variant: declaration.variant.clone(),
            fold_axes: declaration.fold_axes.clone(),
        }
    }

    /// The step's id: the stage, and its matrix values where it has some.
    pub fn step_id(&self) -> String {
        step_id(&self.stage, &self.variant)
    }
}

/// The result of a step.
#[derive(Clone, Debug)]
pub enum InputContent {
    /// Items.
    Items(Arc<Vec<LoadedItem>>),
    /// Files, by name.
    Files(BTreeMap<String, PathBuf>),
    /// What a source lists, for a stage that [takes listings](super::AggregateStage::takes_listings).
    Listing(Arc<SourceListing>),
}

impl StepInput {
    /// The items, empty when the step made files, or is only listed.
    pub fn items(&self) -> &[LoadedItem] {
        match &self.content {
            InputContent::Items(items) => items,
            InputContent::Files(_) | InputContent::Listing(_) => &[],
        }
    }

    /// What the source lists, where the stage takes that.
    pub fn listing(&self) -> Option<&SourceListing> {
        match &self.content {
            InputContent::Listing(listing) => Some(listing),
            InputContent::Items(_) | InputContent::Files(_) => None,
        }
    }

    /// The file called `name`.
    pub fn file(&self, name: &str) -> Option<&Path> {
        match &self.content {
            InputContent::Files(files) => files.get(name).map(PathBuf::as_path),
            InputContent::Items(_) | InputContent::Listing(_) => None,
        }
    }
}

/// Whether an input, such as `input.0`, belongs to a parameter, alone or in its list.
pub fn stands_under(input: &str, parameter: &str) -> bool {
    let rest = input.strip_prefix(parameter);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
