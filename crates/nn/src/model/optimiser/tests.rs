//! Every rule against PyTorch's numbers (`tests/golden/optimiser/make.py`).

use pipe_foundation::Workers;
use pipe_foundation::test_support::noise;

use super::*;

const VALUES: usize = 40;

fn rule(name: &str) -> Rule {
    let adam = Adam {
        beta1: 0.9,
        beta2: 0.98,
        epsilon: 1e-6,
    };
    match name.split('_').next() {
        Some("sgd") => Rule::Sgd { momentum: 0.9 },
        Some("adam") => Rule::Adam(adam),
        _ => Rule::AdamW(adam),
    }
}

#[test]
fn sgd_adam_and_adamw_with_weight_decay_agree_with_pytorch() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/optimiser/steps.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let cases: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 6);
    for (name, expected) in &cases {
        let update = Update {
            rule: rule(name),
            learning_rate: 0.01,
            weight_decay: if name.ends_with("_decay") { 0.1 } else { 0.0 },
        };
        let mut values = noise(VALUES, 1);
        let mut moments = Moments::new(VALUES);
        for count in 1..=20 {
            let gradient = noise(VALUES, 100 + count as u32);
            moments.update(&update.step(count), &mut values, &gradient, 1.0);
        }
        for (value, expected) in values.iter().zip(expected.as_array().unwrap()) {
            let off = (f64::from(*value) - expected.as_f64().unwrap()).abs();
            assert!(off < 2e-6, "{name}: {value} where {expected} was expected");
        }
    }
}

#[test]
fn blocks_and_threads_do_not_change_a_bit() {
    let count = 3 * BLOCK + 17;
    let workers = Workers::new(3).unwrap();
    for name in ["sgd", "adam_decay", "adamw_decay"] {
        let update = Update {
            rule: rule(name),
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
    }
}
