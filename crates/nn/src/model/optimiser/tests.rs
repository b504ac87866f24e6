//! Every optimiser against PyTorch's numbers (`tests/golden/optimiser/make.py`).

use pipe_foundation::Workers;
use pipe_foundation::test_support::noise;
use serde_json::{Map, Value, json};

use super::block::BLOCK;
use super::*;

const VALUES: usize = 40;

/// An optimiser with the numbers of the script.
fn optimiser(kind: &OptimiserKind) -> Optimiser {
    let numbers = [
        ("momentum", 0.9),
        ("beta1", 0.9),
        ("beta2", 0.98),
        ("epsilon", 1e-6),
        ("smoothing", 0.95),
    ];
    let mut keys = Map::from_iter([("optimiser".to_owned(), json!(kind.name))]);
    for key in kind.keys {
        let number = numbers.iter().find(|(name, _)| *name == key.name);
        keys.insert(key.name.to_owned(), json!(number.unwrap().1));
    }
    Optimiser::try_from(keys).unwrap()
}

#[test]
fn every_optimiser_agrees_with_pytorch_with_weight_decay_and_without() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/optimiser/steps.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Map<String, Value> = serde_json::from_str(&text).unwrap();
    for kind in OPTIMISERS {
        for case in [kind.name.to_owned(), format!("{}_decay", kind.name)] {
            let expected = cases[&case].as_array().unwrap();
            let update = Update {
                optimiser: optimiser(kind),
                learning_rate: 0.01,
                weight_decay: if case.ends_with("_decay") { 0.1 } else { 0.0 },
            };
            let mut values = noise(VALUES, 1);
            let mut moments = Moments::new(VALUES);
            for count in 1..=20 {
                let gradient = noise(VALUES, 100 + count as u32);
                moments.update(&update.step(count), &mut values, &gradient, 1.0);
            }
            assert_eq!(expected.len(), VALUES);
            for (value, expected) in values.iter().zip(expected) {
                let off = (f64::from(*value) - expected.as_f64().unwrap()).abs();
                assert!(off < 2e-6, "{case}: {value} where {expected} was expected");
            }
        }
    }
}

#[test]
fn blocks_and_threads_do_not_change_a_bit() {
    let count = 3 * BLOCK + 17;
    let workers = Workers::new(3).unwrap();
    for kind in OPTIMISERS {
        let update = Update {
            optimiser: optimiser(kind),
            learning_rate: 0.01,
            weight_decay: 0.1,
        };
        let (mut left, mut right) = (noise(count, 1), noise(count, 1));
        let (mut ours, mut theirs) = (Moments::new(count), Moments::new(count));
        for step in 1..4 {
            let gradient = noise(count, step as u32 + 5);
            let step = update.step(step);
            ours.update(&step, &mut left, &gradient, 0.5);
            theirs.update_on(&workers, &step, &mut right, &gradient, 0.5);
        }
        assert_eq!(left, right);
        assert_eq!(ours.first, theirs.first);
        assert_eq!(ours.second, theirs.second);
        assert_eq!(
            ours.second.len(),
            if kind.has_second_moment { count } else { 0 }
        );
    }
}
