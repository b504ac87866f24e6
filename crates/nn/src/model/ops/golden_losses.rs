//! Every loss against PyTorch's numbers (`tests/golden/losses/make.py`).

use std::collections::BTreeMap;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use pipe_foundation::test_support::noise;
use serde::Deserialize;

use super::absolute_error::absolute_error;
use super::class_loss::ClassTargets;
use super::concordance::concordance;
use super::cross_entropy::cross_entropy;
use super::focal::focal;
use super::soft_cross_entropy::soft_cross_entropy;
use super::squared_error::squared_error;

const CLASSES: usize = 4;
const WEIGHTS: Option<&[f32]> = Some(&[0.5, 1.0, 2.0, 4.0]);

#[derive(Deserialize)]
struct Case {
    loss: f64,
    gradient: Vec<f64>,
}

type Traced = Tensor<(usize, usize), f32, Cpu, OwnedTape<f32, Cpu>>;
type Loss = Result<Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>, CpuError>;

#[track_caller]
fn check(name: &str, values: &[f32], columns: usize, loss: impl Fn(Traced) -> Loss) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/losses/losses.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let cases: BTreeMap<String, Case> = serde_json::from_str(&text).unwrap();
    let expected = &cases[name];
    let shape = (values.len() / columns, columns);
    let x = Cpu::default().tensor_from_vec(values.to_vec(), shape);
    let found = loss(x.leaky_trace()).unwrap();
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
fn losses_of_classes_are_those_of_pytorch() {
    let logits: Vec<f32> = noise(24, 1).iter().map(|v| 3.0 * v).collect();
    let targets = [3, 0, 1, 1, 2, 0].map(Some);
    let shares: Vec<Vec<f32>> = (noise(24, 2).chunks_exact(CLASSES))
        .map(|row| {
            let sum: f32 = row.iter().map(|v| v.abs()).sum();
            row.iter().map(|v| v.abs() / sum).collect()
        })
        .collect();
    let check = |name: &str, loss: &dyn Fn(Traced) -> Loss| check(name, &logits, CLASSES, loss);
    let (hard, soft) = (
        ClassTargets::Classes(&targets),
        ClassTargets::Shares(&shares),
    );
    check("cross_entropy", &|x| cross_entropy(x, &targets, WEIGHTS));
    check("cross_entropy", &|x| {
        soft_cross_entropy(x, hard, WEIGHTS, 0.0)
    });
    check("smoothed", &|x| soft_cross_entropy(x, hard, WEIGHTS, 0.1));
    check("shares", &|x| soft_cross_entropy(x, soft, WEIGHTS, 0.0));
    check("smoothed shares", &|x| {
        soft_cross_entropy(x, soft, WEIGHTS, 0.2)
    });
    check("focal 2", &|x| focal(x, hard, WEIGHTS, 2.0));
    check("focal 0.5", &|x| focal(x, hard, WEIGHTS, 0.5));
    check("focal 2 of shares", &|x| focal(x, soft, WEIGHTS, 2.0));
}

#[test]
fn losses_of_numbers_are_those_of_pytorch() {
    let (values, truth) = (noise(9, 3), noise(9, 4));
    let truth: Vec<Option<f32>> = truth.into_iter().map(Some).collect();
    check("ccc", &values, 1, |x| concordance(x, &truth));
    check("mse", &values, 1, |x| squared_error(x, &truth));
    check("mae", &values, 1, |x| absolute_error(x, &truth));
}
