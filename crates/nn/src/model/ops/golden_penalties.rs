//! Every penalty of domain adaptation against PyTorch's numbers (`tests/golden/penalties/make.py`).

use std::collections::BTreeMap;

use dfdx::prelude::*;
use pipe_foundation::test_support::noise;
use serde::Deserialize;

use super::coral::coral;
use super::cross_entropy::{cross_entropy, softmax};
use super::grad_reverse::grad_reverse;
use super::mmd::mmd;
use super::multilinear_map::multilinear_map;

const ROWS: usize = 12;
const WIDTH: usize = 5;
const CLASSES: usize = 3;

#[derive(Deserialize)]
struct Case {
    loss: f64,
    gradient: Vec<f64>,
}

type Traced = Tensor<(usize, usize), f32, Cpu, OwnedTape<f32, Cpu>>;

#[track_caller]
fn check(name: &str, loss: impl Fn(Traced) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/penalties/penalties.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let cases: BTreeMap<String, Case> = serde_json::from_str(&text).unwrap();
    let expected = &cases[name];
    let x = Cpu::default().tensor_from_vec(noise(ROWS * WIDTH, 1), (ROWS, WIDTH));
    let found = loss(x.leaky_trace());
    let close = |found: f32, expected: f64| (f64::from(found) - expected).abs() < 1e-6;
    let value = found.array();
    assert!(
        close(value, expected.loss),
        "{name}: {value} {}",
        expected.loss
    );
    let gradient = found.backward().get(&x).as_vec();
    assert_eq!(gradient.len(), expected.gradient.len());
    for (at, (found, expected)) in gradient.iter().zip(&expected.gradient).enumerate() {
        assert!(close(*found, *expected), "{name}, {at}: {found} {expected}");
    }
}

#[test]
fn penalties_are_those_of_pytorch() {
    let two: Vec<Option<usize>> = (0..ROWS)
        .map(|row| Some(usize::from(row % 3 == 0)))
        .collect();
    let three: Vec<Option<usize>> = (0..ROWS)
        .map(|row| (row % 4 < 3).then_some(row % 4))
        .collect();
    check("coral", |x| coral(x, &two).unwrap());
    check("coral of three groups", |x| coral(x, &three).unwrap());
    check("mmd", |x| mmd(x, &two).unwrap());
    check("mmd of three groups", |x| mmd(x, &three).unwrap());
}

#[test]
fn a_conditional_reversed_classifier_is_that_of_pytorch() {
    let labels: Vec<Option<usize>> = (0..ROWS).map(|row| Some(row % 2)).collect();
    let probabilities = softmax(&noise(ROWS * CLASSES, 2), CLASSES);
    let weight = noise(CLASSES * WIDTH * 2, 3);
    let weight = Cpu::default().tensor_from_vec(weight, (CLASSES * WIDTH, 2));
    check("cdan", |x| {
        let mapped = multilinear_map(x, probabilities.clone(), CLASSES).unwrap();
        let logits = grad_reverse(mapped, 0.7).unwrap().matmul(weight.clone());
        cross_entropy(logits, &labels, None).unwrap()
    });
}
