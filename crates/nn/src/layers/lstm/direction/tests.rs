//! The fast LSTM direction against the naive one over random lengths and sizes.

use pipe_foundation::test_support::noise;
use proptest::prelude::*;

use crate::layers::testing::{close, lengths};

use super::super::naive;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn equals_the_naive_direction(
        mut lengths in lengths(9, 8),
        input in 1usize..6, units in 1usize..20, backward_in_time: bool, seed: u32,
    ) {
        lengths.sort_by(|a, b| b.cmp(a));
        let shape = LstmShape { input, units, directions: 1 };
        let layout = DirectionLayout::new(&shape);
        let values = noise(shape.direction_parameters(), seed);
        let steps = Steps::new(&lengths);
        let rows = steps.rows();
        prop_assert_eq!(rows, lengths.iter().sum::<usize>());
        let frames = noise(rows * input, seed ^ 1);
        let gradient = noise(rows * units, seed ^ 2);
        let gather = |matrix: &[f32], width: usize, rank: usize| -> Vec<f32> {
            (0..lengths[rank])
                .flat_map(|t| matrix[steps.row(rank, t) * width..][..width].to_vec())
                .collect()
        };
        let mut weights = DirectionWeights::default();
        weights.pack(layout, &values, true);
        let mut pass = DirectionPass::default();
        pass.forward(layout, &weights, &steps, backward_in_time, &frames, &|| false);
        let hidden = pass.hidden().to_vec();
        pass.backward(layout, &weights, &steps, backward_in_time, &frames, &gradient);
        pass.input_gradient(layout, &weights);

        let reference = naive::Weights { input, units, arrays: layout.split(&values) };
        let mut sums = reference.arrays.map(|array| vec![0.0; array.len()]);
        for rank in 0..lengths.len() {
            let own = gather(&frames, input, rank);
            let states = naive::forward(&reference, &own, backward_in_time);
            close(&gather(&hidden, units, rank), &states.hidden(), 1e-5);
            let (arrays, of_frames) =
                naive::backward(&reference, &own, &states, &gather(&gradient, units, rank));
            close(&gather(pass.grad_input(), input, rank), &of_frames, 1e-4);
            for (sum, array) in sums.iter_mut().zip(&arrays) {
                sum.iter_mut().zip(array).for_each(|(s, v)| *s += v);
            }
        }
        close(pass.grad_weights(), &sums.concat(), 1e-4);
    }
}
