//! Models with drawn weights, for whatever computes their features.

use pipe_nn::model::{
    EncoderShape, HeadLabels, Initialisation, InputNormalisation, Model, ModelConfig, Network,
    NumericTarget,
};
use serde_json::{Value as Json, json};

/// A model with drawn weights, made livelier so that recordings differ in their probabilities. `stages` compute its features,
/// `bins` a frame.
pub fn drawn(
    layers: &str,
    bins: usize,
    stages: Json,
    normalisation: Option<InputNormalisation>,
) -> Model {
    let encoder: Vec<_> = serde_json::from_str(layers).unwrap();
    let shape = EncoderShape::new(&encoder, bins).unwrap();
    let head = json!({ "head": { "attribute": "gender", "mode": "shared" }, "labels": ["female", "male"] });
    let head: HeadLabels = serde_json::from_value(head).unwrap();
    let heads = [(head.head.clone(), 2)];
    let (targets, how) = (["arousal".to_owned()], Initialisation::Pytorch);
    let mut network = Network::of_tasks(shape, 3, &targets, &heads, how, 7).unwrap();
    let mut arrays = network.to_arrays();
    for array in &mut arrays {
        let gain = match array.name.as_str() {
            // Biases alone would decide the class.
            "emotion.bias" | "linear.0.bias" | "linear.1.bias" => 0.0,
            "emotion.weight" => 6.0,
            name if name.starts_with("linear") => 2.5,
            // Attention is lively as it is; with more, the rounding of the front end would show.
            name if name.starts_with("transformer") => 1.0,
            _ => 1.6,
        };
        array.values.iter_mut().for_each(|value| *value *= gain);
    }
    network.set_arrays(&arrays).unwrap();
    let config = ModelConfig {
        format: ModelConfig::FORMAT,
        bins,
        encoder,
        classes: ["positive", "neutral", "negative"].map(String::from).into(),
        targets: vec![NumericTarget {
            name: "arousal".into(),
            mean: 3.0,
            deviation: 0.7,
        }],
        heads: vec![head],
        feature_options: stages,
        normalisation,
        provenance: json!({}),
        best_epoch: 0,
    };
    Model::new(config, network)
}
