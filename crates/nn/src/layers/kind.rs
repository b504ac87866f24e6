//! What the registry knows of a kind of layer, and what its keys become.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use pipe_foundation::keys::Key;

use super::sized::SizedLayer;

/// Largest size that any layer may have; keeps sizes from a hostile file far from overflow.
pub const LARGEST: usize = 1 << 16;

/// Makes the options of a layer of its keys.
pub type Reader = fn(Map<String, Value>) -> Result<Arc<dyn Options>, serde_json::Error>;

/// A kind of layer.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name in manifests and model files.
    pub name: &'static str,
    /// One sentence for `pipe schema`.
    pub doc: &'static str,
    /// Its keys besides `layer`.
    pub keys: &'static [Key],
    /// Where in the encoder it may stand.
    pub place: Place,
    /// Makes its options of its keys.
    pub read: Reader,
    /// Source of its CUDA kernels; empty where CUDA devices do not have it.
    pub kernels: &'static str,
    /// The layers of an encoder with it, as JSON: what tests of whole encoders run.
    pub example: &'static str,
}

/// Where layers of a kind may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the pooling over time, as it needs an order of frames.
    Frames,
    /// It is the pooling over time: one vector of all frames.
    Pooling,
    /// Anywhere: it sees one frame, or one vector, at a time.
    Anywhere,
}

/// What a layer finds before it.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    /// Values of a frame.
    pub width: usize,
    /// Where a frame holds states of a recurrent layer: the units of the forward direction, which come first.
    pub states: Option<usize>,
}

/// The keys of one layer, read.
pub trait Options: Debug + Send + Sync + Any {
    /// The layers that compute it, with their sizes: several where it is a stack of equal ones.
    ///
    /// # Errors
    /// What does not fit, as a lower-case fragment.
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String>;

    /// The layer in a line of the model card.
    fn description(&self) -> String;

    /// The keys and their values as they were read, in the order of the type's fields.
    fn values(&self) -> Map<String, Value>;
}

/// Reads the keys of a layer; no others are allowed than the type has.
pub fn read<O: Options + DeserializeOwned>(
    keys: Map<String, Value>,
) -> Result<Arc<dyn Options>, serde_json::Error> {
    Ok(Arc::new(O::deserialize(Value::Object(keys))?))
}

/// [`Options::values`] of a type whose fields are its keys.
pub fn values(options: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(options) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// `size`, where it is one that a layer may have.
///
/// # Errors
/// What it is and what was expected.
pub fn sized(what: &str, size: usize) -> Result<usize, String> {
    if size == 0 || size > LARGEST {
        Err(format!("{what} is {size}; expected 1 to {LARGEST}"))
    } else {
        Ok(size)
    }
}
