//! Every penalty of domain adaptation against PyTorch's numbers (`tests/golden/penalties/make.py`).

use dfdx::prelude::*;
use pipe_foundation::test_support::noise;

use super::coral::coral;
use super::cross_entropy::{cross_entropy, softmax};
use super::entropy_weights::{entropy_weights, weighted_cross_entropy};
use super::golden_case::{self, Loss, Traced};
use super::grad_reverse::grad_reverse;
use super::mmd::mmd;
use super::multilinear_map::multilinear_map;

const ROWS: usize = 12;
const WIDTH: usize = 5;
const CLASSES: usize = 3;

#[track_caller]
fn check(name: &str, loss: impl Fn(Traced) -> Loss) {
    golden_case::check("penalties", name, &noise(ROWS * WIDTH, 1), WIDTH, loss);
}

#[test]
fn penalties_are_those_of_pytorch() {
    let two: Vec<Option<usize>> = (0..ROWS)
        .map(|row| Some(usize::from(row % 3 == 0)))
        .collect();
    let three: Vec<Option<usize>> = (0..ROWS)
        .map(|row| (row % 4 < 3).then_some(row % 4))
        .collect();
    check("coral", |x| coral(x, &two));
    check("coral of three groups", |x| coral(x, &three));
    check("mmd", |x| mmd(x, &two));
    check("mmd of three groups", |x| mmd(x, &three));
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
        cross_entropy(logits, &labels, None)
    });
    let weights = entropy_weights(&probabilities, CLASSES);
    check("cdan with entropy conditioning", |x| {
        let mapped = multilinear_map(x, probabilities.clone(), CLASSES).unwrap();
        let logits = grad_reverse(mapped, 0.7).unwrap().matmul(weight.clone());
        weighted_cross_entropy(logits, &labels, &weights)
    });
}
