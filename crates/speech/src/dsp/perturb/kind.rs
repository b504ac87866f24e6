//! What the registry knows of a kind of perturbation, and what its keys become.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use pipe_foundation::keys::Key;
use serde_json::{Map, Value};

use super::error::PerturbError;
use super::making::Making;

/// Recordings of each folder, by the key that names it.
pub type Recordings = BTreeMap<&'static str, Vec<PathBuf>>;

/// Makes a perturbation of its keys and the recordings of its folders; none where they ask for nothing.
pub type Reader =
    fn(Map<String, Value>, &Recordings) -> Result<Option<Arc<dyn Perturbation>>, serde_json::Error>;

/// A kind of perturbation.
#[derive(Clone, Copy, Debug)]
pub struct PerturbationKind {
    /// Its name in `pipe schema`.
    pub name: &'static str,
    /// What `pipe schema` says behind the name, with a full stop.
    pub doc: &'static str,
    /// Where it acts, which decides when it is applied.
    pub place: Place,
    /// Its keys among those of `augment`. A default is in the key of every copy, whether it is perturbed like this or not:
    /// what is added later is optional instead.
    pub keys: &'static [Key],
    /// Keys that have no effect without another one.
    pub needs: &'static [Need],
    /// Makes it of its keys.
    pub read: Reader,
}

/// A key that has no effect without another one.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The key.
    pub key: &'static str,
    /// The other one.
    pub other: &'static str,
    /// A value of the other one, as a manifest writes it.
    pub example: &'static str,
}

/// Where a perturbation acts on the way of the sound, in this order; those of one place are applied in the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// How somebody speaks.
    Speaker,
    /// The room.
    Room,
    /// What else is heard.
    Surroundings,
    /// What takes the sound up.
    Recorder,
    /// What carries it.
    Line,
    /// How loud it is in the end.
    Level,
}

/// What is done to copies. What it draws depends on the copy alone, from a stream of its own ([`Making::stream`]), so that one
/// perturbation does not change what another draws.
pub trait Perturbation: Debug + Send + Sync {
    /// The samples of a copy after it.
    ///
    /// # Errors
    /// A rate that cannot be resampled, a recording that cannot be used, or soon after the copy's progress says to stop.
    fn apply(&self, samples: Vec<f32>, making: &Making<'_>) -> Result<Vec<f32>, PerturbError>;

    /// How many times as long a copy may become.
    fn longest(&self) -> f64 {
        1.0
    }

    /// How many times the samples it holds beside those that it is given.
    fn held(&self) -> f64 {
        0.0
    }
}
