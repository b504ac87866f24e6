//! Penalties on the embeddings of groups, on the tape of the device against those of the processor.

use dfdx::prelude::{AsArray, Backward, Cpu, TensorFromVec, Trace};
use dfdx::tensor::CudaError;
use proptest::prelude::*;

use crate::layers::testing::close_to_size;
use crate::model::ops::coral::{coral, cuda_kernel::coral as coral_on_device};
use crate::model::ops::loss::{Outputs, Scalar};
use crate::model::ops::mmd::{cuda_kernel::mmd as mmd_on_device, mmd};

use super::operation::both_ways;
use super::*;

const ALLOWED: f64 = 1e-4;
const CASES: u32 = 24;

type Labels = [Option<usize>];
type Here = fn(Outputs, &Labels) -> Result<Scalar, dfdx::tensor::CpuError>;
type OnDevice = fn(&mut Tape, &Value, &[&Labels]) -> Result<Value, CudaError>;

const PENALTIES: [(&str, Here, OnDevice); 2] = [
    ("coral", coral, coral_on_device),
    ("mmd", mmd, mmd_on_device),
];

/// Penalty and gradient of one model's embeddings on the processor.
fn on_processor(here: Here, values: &[f32], labels: &Labels) -> (f32, Vec<f32>) {
    let width = values.len() / labels.len();
    let x = Cpu::default().tensor_from_vec(values.to_vec(), (labels.len(), width));
    let found = here(x.leaky_trace(), labels).unwrap();
    let value = found.array();
    (value, found.backward().get(&x).as_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn penalties_are_those_of_the_processor(
        models in 1usize..5, rows in 1usize..20, width in 1usize..40, groups in 1usize..5, seed: u32,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let length = rows * width;
        // Not around 0, as after ReLU.
        let x: Vec<f32> = noise(models * length, seed).iter().map(|v| v + 1.5).collect();
        let slope = noise(models, seed ^ 1);
        // Every model has groups of its own, some of one row alone, and rows of none.
        let label = |model: usize, row: usize| {
            let drawn = noise(1, seed ^ (model * 31 + row) as u32 ^ 2)[0];
            let number = ((drawn + 1.0) / 2.0 * (groups + model + 1) as f32) as usize;
            (number > 0).then_some(number * 3)
        };
        let labels: Vec<Vec<_>> = (0..models)
            .map(|model| (0..rows).map(|row| label(model, row)).collect())
            .collect();
        let labels: Vec<&Labels> = labels.iter().map(Vec::as_slice).collect();
        for (name, here, on_device) in PENALTIES {
            let (found, back) = both_ways(&card, (models, rows, width), &x, &slope, |tape, x| {
                on_device(tape, x, &labels).unwrap()
            });
            for model in 0..models {
                let (value, gradient) = on_processor(here, &x[model * length..][..length], labels[model]);
                let difference = (found[model] - value).abs();
                prop_assert!(difference <= 1e-6 * (1.0 + value.abs()), "{} {} {}", name, found[model], value);
                let gradient: Vec<f32> = gradient.iter().map(|g| slope[model] * g).collect();
                let back = &back[model * length..][..length];
                // Of two rows of one dimension, and of others that are alike, it is zero up to rounding.
                if gradient.iter().any(|g| g.abs() > 1e-7) {
                    close_to_size(back, &gradient, ALLOWED);
                } else {
                    prop_assert!(back.iter().all(|g| g.abs() < 1e-6), "{}", name);
                }
            }
        }
    }
}

#[test]
fn slopes_are_those_of_finite_differences() {
    let Some(card) = shared_card() else { return };
    let labels: Vec<Option<usize>> = [0, 1, 9, 0, 1, 2, 1, 0, 2]
        .map(|label| (label < 9).then_some(label))
        .to_vec();
    let x = noise(labels.len() * 3, 5);
    // MMD takes the mean distance for constant, so only CORAL is the derivative of its own value.
    let run = |x: &[f32]| {
        both_ways(&card, (1, labels.len(), 3), x, &[1.0], |tape, x| {
            coral_on_device(tape, x, &[&labels]).unwrap()
        })
    };
    let (_, gradient) = run(&x);
    for at in 0..x.len() {
        let moved = |step: f32| {
            let mut moved = x.clone();
            moved[at] += step;
            f64::from(run(&moved).0[0])
        };
        let slope = (moved(2e-2) - moved(-2e-2)) / 4e-2;
        let difference = (slope - f64::from(gradient[at])).abs();
        assert!(difference < 1e-4, "{at}: {slope} {}", gradient[at]);
    }
}

#[test]
fn rows_of_no_group_leave_no_trace_and_others_are_told_of() {
    let Some(card) = shared_card() else { return };
    let labels = [Some(0), Some(0), None, Some(1), Some(1)];
    let alone = [Some(0), Some(0), None, Some(1), None];
    let mut x = noise(2 * labels.len() * 2, 7);
    // A row of no group, in both models.
    (x[4], x[14]) = (f32::NAN, f32::NAN);
    for (name, _, on_device) in PENALTIES {
        let run = |x: &[f32]| {
            both_ways(&card, (2, labels.len(), 2), x, &[1.0; 2], |tape, x| {
                on_device(tape, x, &[&labels, &alone]).unwrap()
            })
        };
        let (found, back) = run(&x);
        assert!(found[0].is_finite() && found[0] != 0.0, "{name}: {found:?}");
        assert_eq!(found[1], 0.0, "{name}: of one group alone");
        assert!(back.iter().all(|slope| slope.is_finite()), "{name}");
        assert_eq!((back[4], back[5]), (0.0, 0.0), "{name}");
        assert_eq!(back[10..], [0.0; 10], "{name}");
        let mut blown = x.clone();
        blown[0] = f32::NAN;
        assert!(run(&blown).0[0].is_nan(), "{name}");
        let equal = run(&[2.0; 20]);
        assert_eq!(equal, (vec![0.0; 2], vec![0.0; 20]), "{name}");
    }
}
