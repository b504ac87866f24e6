//! Losses of tasks on the tape of the device against those of the processor.

use dfdx::prelude::{AsArray, Backward, Cpu, TensorFromVec, Trace};
use proptest::prelude::*;

use crate::layers::testing::close_to_size;
use crate::model::ops::class_loss::ClassTargets;
use crate::model::ops::loss::{ClassCase, Compare, DeviceClassCase, LossKeys, Outputs, Scalar};
use crate::model::ops::losses::LOSSES;

use super::operation::both_ways;
use super::*;

const ALLOWED: f64 = 1e-4;
const CASES: u32 = 24;

/// Loss and gradient of one model's outputs on the processor.
fn on_processor(
    values: &[f32],
    columns: usize,
    loss: impl Fn(Outputs) -> Scalar,
) -> (f32, Vec<f32>) {
    let device = Cpu::default();
    let x = device.tensor_from_vec(values.to_vec(), (values.len() / columns, columns));
    let found = loss(x.leaky_trace());
    let value = found.array();
    (value, found.backward().get(&x).as_vec())
}

/// Panics unless losses and gradients of all models are those of the processor.
fn agrees(
    (found, back): (&[f32], &[f32]),
    slope: &[f32],
    expected: impl Fn(usize) -> (f32, Vec<f32>),
) {
    let length = back.len() / found.len();
    for model in 0..found.len() {
        let (value, gradient) = expected(model);
        assert!(
            close(found[model].into(), value.into(), 1.0),
            "model {model}: {} {value}",
            found[model]
        );
        let gradient: Vec<f32> = gradient.iter().map(|g| slope[model] * g).collect();
        close_to_size(&back[model * length..][..length], &gradient, ALLOWED);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn losses_of_classes_are_those_of_the_processor(
        models in 1usize..5, rows in 1usize..9, classes in 2usize..9, votes: bool, weighted: bool, seed: u32,
        gamma in 0f64..5.0, smoothed in prop::option::of(0f64..1.0),
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let keys = LossKeys { gamma, label_smoothing: smoothed.unwrap_or(0.0) };
        let x: Vec<f32> = noise(models * rows * classes, seed).iter().map(|v| 4.0 * v).collect();
        let slope = noise(models, seed ^ 1);
        let weights: Vec<f32> = noise(classes, seed ^ 2).iter().map(|v| 1.1 + v).collect();
        let weights = weighted.then_some(&weights[..]);
        // Of some rows nothing is known, of others every model knows something else.
        let known = |model: usize, row: usize| (row + seed as usize) % 4 != model % 4;
        let class = |model: usize, row: usize| known(model, row).then(|| (row * 5 + model) % classes);
        let share = |model: usize, row: usize| -> Vec<f32> {
            let own: Vec<f32> = noise(classes, seed ^ (row * 7 + model) as u32 ^ 3).iter().map(|v| v.max(0.0)).collect();
            let sum: f32 = own.iter().sum();
            if known(model, row) && sum > 0.0 { own.iter().map(|v| v / sum).collect() } else { Vec::new() }
        };
        let hard: Vec<Vec<_>> = (0..models).map(|m| (0..rows).map(|row| class(m, row)).collect()).collect();
        let soft: Vec<Vec<_>> = (0..models).map(|m| (0..rows).map(|row| share(m, row)).collect()).collect();
        let targets: Vec<ClassTargets<'_>> = (0..models)
            .map(|model| match votes {
                true => ClassTargets::Shares(&soft[model]),
                false => ClassTargets::Classes(&hard[model]),
            })
            .collect();
        for loss in LOSSES {
            let Compare::Classes(compare) = loss.compare else { continue };
            let case = DeviceClassCase { targets: &targets, weights, keys };
            let (found, back) = both_ways(&card, (models, rows, classes), &x, &slope, |tape, x| {
                (compare.on_device)(tape, x, case).unwrap()
            });
            agrees((&found, &back), &slope, |model| {
                let own = &x[model * rows * classes..][..rows * classes];
                let case = ClassCase { targets: targets[model], weights, keys };
                on_processor(own, classes, |x| (compare.here)(x, case).unwrap())
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn losses_of_numbers_are_those_of_the_processor(models in 1usize..5, rows in 1usize..40, seed: u32) {
        let Some(card) = shared_card() else { return Ok(()) };
        let x = noise(models * rows, seed);
        let slope = noise(models, seed ^ 1);
        // Some are not known, others in every model; one model knows none.
        let number = |model: usize, row: usize| {
            let known = (row + seed as usize) % 4 != model % 4 && model != 3;
            known.then(|| noise(1, seed ^ (row * 7 + model) as u32)[0])
        };
        let targets: Vec<Vec<_>> = (0..models)
            .map(|model| (0..rows).map(|row| number(model, row)).collect())
            .collect();
        let targets: Vec<&[Option<f32>]> = targets.iter().map(Vec::as_slice).collect();
        for loss in LOSSES {
            let Compare::Numbers(compare) = loss.compare else { continue };
            let (found, back) = both_ways(&card, (models, rows, 1), &x, &slope, |tape, x| {
                (compare.on_device)(tape, x, &targets).unwrap()
            });
            agrees((&found, &back), &slope, |model| {
                let own = &x[model * rows..][..rows];
                on_processor(own, 1, |x| (compare.here)(x, targets[model]).unwrap())
            });
        }
    }
}

#[test]
fn equal_numbers_have_no_slope_and_what_is_no_number_is_told() {
    let Some(card) = shared_card() else { return };
    for loss in LOSSES {
        let Compare::Numbers(compare) = loss.compare else {
            continue;
        };
        let run = |x: &[f32; 4], targets: &[&[Option<f32>]; 2]| {
            both_ways(&card, (2, 2, 1), x, &[1.0; 2], |tape, x| {
                (compare.on_device)(tape, x, targets).unwrap()
            })
        };
        let same = run(
            &[3.0, 3.0, 1.0, 2.0],
            &[&[Some(3.0), Some(3.0)], &[Some(1.0), Some(2.0)]],
        );
        assert_eq!(same.0, [0.0; 2], "{}", loss.name);
        assert!(same.1.iter().all(|slope| slope.abs() < 1e-6));
        // Of a row that is not known, and of one that is; the other model is well.
        let blown = [f32::NAN, 1.0, 2.0, f32::NAN];
        let found = run(&blown, &[&[None, Some(0.5)], &[Some(1.0), Some(0.0)]]);
        assert!(
            found.0[0].is_finite() && found.0[1].is_nan(),
            "{}",
            loss.name
        );
        assert_eq!(found.1[0], 0.0, "{}", loss.name);
    }
}

#[test]
fn rows_that_are_not_known_and_certain_ones_leave_no_trace() {
    let Some(card) = shared_card() else { return };
    // Not a number where nothing is known; a class that is certain, and one that is impossible.
    let x = [f32::NAN, 1.0, 200.0, 0.0, 0.0, 200.0];
    let targets = [ClassTargets::Classes(&[None, Some(0), Some(0)])];
    let keys = LossKeys {
        gamma: 2.0,
        label_smoothing: 0.0,
    };
    for loss in LOSSES {
        let Compare::Classes(compare) = loss.compare else {
            continue;
        };
        let case = DeviceClassCase {
            targets: &targets,
            weights: None,
            keys,
        };
        let (found, back) = both_ways(&card, (1, 3, 2), &x, &[1.0], |tape, x| {
            (compare.on_device)(tape, x, case).unwrap()
        });
        assert!((found[0] - 100.0).abs() < 1e-3, "{}: {found:?}", loss.name);
        assert_eq!(back[..4], [0.0; 4], "{}", loss.name);
        assert!(
            back[4..].iter().all(|slope| slope.is_finite()),
            "{}",
            loss.name
        );
    }
}
