//! What the registry knows of a schedule, and what its keys become.

use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use pipe_foundation::keys::Key;

/// Makes a schedule of its keys.
pub type Reader = fn(Map<String, Value>) -> Result<Arc<dyn Schedule>, serde_json::Error>;

/// A kind of schedule.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleKind {
    /// Its name in manifests.
    pub name: &'static str,
    /// One sentence for `pipe schema`.
    pub doc: &'static str,
    /// Its keys besides `shape`.
    pub keys: &'static [Key],
    /// Makes it of its keys.
    pub read: Reader,
}

/// What the learning rate is multiplied by in each epoch.
pub trait Schedule: Debug + Send + Sync {
    /// The factor in `epoch` (from 0) of at most `epochs`.
    fn factor(&self, epoch: usize, epochs: usize) -> f64;

    /// Whether the factor also depends on the greatest number of epochs.
    fn is_tied_to_epochs(&self) -> bool {
        false
    }

    /// What is wrong with its keys.
    fn problem(&self) -> Option<&'static str> {
        None
    }

    /// The keys and their values as they were read, in the order of the type's fields.
    fn values(&self) -> Map<String, Value>;
}

/// Reads the keys of a schedule; no others are allowed than the type has.
pub(super) fn read<S: Schedule + DeserializeOwned + 'static>(
    keys: Map<String, Value>,
) -> Result<Arc<dyn Schedule>, serde_json::Error> {
    Ok(Arc::new(S::deserialize(Value::Object(keys))?))
}

/// [`Schedule::values`] of a type whose fields are its keys.
pub(super) fn values(schedule: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(schedule) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}
