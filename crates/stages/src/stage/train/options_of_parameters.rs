//! The parameters of a `train` stage as options of the training.

use pipe_nn::train::TrainOptions;
use serde_json::{Map, Value as Json, json};

use crate::stage::normaliser::NORMALISE;

use super::heads::split_heads;

/// The trainer's options out of the stage's parameters.
pub fn train_options(parameters: &Map<String, Json>) -> Result<TrainOptions, serde_json::Error> {
    let mut own = parameters.clone();
    for other in ["input", "threads", "leaks", NORMALISE] {
        own.remove(other);
    }
    split_heads(&mut own);
    if let Some(number) = own.get("alpha").and_then(Json::as_f64) {
        own.insert("alpha".into(), json!({ "start": number, "end": number }));
    }
    serde_json::from_value(Json::Object(own))
}
