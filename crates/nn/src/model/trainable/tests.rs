//! Steps of the network against PyTorch's numbers, and the reversal from first principles.

use std::sync::LazyLock;

use pipe_foundation::Features;
use pipe_foundation::test_support::noise;
use serde_json::Value;

use crate::model::network::count_parameters;
use crate::model::spec::{Attribute, Layer, default_encoder};
use crate::model::{Array, EncoderPass, EncoderShape, Initialisation, Optimiser};

use super::*;

const SMALL: &str = r#"[
    {"layer":"conv","channels":8,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
    {"layer":"conv","channels":8,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
    {"layer":"lstm","units":6,"bidirectional":true},
    {"layer":"time_pool","how":"last_states"}]"#;

fn golden(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/model/");
    let text = std::fs::read_to_string(format!("{folder}{name}")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap();
    values.iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Every value within 1e-4 of the larger of itself and the root mean square of its array.
#[track_caller]
fn agree(what: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let square = expected.iter().map(|e| e * e).sum::<f64>() / expected.len() as f64;
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        let bound = 1e-4 * e.abs().max(square.sqrt()) + 1e-9;
        let difference = (f64::from(*f) - e).abs();
        assert!(
            difference <= bound,
            "{what}[{at}]: {f} where {e} was expected"
        );
    }
}

/// First values, norm and projection on noise, as `summary` of the script.
#[track_caller]
fn agree_in_summary(what: &str, found: &[f32], expected: &Value) {
    let norm = expected["norm"].as_f64().unwrap();
    let size = norm / (found.len() as f64).sqrt();
    for (f, e) in found.iter().zip(numbers(&expected["first"])) {
        let bound = 1e-4 * e.abs().max(size);
        assert!(
            (f64::from(*f) - e).abs() <= bound,
            "{what}: {f} where {e} was expected"
        );
    }
    let base = noise(997, 7);
    let mut square = 0.0;
    let mut projection = 0.0;
    for (f, b) in found.iter().zip(base.iter().cycle()) {
        square += f64::from(*f).powi(2);
        projection += f64::from(*f) * f64::from(*b);
    }
    assert!(
        (square.sqrt() / norm - 1.0).abs() < 1e-4,
        "{what}: norm {}",
        square.sqrt()
    );
    let off = (projection - expected["projection"].as_f64().unwrap()).abs();
    assert!(off <= 1e-4 * norm, "{what}: projection is off by {off}");
}

/// A network with the script's first values.
fn filled(layers: &[Layer], bins: usize, heads: &[(HeadSpec, usize)]) -> Network {
    let shape = EncoderShape::new(layers, bins).unwrap();
    let mut network = Network::new(shape, 3, heads, Initialisation::He, 0).unwrap();
    let mut arrays = network.to_arrays();
    for (index, array) in arrays.iter_mut().enumerate() {
        let fan_in = array.shape[1..].iter().product::<usize>() as f64;
        let scale = (1.5 / fan_in.sqrt()) as f32;
        let values = noise(array.values.len(), 1000 + index as u32);
        array.values = values.iter().map(|v| v * scale).collect();
    }
    network.set_arrays(&arrays).unwrap();
    network
}

fn utterances(lengths: &[usize], bins: usize) -> Vec<Features> {
    let one = |(at, &frames): (usize, &usize)| Features {
        frames,
        bins,
        values: noise(frames * bins, 50 + at as u32),
    };
    lengths.iter().enumerate().map(one).collect()
}

fn targets(heads: usize) -> Targets {
    let mut attributes = vec![
        vec![Some(0), Some(1), Some(2), Some(1), Some(0)],
        vec![Some(1), Some(0), None, Some(0), Some(1)],
    ];
    attributes.truncate(heads);
    Targets {
        emotion: vec![Some(0), Some(2), Some(1), Some(2), Some(0)],
        attributes,
        ..Targets::default()
    }
}

fn heads(mode: HeadMode) -> Vec<(HeadSpec, usize)> {
    [(Attribute::Corpus, 3), (Attribute::Gender, 2)]
        .map(|(attribute, labels)| (HeadSpec::new(attribute, mode), labels))
        .to_vec()
}

/// The classes by cross-entropy.
static CLASSES: LazyLock<[TaskSpec; 1]> = LazyLock::new(|| [TaskSpec::classes()]);

fn batch<'a>(views: &'a [FeaturesView<'a>], targets: &'a Targets, alpha: f64) -> TrainingBatch<'a> {
    TrainingBatch {
        features: views,
        targets,
        tasks: &*CLASSES,
        alpha,
        reversal: Reversal::Paper,
        dropout: 0.0,
        dropout_seed: 0,
        class_weights: None,
        gradient_clip_norm: 0.0,
    }
}

/// SGD with momentum 0.9.
static SGD: LazyLock<Update> = LazyLock::new(|| Update {
    optimiser: Optimiser::default(),
    learning_rate: 0.05,
    weight_decay: 0.0,
});

fn small_layers() -> Vec<Layer> {
    serde_json::from_str(SMALL).unwrap()
}

fn check_case(name: &str, case: &Value) {
    let mode: HeadMode = serde_json::from_value(case["mode"].clone()).unwrap();
    let count = case["attributes"].as_array().unwrap().len();
    let heads = &heads(mode)[..count];
    let network = filled(&small_layers(), 6, heads);
    let workers = Arc::new(Workers::new(2).unwrap());
    let features = utterances(&[31, 9, 18, 40, 3], 6);
    let views: Vec<_> = features.iter().map(Features::view).collect();
    let targets = targets(count);
    let mut batch = batch(&views, &targets, case["alpha"].as_f64().unwrap());
    let class_weights: Option<Vec<f32>> =
        serde_json::from_value(case["class_weights"].clone()).unwrap();
    batch.class_weights = class_weights.as_deref();

    let mut pass = EncoderPass::default();
    network.pack(&mut pass, &workers);
    let embeddings = network.embed(&views, &mut pass, &workers).unwrap();
    let probabilities = network.classify(&embeddings).concat();
    agree(name, &probabilities, &numbers(&case["probabilities"]));

    let mut once = Trainable::new(network.clone(), Arc::clone(&workers)).unwrap();
    let (_, gradients) = once.gradients(&batch, &SGD).unwrap();
    assert_eq!(
        gradients.len(),
        case["gradients"].as_object().unwrap().len()
    );
    for array in &gradients {
        let expected = numbers(&case["gradients"][&array.name]);
        agree(
            &format!("{name}: gradient of {}", array.name),
            &array.values,
            &expected,
        );
    }

    let mut trainable = Trainable::new(network, workers).unwrap();
    for expected in case["steps"].as_array().unwrap() {
        let losses = trainable.step(&batch, &SGD).unwrap();
        let close = |found: f32, expected: &Value| {
            let expected = expected.as_f64().unwrap();
            let bound = 1e-4 * (1e-2 + expected.abs());
            assert!(
                (f64::from(found) - expected).abs() <= bound,
                "{name}: {found} {expected}"
            );
        };
        close(losses.total, &expected["total"]);
        close(losses.emotion, &expected["emotion"]);
        for (found, expected) in losses
            .attributes
            .iter()
            .zip(expected["attributes"].as_array().unwrap())
        {
            close(*found, expected);
        }
    }
    let mut compared = 0;
    for array in trainable.network().to_arrays() {
        let what = format!("{name}: {} after three steps", array.name);
        if let Some(expected) = case["weights"].get(&array.name) {
            agree(&what, &array.values, &numbers(expected));
            compared += 1;
        }
        if let Some(expected) = case["large"].get(&array.name) {
            agree_in_summary(&what, &array.values, expected);
            compared += 1;
        }
    }
    assert!(
        compared
            >= 14
                + if mode == HeadMode::Discriminator {
                    4
                } else {
                    2 * count
                }
    );
}

#[test]
fn three_steps_of_every_method_agree_with_pytorch() {
    let cases = golden("steps.json");
    let cases = cases.as_object().unwrap();
    assert_eq!(cases.len(), 7);
    for (name, case) in cases {
        check_case(name, case);
    }
}

#[test]
fn the_papers_network_agrees_with_pytorch() {
    let expected = golden("paper.json");
    let network = filled(&default_encoder(), 40, &[]);
    let features = utterances(&[200, 57, 123], 40);
    let views: Vec<_> = features.iter().map(Features::view).collect();
    let targets = Targets {
        emotion: vec![Some(0), Some(1), Some(2)],
        ..Targets::default()
    };
    let workers = Arc::new(Workers::new(2).unwrap());
    let mut trainable = Trainable::new(network, workers).unwrap();
    let (losses, gradients) = trainable
        .gradients(&batch(&views, &targets, 0.0), &SGD)
        .unwrap();
    assert!((f64::from(losses.emotion) / expected["loss"].as_f64().unwrap() - 1.0).abs() < 1e-4);
    assert_eq!(gradients.len(), 16);
    for array in gradients {
        agree_in_summary(
            &array.name,
            &array.values,
            &expected["gradients"][&array.name],
        );
    }
}

#[test]
fn parameter_counts_are_the_papers() {
    for labels in [2, 6, 47] {
        for (mode, expected) in [
            (HeadMode::Shared, 513 * labels),
            (HeadMode::GradReverse, 513 * labels),
            (HeadMode::Discriminator, 1_005_000 + 1_001 * labels),
        ] {
            let shape = EncoderShape::new(&default_encoder(), 40).unwrap();
            let head = HeadSpec::new(Attribute::Speaker, mode);
            let heads = [(head, labels)];
            let network = Network::new(shape, 3, &heads, Initialisation::He, 0).unwrap();
            assert_eq!(network.shared_parameters(), 1_760_000);
            assert_eq!(network.emotion_parameters(), 1_539);
            assert_eq!(network.head_parameters(), [expected]);
            let values: usize = network.to_arrays().iter().map(|a| a.values.len()).sum();
            assert_eq!(values, 1_760_000 + 1_539 + expected);
            assert_eq!(count_parameters(network.shape(), 3, 0, &heads), values);
        }
    }
}

/// Gradients by name for some heads, always from the same first values.
fn gradients(mode: HeadMode, picked: &[usize], alpha: f64, reversal: Reversal) -> Vec<Array> {
    let all = heads(mode);
    let full = filled(&small_layers(), 6, &all);
    let specs: Vec<_> = picked.iter().map(|&at| all[at].clone()).collect();
    let shape = EncoderShape::new(&small_layers(), 6).unwrap();
    let mut network = Network::new(shape, 3, &specs, Initialisation::He, 0).unwrap();
    let wanted: Vec<String> = network.to_arrays().into_iter().map(|a| a.name).collect();
    let arrays: Vec<_> = full
        .to_arrays()
        .into_iter()
        .filter(|a| wanted.contains(&a.name))
        .collect();
    network.set_arrays(&arrays).unwrap();
    let features = utterances(&[31, 9, 18, 40, 3], 6);
    let views: Vec<_> = features.iter().map(Features::view).collect();
    let mut targets = targets(2);
    targets.attributes = picked
        .iter()
        .map(|&at| targets.attributes[at].clone())
        .collect();
    let workers = Arc::new(Workers::new(1).unwrap());
    let mut trainable = Trainable::new(network, workers).unwrap();
    let mut batch = batch(&views, &targets, alpha);
    batch.reversal = reversal;
    trainable.gradients(&batch, &SGD).unwrap().1
}

#[test]
fn reversal_turns_the_shared_gradient_and_leaves_the_heads() {
    let emotion = gradients(HeadMode::Shared, &[], 0.0, Reversal::Paper);
    // With alpha 1 and one head, multi-task learning is that head's gradient alone.
    let single = [0, 1].map(|at| gradients(HeadMode::Shared, &[at], 1.0, Reversal::Paper));
    let find = |arrays: &[Array], name: &str| {
        arrays
            .iter()
            .find(|a| a.name == name)
            .map(|a| a.values.clone())
    };
    for (alpha, reversal) in [
        (0.0, Reversal::Paper),
        (0.25, Reversal::Paper),
        (0.5, Reversal::Paper),
        (0.5, Reversal::Ganin),
    ] {
        let found = gradients(HeadMode::GradReverse, &[0, 1], alpha, reversal);
        let (of_emotion, of_head) = match reversal {
            Reversal::Paper => (1.0 - alpha, alpha / 2.0),
            Reversal::Ganin => (1.0, 1.0),
        };
        for array in &found {
            let sum = |at: usize, index: usize| {
                find(&single[index], &array.name).map_or(0.0, |v| f64::from(v[at]))
            };
            let expected: Vec<f64> = (0..array.values.len())
                .map(|at| {
                    let both = sum(at, 0) + sum(at, 1);
                    if array.name.starts_with("head") {
                        of_head * both
                    } else {
                        let own = find(&emotion, &array.name).map_or(0.0, |v| f64::from(v[at]));
                        of_emotion * own - alpha / 2.0 * both
                    }
                })
                .collect();
            agree(
                &format!("alpha {alpha}, {reversal:?}: {}", array.name),
                &array.values,
                &expected,
            );
        }
    }
}

#[test]
fn clipping_shortens_the_step_to_the_bound() {
    let network = filled(&small_layers(), 6, &[]);
    let features = utterances(&[31, 9, 18, 40, 3], 6);
    let views: Vec<_> = features.iter().map(Features::view).collect();
    let targets = targets(0);
    let workers = Arc::new(Workers::new(1).unwrap());
    let before = network.to_arrays();
    let mut trainable = Trainable::new(network, workers).unwrap();
    let mut batch = batch(&views, &targets, 0.0);
    batch.gradient_clip_norm = 1e-3;
    let losses = trainable.step(&batch, &SGD).unwrap();
    assert!(losses.gradient_norm > 1e-3);
    let after = trainable.network().to_arrays();
    let moved: f64 = before
        .iter()
        .zip(&after)
        .flat_map(|(b, a)| b.values.iter().zip(&a.values))
        .map(|(b, a)| f64::from(a - b).powi(2))
        .sum();
    assert!(
        (moved.sqrt() / (0.05 * 1e-3) - 1.0).abs() < 0.02,
        "{}",
        moved.sqrt()
    );
}
