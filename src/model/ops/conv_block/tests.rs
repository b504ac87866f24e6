//! The fast block against the naive one over random shapes.

use proptest::prelude::*;

use super::*;
use crate::model::ops::testing::{close, noise};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn equals_the_naive_block(
        lengths in prop::collection::vec(1usize..25, 1..6),
        input in 1usize..7, output in 1usize..20, width in 1usize..6, padding in 0usize..5,
        pool_width in 1usize..4, pool_stride in 1usize..4, seed: u32,
    ) {
        let shape = ConvShape { input, output, width, padding: padding.min(width - 1), pool_width, pool_stride };
        // The encoder lengthens what is too short before the block sees it.
        let lengths: Vec<usize> = lengths
            .into_iter()
            .map(|mut n| { while shape.pooled(n) == 0 { n += 1; } n })
            .collect();
        let weight = noise(width * input * output, seed);
        let bias = noise(output, seed ^ 1);
        let mut frames = SpacedFrames::default();
        frames.reset(&lengths, shape.padding, input);
        let utterances: Vec<Vec<f32>> = lengths
            .iter()
            .enumerate()
            .map(|(u, n)| noise(n * input, seed ^ (u as u32 + 2)))
            .collect();
        let starts: Vec<usize> = frames.starts().collect();
        for (start, values) in starts.iter().zip(&utterances) {
            frames.values_mut()[start * input..][..values.len()].copy_from_slice(values);
        }
        let mut packed = Packed::default();
        packed.pack(&weight, width * input, output, output, 1);
        let mut flipped = Packed::default();
        pack_flipped(&shape, &weight, &mut flipped);
        let pooled: Vec<usize> = lengths.iter().map(|&n| shape.pooled(n)).collect();
        let (mut out, mut arg_max, mut scratch) = (SpacedFrames::default(), Vec::new(), Scratch::default());
        out.reset(&pooled, 2, output);
        forward(&shape, &packed, &bias, &frames, &mut out, &mut arg_max, &mut scratch);
        let mut grad_out = SpacedFrames::default();
        grad_out.reset(&pooled, 2, output);
        let noise_out = noise(grad_out.values().len(), seed ^ 99);
        grad_out.values_mut().copy_from_slice(&noise_out);
        let mut grad_in = SpacedFrames::default();
        grad_in.reset(&lengths, shape.padding, input);
        let (mut of_weight, mut of_bias) = (vec![7.0; weight.len()], vec![7.0; output]);
        backward(&shape, &frames, &grad_out, &arg_max, BlockGradients {
            weight: &mut of_weight, bias: &mut of_bias, input: Some((&flipped, &mut grad_in)),
        }, &mut scratch);

        let (mut sum_weight, mut sum_bias) = (vec![0.0; weight.len()], vec![0.0; output]);
        let out_starts: Vec<usize> = out.starts().collect();
        for (u, values) in utterances.iter().enumerate() {
            let expected = naive::forward(&shape, &weight, &bias, values);
            let span = out_starts[u] * output..(out_starts[u] + pooled[u]) * output;
            close(&out.values()[span.clone()], &expected.values, 1e-5);
            let (w, b, x) = naive::backward(&shape, &weight, values, &expected, &grad_out.values()[span]);
            close(&grad_in.values()[starts[u] * input..][..x.len()], &x, 1e-4);
            sum_weight.iter_mut().zip(&w).for_each(|(s, v)| *s += v);
            sum_bias.iter_mut().zip(&b).for_each(|(s, v)| *s += v);
        }
        close(&of_weight, &sum_weight, 1e-4);
        close(&of_bias, &sum_bias, 1e-4);
    }
}
