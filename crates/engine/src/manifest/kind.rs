//! What a manifest must know of a stage kind to check the tables that name it.

use serde_json::{Map, Value as Json};

use crate::artifact::ArtifactKind;

use super::diagnostic::Diagnostic;
use super::parameter::{Parameter, Shape};

/// A stage kind, as far as manifests are concerned.
#[derive(Debug)]
pub struct Kind {
    /// The value of `kind` in a manifest.
    pub name: &'static str,
    /// Enters every key: raise it when the same input and parameters give another result.
    pub version: u32,
    /// One sentence for `pipe schema`.
    pub doc: &'static str,
    /// Its parameters besides `kind`.
    pub parameters: &'static [Parameter],
    /// Whether it takes all matrix variants of its inputs instead of being repeated for each.
    pub gathers: Gathers,
    /// What it makes, which may depend on its parameters.
    pub output: fn(&Map<String, Json>) -> ArtifactKind,
    /// Checks beyond single values; each finding is a [`Diagnostic::of_value`].
    pub validate: fn(&Map<String, Json>) -> Vec<Diagnostic>,
}

impl Kind {
    /// A kind in its first version that makes files and has no checks beyond those of its parameters.
    pub const fn new(
        name: &'static str,
        doc: &'static str,
        parameters: &'static [Parameter],
    ) -> Self {
        Self {
            name,
            version: 1,
            doc,
            parameters,
            gathers: Gathers::Never,
            output: |_| ArtifactKind::FILES,
            validate: |_| Vec::new(),
        }
    }

    /// Whether it takes no inputs, or can take something else than one of `artifacts`.
    pub(super) fn makes_of_others(&self, artifacts: &[ArtifactKind]) -> bool {
        let inputs: Vec<ArtifactKind> = self
            .parameters
            .iter()
            .flat_map(|p| inputs(&p.shape))
            .collect();
        inputs.is_empty() || inputs.iter().any(|kind| !artifacts.contains(kind))
    }
}

/// What the inputs in a shape may be.
fn inputs(shape: &Shape) -> Vec<ArtifactKind> {
    match shape {
        Shape::Input(kinds) => kinds.to_vec(),
        Shape::List(item) | Shape::OneOrMany(item) | Shape::Map(item) => inputs(item),
        Shape::Either(shapes) => shapes.iter().flat_map(inputs).collect(),
        _ => Vec::new(),
    }
}

/// Whether a step takes all matrix variants of its inputs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathers {
    /// It is repeated for each.
    Never,
    /// It takes all.
    Always,
    /// It takes all unless this parameter is given.
    Without(&'static str),
}
