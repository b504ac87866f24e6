//! Each operation of heads and losses on the tape of the device against its definition.

use dfdx::prelude::{AsArray, Backward, Cpu, SumTo, TensorFromVec, Trace};
use proptest::prelude::*;

use crate::layers::testing::close_to_size;
use crate::model::dense_tape::Learns;
use crate::model::ops::cross_entropy::cuda_kernel::{Labels, cross_entropy, softmax};
use crate::model::ops::dense::cuda_kernel::{DenseArrays, dense};
use crate::model::ops::dropout::cuda_kernel::dropout;
use crate::model::ops::gather::cuda_kernel::pick;
use crate::model::ops::grad_reverse::cuda_kernel::grad_reverse;
use crate::model::ops::multilinear_map::cuda_kernel::multilinear_map;
use crate::model::ops::relu::cuda_kernel::relu;
use crate::model::ops::{
    cross_entropy as on_processor, dropout as dropout_on_processor,
    multilinear_map as map_on_processor,
};

use super::operation::{both_ways, sizes};
use super::*;

const ALLOWED: f64 = 1e-4;
const CASES: u32 = 24;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn relu_dropout_and_reversal_are_their_definitions(
        (models, rows, columns) in sizes(), probability in 0.05f32..0.9, seed: u32,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let (size, length) = ((models, rows, columns), rows * columns);
        let (x, slope) = (noise(models * length, seed), noise(models * length, seed ^ 1));
        let (found, back) = both_ways(&card, size, &x, &slope, |tape, x| relu(tape, x).unwrap());
        for at in 0..x.len() {
            prop_assert_eq!(found[at], x[at].max(0.0));
            prop_assert_eq!(back[at], if x[at] > 0.0 { slope[at] } else { 0.0 });
        }
        let seeds: Vec<u64> = (0..models as u64).map(|m| u64::from(seed) + m).collect();
        let (found, back) = both_ways(&card, size, &x, &slope, |tape, x| {
            dropout(tape, x, probability, &seeds).unwrap()
        });
        for (model, &seed) in seeds.iter().enumerate() {
            let mask = dropout_on_processor::mask(length, probability, seed);
            for (k, factor) in mask.iter().enumerate() {
                let at = model * length + k;
                prop_assert_eq!(found[at], x[at] * factor);
                prop_assert_eq!(back[at], slope[at] * factor);
            }
        }
        let lambda = noise(models, seed ^ 2);
        let (found, back) = both_ways(&card, size, &x, &slope, |tape, x| {
            grad_reverse(tape, x, Memory::of(&card, &lambda).unwrap()).unwrap()
        });
        prop_assert_eq!(&found, &x);
        for (at, back) in back.iter().enumerate() {
            prop_assert_eq!(*back, 0.0 - lambda[at / length] * slope[at]);
        }
    }

    #[test]
    fn models_are_picked_and_their_gradients_go_back_to_them(
        (models, rows, columns) in sizes(), seed: u32,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let length = rows * columns;
        let which: Vec<usize> = (0..models).rev().step_by(2).collect();
        let numbers: Vec<i32> = which.iter().map(|&model| model as i32).collect();
        let x = noise(models * length, seed);
        let slope = noise(which.len() * length, seed ^ 1);
        let (found, back) = both_ways(&card, (models, rows, columns), &x, &slope, |tape, x| {
            pick(tape, x, &Arc::new(Memory::of(&card, &numbers).unwrap())).unwrap()
        });
        let mut expected = vec![0.0; x.len()];
        for (place, &model) in which.iter().enumerate() {
            let (from, to) = (model * length, place * length);
            prop_assert_eq!(&found[to..to + length], &x[from..from + length]);
            expected[from..from + length].copy_from_slice(&slope[to..to + length]);
        }
        prop_assert_eq!(back, expected);
    }

    #[test]
    fn the_multilinear_map_is_that_of_the_processor(
        (models, rows, width) in sizes(), classes in 1usize..6, seed: u32,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let length = rows * width;
        let x = noise(models * length, seed);
        let shares = noise(models * rows * classes, seed ^ 1);
        let slope = noise(models * length * classes, seed ^ 2);
        let (found, back) = both_ways(&card, (models, rows, width), &x, &slope, |tape, x| {
            multilinear_map(tape, x, Memory::of(&card, &shares).unwrap()).unwrap()
        });
        for model in 0..models {
            let device = Cpu::default();
            let own = device.tensor_from_vec(x[model * length..][..length].to_vec(), (rows, width));
            let shares = shares[model * rows * classes..][..rows * classes].to_vec();
            let mapped = map_on_processor::multilinear_map(own.leaky_trace(), shares, classes).unwrap();
            prop_assert_eq!(&found[model * length * classes..][..length * classes], &mapped.as_vec());
            let slope = slope[model * length * classes..][..length * classes].to_vec();
            let slope = device.tensor_from_vec(slope, (rows, classes * width));
            let gradient = (mapped * slope).sum().backward().get(&own).as_vec();
            close_to_size(&back[model * length..][..length], &gradient, ALLOWED);
        }
    }

    #[test]
    fn softmax_and_cross_entropy_are_those_of_the_processor(
        (models, rows, _) in sizes(), classes in 1usize..9, weighted: bool, seed: u32,
        picks in prop::collection::vec(prop::option::weighted(0.8, 0usize..60), 8),
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let (size, length) = ((models, rows, classes), rows * classes);
        let x: Vec<f32> = noise(models * length, seed).iter().map(|v| 4.0 * v).collect();
        let slope = noise(x.len(), seed ^ 1);
        let (found, back) = both_ways(&card, size, &x, &slope, |tape, x| softmax(tape, x).unwrap());
        let expected = on_processor::softmax(&x, classes);
        close_to_size(&found, &expected, ALLOWED);
        let rows_of = |values: &[f32]| -> Vec<Vec<f32>> {
            values.chunks_exact(classes).map(<[f32]>::to_vec).collect()
        };
        let of_row = |(p, g): (Vec<f32>, Vec<f32>)| -> Vec<f32> {
            let sum: f64 = p.iter().zip(&g).map(|(p, g)| f64::from(*p) * f64::from(*g)).sum();
            p.iter().zip(&g).map(|(p, g)| (f64::from(*p) * (f64::from(*g) - sum)) as f32).collect()
        };
        let pairs = rows_of(&expected).into_iter().zip(rows_of(&slope));
        let expected: Vec<f32> = pairs.flat_map(of_row).collect();
        // Of one class alone it is zero, up to rounding.
        if classes > 1 {
            close_to_size(&back, &expected, ALLOWED);
        }

        // Every model has labels of its own.
        let of_model = |model: usize| -> Vec<Option<usize>> {
            picks[..rows].iter().map(|p| p.map(|p| (p + model * (p % 3)) % classes)).collect()
        };
        let targets: Vec<_> = (0..models).map(of_model).collect();
        let targets: Vec<&[Option<usize>]> = targets.iter().map(Vec::as_slice).collect();
        let weights: Vec<f32> = noise(classes, seed ^ 2).iter().map(|v| 1.1 + v).collect();
        let weights = weighted.then_some(&weights[..]);
        let slope = noise(models, seed ^ 3);
        let (found, back) = both_ways(&card, size, &x, &slope, |tape, x| {
            let labels = Labels::new(&card, &targets, classes, weights).unwrap();
            cross_entropy(tape, x, &labels).unwrap()
        });
        for model in 0..models {
            let own = x[model * length..][..length].to_vec();
            let logits = Cpu::default().tensor_from_vec(own, (rows, classes));
            let loss = on_processor::cross_entropy(logits.leaky_trace(), targets[model], weights).unwrap();
            close_to_size(&found[model..=model], &[loss.array()], ALLOWED);
            let gradient = loss.backward().get(&logits).as_vec();
            let expected: Vec<f32> = gradient.iter().map(|g| slope[model] * g).collect();
            if classes > 1 {
                close_to_size(&back[model * length..][..length], &expected, ALLOWED);
            }
        }
    }

    #[test]
    fn a_fully_connected_layer_is_its_definition(
        (models, rows, inputs) in sizes(), outputs in 1usize..12, learns: bool, seed: u32,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let x = noise(models * rows * inputs, seed);
        let weight = noise(models * outputs * inputs, seed ^ 1);
        let bias = noise(models * outputs, seed ^ 2);
        let slope = noise(models * rows * outputs, seed ^ 3);
        let there = |values: &[f32]| Memory::of(&card, values).unwrap();
        let (weights, biases) = (there(&weight), there(&bias));
        let sums = [weight.len(), bias.len()].map(|n| Memory::<f32>::zeros(&card, n).unwrap());
        let arrays = DenseArrays { weight: weights.at(0), bias: biases.at(0), inputs, outputs };
        let places = (sums[0].at(0), sums[1].at(0));
        let own = if learns { Learns::Yes } else { Learns::No };
        let (found, back) = both_ways(&card, (models, rows, inputs), &x, &slope, |tape, x| {
            dense(tape, x, arrays, move |_| Ok(places), own).unwrap()
        });
        let [of_weight, of_bias] = sums.map(|memory| memory.read().unwrap());
        for model in 0..models {
            let x = &x[model * rows * inputs..][..rows * inputs];
            let weight = &weight[model * outputs * inputs..][..outputs * inputs];
            let bias = &bias[model * outputs..][..outputs];
            let slope = &slope[model * rows * outputs..][..rows * outputs];
            let mut expected = [
                vec![0f64; rows * outputs], vec![0f64; x.len()], vec![0f64; weight.len()], vec![0f64; outputs],
            ];
            for row in 0..rows {
                for o in 0..outputs {
                    let g = f64::from(slope[row * outputs + o]);
                    expected[0][row * outputs + o] += f64::from(bias[o]);
                    expected[3][o] += g;
                    for i in 0..inputs {
                        let (x, w) = (f64::from(x[row * inputs + i]), f64::from(weight[o * inputs + i]));
                        expected[0][row * outputs + o] += x * w;
                        expected[1][row * inputs + i] += g * w;
                        expected[2][o * inputs + i] += g * x;
                    }
                }
            }
            let [out, of_x, of_w, of_b] =
                expected.map(|values| values.into_iter().map(|v| v as f32).collect::<Vec<_>>());
            close_to_size(&found[model * out.len()..][..out.len()], &out, ALLOWED);
            close_to_size(&back[model * of_x.len()..][..of_x.len()], &of_x, ALLOWED);
            let (of_weight, of_bias) =
                (&of_weight[model * of_w.len()..][..of_w.len()], &of_bias[model * outputs..][..outputs]);
            if learns {
                close_to_size(of_weight, &of_w, ALLOWED);
                close_to_size(of_bias, &of_b, ALLOWED);
            } else {
                prop_assert!(of_weight.iter().chain(of_bias).all(|&v| v == 0.0));
            }
        }
    }
}
