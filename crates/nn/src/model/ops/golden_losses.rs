//! Every loss against PyTorch's numbers (`tests/golden/losses/make.py`).

use pipe_foundation::test_support::noise;

use super::absolute_error::absolute_error;
use super::class_loss::ClassTargets;
use super::concordance::concordance;
use super::cross_entropy::cross_entropy;
use super::focal::focal;
use super::golden_case::{self, Loss, Traced};
use super::soft_cross_entropy::soft_cross_entropy;
use super::squared_error::squared_error;

const CLASSES: usize = 4;
const WEIGHTS: Option<&[f32]> = Some(&[0.5, 1.0, 2.0, 4.0]);

#[track_caller]
fn check(name: &str, values: &[f32], columns: usize, loss: impl Fn(Traced) -> Loss) {
    golden_case::check("losses", name, values, columns, loss);
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
