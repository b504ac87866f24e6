//! What the registry knows of an optimiser, and what its keys become.

use std::fmt::Debug;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use pipe_foundation::keys::Key;

use super::block::Block;

/// Makes the rule of an optimiser of its keys.
pub type Reader = fn(Map<String, Value>) -> Result<Arc<dyn Rule>, serde_json::Error>;

/// A kind of optimiser.
#[derive(Clone, Copy, Debug)]
pub struct OptimiserKind {
    /// Its name in manifests.
    pub name: &'static str,
    /// What `pipe schema` says behind the name, with a full stop.
    pub doc: &'static str,
    /// Its keys among those of `train`. A key that several optimisers have is the same in all. Every default is in the key
    /// of every training and in its model file, whatever its optimiser: what is added later is optional instead.
    pub keys: &'static [Key],
    /// Whether it remembers a second number of each value; the first is always there.
    pub has_second_moment: bool,
    /// The name of its CUDA kernel in `optimiser.cu`; without it, CUDA devices refuse it.
    pub kernel: Option<&'static str>,
    /// Makes its rule of its keys.
    pub read: Reader,
}

/// How far step number `count` goes.
#[derive(Clone, Copy, Debug)]
pub struct StepSize {
    /// Learning rate.
    pub learning_rate: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Number of the step, from 1.
    pub count: u64,
}

/// What is worked out once for a step of all values; the processor and the CUDA kernel read the same.
pub type Numbers = [f32; 8];

/// How an optimiser moves values, one by one, by IEEE basic operations alone.
pub trait Rule: Debug + Send + Sync {
    /// The numbers of a step, worked out in double precision first as PyTorch does.
    fn numbers(&self, size: StepSize) -> Numbers;

    /// Moves values by these numbers; the gradient is scaled first.
    fn update(&self, numbers: &Numbers, block: &mut Block<'_>, scale: f32);
}

/// Reads the keys of an optimiser; no others are allowed than the type has.
pub(super) fn read<R: Rule + DeserializeOwned + 'static>(
    keys: Map<String, Value>,
) -> Result<Arc<dyn Rule>, serde_json::Error> {
    Ok(Arc::new(R::deserialize(Value::Object(keys))?))
}
