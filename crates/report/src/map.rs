//! t-SNE maps of embeddings, as points with what is known of each.

use serde::{Deserialize, Serialize};

use crate::ModelIdentity;

/// One model's map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingMap {
    /// Which model it is.
    pub model: ModelIdentity,
    /// Perplexity of the map.
    pub perplexity: f64,
    /// Its points.
    pub points: Vec<MapPoint>,
}

/// One utterance on a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapPoint {
    /// Place on the first axis; axes have no unit.
    pub x: f32,
    /// Place on the second axis.
    pub y: f32,
    /// Id of the utterance.
    pub utterance: String,
    /// Its corpus.
    pub corpus: String,
    /// Its speaker.
    pub speaker: String,
    /// The speaker's gender, where it is known.
    pub gender: Option<String>,
    /// Its language.
    pub language: String,
    /// Its emotion class.
    pub emotion: String,
    /// Its split.
    pub split: String,
}
