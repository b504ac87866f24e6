//! Trainings give the bits that they have always given: the digests of some, with every kind of layer among them.
//!
//! A digest that changes means that keys of cached trainings name other numbers than before: raise the version of `train`.

use pipe_foundation::Features;
use pipe_foundation::test_support::noise;

use crate::model::spec::Attribute;
use crate::model::{EncoderShape, Initialisation, Predictor};

use super::*;

/// Layers, whether Adam trains them, and the digest of the trained state, its losses and its predictions.
const TRAININGS: [(&str, bool, &str); 5] = [
    (
        r#"[{"layer":"conv","channels":8,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
        {"layer":"conv","channels":6,"width":3,"padding":1,"pool_width":2},
        {"layer":"lstm","units":6,"bidirectional":true},{"layer":"time_pool","how":"last_states"}]"#,
        false,
        "ad5d71aa7b99d458",
    ),
    (
        r#"[{"layer":"conv","channels":7,"width":4,"padding":1},
        {"layer":"lstm","units":5,"bidirectional":true,"layers":2},{"layer":"time_pool","how":"mean"},
        {"layer":"linear","units":13},{"layer":"linear","units":7}]"#,
        true,
        "529a22c3af045143",
    ),
    (
        r#"[{"layer":"lstm","units":6},{"layer":"time_pool","how":"last_states"},{"layer":"linear","units":9}]"#,
        false,
        "fdb4e75833de854d",
    ),
    (
        r#"[{"layer":"conv","channels":9,"width":5,"pool_width":2,"pool_stride":3},{"layer":"time_pool","how":"mean"}]"#,
        true,
        "0bcce8a36584c51e",
    ),
    (
        r#"[{"layer":"time_pool","how":"mean"},{"layer":"linear","units":300}]"#,
        false,
        "02fc11abdd3f7b58",
    ),
];

/// The digest of three steps of two heads, and of what the network then says.
fn digest(layers: &str, adam: bool) -> String {
    let layers: Vec<crate::model::spec::Layer> = serde_json::from_str(layers).unwrap();
    let mut hasher = blake3::Hasher::new();
    hasher.update(serde_json::to_string(&layers).unwrap().as_bytes());
    let shape = EncoderShape::new(&layers, 6).unwrap();
    let heads = [
        (Attribute::Corpus, HeadMode::Shared),
        (Attribute::Gender, HeadMode::GradReverse),
    ];
    let heads = heads.map(|(attribute, mode)| (HeadSpec::new(attribute, mode), 2));
    let network = Network::new(shape, 3, &heads, Initialisation::He, 5).unwrap();
    let features: Vec<Features> = (0..37)
        .map(|at| {
            let frames = 1 + at * 13 % 61;
            Features {
                frames,
                bins: 6,
                values: noise(frames * 6, at as u32),
            }
        })
        .collect();
    let views: Vec<_> = features.iter().map(Features::view).collect();
    let targets = Targets {
        emotion: (0..37).map(|at| Some(at % 3)).collect(),
        attributes: vec![
            (0..37).map(|at| Some(at % 2)).collect(),
            (0..37).map(|at| (at % 5 > 0).then_some(at % 2)).collect(),
        ],
        ..Targets::default()
    };
    let name = if adam { "adam" } else { "sgd" };
    let update = Update {
        optimiser: serde_json::from_value(serde_json::json!({ "optimiser": name })).unwrap(),
        learning_rate: 0.05,
        weight_decay: 1e-3,
    };
    let mut trainable = Trainable::new(network, Arc::new(Workers::new(2).unwrap())).unwrap();
    for step in 0..3 {
        let batch = TrainingBatch {
            features: &views,
            targets: &targets,
            tasks: &[TaskSpec::classes()],
            alpha: 0.3,
            reversal: Reversal::Paper,
            dropout: 0.25,
            dropout_seed: step,
            class_weights: None,
            gradient_clip_norm: 0.4,
        };
        let losses = trainable.step(&batch, &update).unwrap();
        hasher.update(&losses.gradient_norm.to_le_bytes());
        let all = losses
            .attributes
            .iter()
            .chain([&losses.total, &losses.emotion]);
        all.for_each(|loss| {
            hasher.update(&loss.to_le_bytes());
        });
    }
    for array in trainable.state().to_arrays() {
        hasher.update(array.name.as_bytes());
        hasher.update(bytemuck::cast_slice(&array.values));
    }
    let network = trainable.network();
    let outputs = Predictor::new(network, 2).unwrap().predict(&views).unwrap();
    for output in outputs {
        hasher.update(bytemuck::cast_slice(&output.probabilities));
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

#[test]
fn trainings_give_the_bits_that_they_have_always_given() {
    let found: Vec<String> = (TRAININGS.iter())
        .map(|&(layers, adam, _)| digest(layers, adam))
        .collect();
    assert_eq!(found, TRAININGS.map(|(.., expected)| expected));
}
