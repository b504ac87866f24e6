//! The fast block against the naive one over random shapes, and on real recordings.

mod recordings;

use pipe_foundation::test_support::noise;
use proptest::prelude::*;

use crate::layers::testing::{close_to_size, lengths};

use super::super::naive;
use super::super::pool::CUT;
use super::*;

/// Both versions on noise.
fn compare(shape: ConvShape, lengths: Vec<usize>, seed: u32, positive: bool) {
    // The encoder lengthens what is too short before the block sees it.
    let lengthen = |mut n: usize| {
        while shape.pooled(n) == 0 {
            n += 1;
        }
        n
    };
    let lengths: Vec<usize> = lengths.into_iter().map(lengthen).collect();
    let (input, output) = (shape.input, shape.output);
    let weight = noise(shape.width * input * output, seed);
    let bias = noise(output, seed ^ 1);
    let utterances: Vec<Vec<f32>> = (0..)
        .zip(&lengths)
        .map(|(u, n)| {
            let mut values = noise(n * input, seed ^ (u + 2));
            if positive {
                values.iter_mut().for_each(|v| *v = v.max(0.0));
            }
            values
        })
        .collect();
    compare_on(shape, &utterances, &weight, &bias, seed);
}

/// The largest errors of one comparison.
#[derive(Clone, Copy)]
struct Worst {
    forward: f64,
    of_input: f64,
    of_weight: f64,
}

impl std::fmt::Display for Worst {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            forward,
            of_input,
            of_weight,
        } = self;
        write!(
            to,
            "forward {forward:.1e}, dL/dx {of_input:.1e}, dL/dW {of_weight:.1e}"
        )
    }
}

/// Runs both versions forward and backward; every value must be within 1e-4 of the naive one, relative to the
/// larger of its size and the root mean square of its array. Gives the outputs and the largest errors.
fn compare_on(
    shape: ConvShape,
    utterances: &[Vec<f32>],
    weight: &[f32],
    bias: &[f32],
    seed: u32,
) -> (Vec<Vec<f32>>, Worst) {
    let (input, output) = (shape.input, shape.output);
    let lengths: Vec<usize> = utterances
        .iter()
        .map(|values| values.len() / input)
        .collect();
    let mut frames = SpacedFrames::default();
    frames.reset(&lengths, shape.padding, input);
    let starts: Vec<usize> = frames.starts().collect();
    for (start, values) in starts.iter().zip(utterances) {
        frames.values_mut()[start * input..][..values.len()].copy_from_slice(values);
    }
    let mut weights = BlockWeights::default();
    weights.pack(&shape, weight, true);
    let pooled: Vec<usize> = lengths.iter().map(|&n| shape.pooled(n)).collect();
    let (mut pass, mut scratch) = (BlockPass::default(), Scratch::default());
    let mut out = SpacedFrames::default();
    out.reset(&pooled, 2, output);
    forward(
        &shape,
        &weights,
        bias,
        &frames,
        &mut out,
        &mut pass,
        &mut scratch,
    );
    let mut grad_out = SpacedFrames::default();
    grad_out.reset(&pooled, 2, output);
    let noise_out = noise(grad_out.values().len(), seed ^ 99);
    grad_out.values_mut().copy_from_slice(&noise_out);
    let mut grad_in = SpacedFrames::default();
    grad_in.reset(&lengths, shape.padding, input);
    let (mut of_weight, mut of_bias) = (vec![7.0; weight.len()], vec![7.0; output]);
    let gradients = BlockGradients {
        weight: &mut of_weight,
        bias: &mut of_bias,
        input: Some(&mut grad_in),
    };
    backward(
        &shape,
        &weights,
        &frames,
        &grad_out,
        &pass,
        gradients,
        &mut scratch,
    );

    let (mut sum_weight, mut sum_bias) = (vec![0.0; weight.len()], vec![0.0; output]);
    let out_starts: Vec<usize> = out.starts().collect();
    let (mut forward, mut of_input) = (0f64, 0f64);
    let mut outputs = Vec::new();
    for (u, values) in utterances.iter().enumerate() {
        let mut expected = naive::forward(&shape, weight, bias, values);
        let span = out_starts[u] * output..(out_starts[u] + pooled[u]) * output;
        let found = &out.values()[span.clone()];
        forward = forward.max(close_to_size(found, &expected.values, 1e-4));
        outputs.push(found.to_vec());
        // Where two values of a window are nearly equal, either may be the maximum: the gradient is
        // compared for the choice that was made.
        let done: usize = pooled[..u].iter().sum();
        let chosen = &pass.arg_max[done * output..][..span.len()];
        let mut moved = 0;
        for (at, (source, &place)) in expected.source.iter_mut().zip(chosen).enumerate() {
            let (t, o) = (at / output, at % output);
            let own =
                (place != CUT).then(|| (t * shape.pool_stride + usize::from(place)) * output + o);
            moved += usize::from(*source != own);
            *source = own;
        }
        assert!(moved * 200 <= chosen.len() + 200, "{moved} maxima moved");
        let gradient = &grad_out.values()[span];
        let (w, b, x) = naive::backward(&shape, weight, values, &expected, gradient);
        let found = &grad_in.values()[starts[u] * input..][..x.len()];
        of_input = of_input.max(close_to_size(found, &x, 1e-4));
        sum_weight.iter_mut().zip(&w).for_each(|(s, v)| *s += v);
        sum_bias.iter_mut().zip(&b).for_each(|(s, v)| *s += v);
    }
    let worst = Worst {
        forward,
        of_input,
        of_weight: close_to_size(&of_weight, &sum_weight, 1e-4),
    };
    close_to_size(&of_bias, &sum_bias, 1e-4);
    (outputs, worst)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn equals_the_naive_block(
        lengths in lengths(25, 5), five: bool,
        input in 1usize..7, output in 1usize..20, width in 1usize..7, padding in 0usize..5,
        pool_width in 1usize..4, pool_stride in 1usize..4, seed: u32,
    ) {
        // Half of the cases take the width of winograd filtering.
        let width = if five { 5 } else { width };
        let padding = padding.min(width - 1);
        let shape = ConvShape { input, output, width, padding, pool_width, pool_stride };
        compare(shape, lengths, seed, false);
    }
}

#[test]
fn equals_the_naive_block_at_the_papers_sizes() {
    for (input, positive) in [(40, false), (256, true)] {
        let shape = ConvShape {
            input,
            output: 256,
            width: 5,
            padding: 2,
            pool_width: 3,
            pool_stride: 2,
        };
        compare(shape, vec![61, 3, 24], 5, positive);
    }
}
