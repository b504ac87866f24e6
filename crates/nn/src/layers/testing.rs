//! Lengths and closeness for the tests of operations.

use pipe_foundation::test_support::noise;
use proptest::prelude::*;

/// Lengths of a batch: any, one utterance, a single frame, all equal, or lengths on both sides of a tile's edge.
pub fn lengths(longest: usize, most: usize) -> impl Strategy<Value = Vec<usize>> {
    let any = 1..=longest;
    prop_oneof![
        4 => prop::collection::vec(any.clone(), 1..=most),
        1 => any.clone().prop_map(|n| vec![n]),
        1 => Just(vec![1]),
        2 => (any, 1..=most).prop_map(|(n, count)| vec![n; count]),
        1 => (1..=longest.div_ceil(6)).prop_map(|n| vec![6 * n - 1, 6 * n, 6 * n + 1]),
    ]
}

/// Panics unless every value is within `tolerance` of the expected one, relative to the larger of its size
/// and the root mean square of all. Gives the largest such error.
#[track_caller]
pub fn close_to_size(found: &[f32], expected: &[f32], tolerance: f64) -> f64 {
    assert_eq!(found.len(), expected.len());
    let squares: f64 = expected.iter().map(|e| f64::from(*e).powi(2)).sum();
    let size = (squares / expected.len().max(1) as f64).sqrt();
    let mut worst = 0f64;
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(*f) - f64::from(*e)).abs();
        let scale = size.max(f64::from(e.abs()));
        assert!(
            difference <= tolerance * scale + 1e-30,
            "value {at}: {f} where {e} was expected (size {size})"
        );
        worst = worst.max(difference / (scale + 1e-30));
    }
    worst
}

/// Panics unless every value is within `tolerance` of the expected one, relative to 1 + its size.
#[track_caller]
pub fn close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f - e).abs() <= tolerance * (1.0 + e.abs()),
            "value {at}: {f} where {e} was expected"
        );
    }
}

/// Lengths of the utterances that layers are tested on.
const LENGTHS: [usize; 5] = [7, 1, 12, 3, 5];

/// The seed of the layers that [`agrees_with_naive`] trains.
pub const SEED: u64 = 77;

/// Panics unless a layer of frames agrees with its naive version, forward and backward: the output by `naive(values,
/// frames)` in double precision, every gradient by differences of that. `naive` also gets the place in the batch.
#[track_caller]
pub fn agrees_with_naive(
    layer: &str,
    width: usize,
    seed: u32,
    naive: impl Fn(&[f64], &[f64], usize) -> Vec<f64>,
) {
    let before = super::Before {
        width,
        states: None,
    };
    agrees_with_naive_behind(layer, &before, seed, naive);
}

/// As [`agrees_with_naive`], of a layer behind others.
#[track_caller]
pub fn agrees_with_naive_behind(
    layer: &str,
    before: &super::Before,
    seed: u32,
    naive: impl Fn(&[f64], &[f64], usize) -> Vec<f64>,
) {
    let width = before.width;
    let layer: super::Layer = serde_json::from_str(layer).unwrap();
    let layers = layer.options().sized(before).unwrap();
    let [layer] = &layers[..] else {
        panic!("one layer");
    };
    let super::Run::Frames(run) = layer.run() else {
        panic!("a layer of frames");
    };
    let values: Vec<f32> = noise(layer.parameters(), seed)
        .iter()
        .map(|v| 0.8 * v)
        .collect();
    let rows = |lengths: &[usize], width: usize, gap: usize, seed: u32| {
        let mut frames = super::SpacedFrames::default();
        frames.reset(lengths, gap, width);
        frames.set_rows(&noise(lengths.iter().sum::<usize>() * width, seed));
        frames
    };
    let input = rows(&LENGTHS, width, run.gap(), seed ^ 1);
    let after = LENGTHS.map(|n| run.frames_after(n));
    // Gaps on the way out are those of the layer that follows.
    let slope = rows(&after, layer.output(), 2, seed ^ 2);
    let mut output = rows(&after, layer.output(), 1, seed ^ 3);
    let (mut weights, mut kept) = (super::Slot::default(), super::Slot::default());
    let mut scratch = super::Slots::default();
    let members = [4, 0, 2, 1, 3];
    let share = super::Share {
        members: &members,
        seed: Some(SEED),
        stopped: &|| false,
    };
    // Twice through the same buffers, the first time with others: old contents must not matter.
    let mut of_values = noise(values.len(), 9);
    let mut of_input = rows(&LENGTHS, width, run.gap(), 8);
    for own in [&values.iter().map(|v| 2.0 * v).collect(), &values] {
        run.pack(own, true, true, &mut weights);
        run.forward(
            own,
            &weights,
            share,
            &input,
            &mut output,
            &mut kept,
            &mut scratch,
        );
        let gradients = super::Gradients {
            values: &mut of_values,
            input: Some(&mut of_input),
        };
        run.backward(
            &weights,
            share,
            &input,
            &slope,
            &kept,
            gradients,
            &mut scratch,
        );
    }
    let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&v| f64::from(v)).collect() };
    let (mut values, mut expected_of_values) = (wide(&values), vec![0.0; of_values.len()]);
    let parts = input.utterances().zip(output.utterances());
    let parts = parts.zip(slope.utterances().zip(of_input.utterances()));
    for (&member, ((frames, found), (slope, of_frames))) in members.iter().zip(parts) {
        let mut frames = wide(frames);
        let expected = naive(&values, &frames, member);
        let single = |values: &[f64]| -> Vec<f32> { values.iter().map(|&v| v as f32).collect() };
        close(found, &single(&expected), 2e-5);
        let loss = |values: &[f64], frames: &[f64]| -> f64 {
            let out = naive(values, frames, member);
            out.iter().zip(slope).map(|(o, s)| o * f64::from(*s)).sum()
        };
        let of_own_values = differences(&mut values, |values| loss(values, &frames));
        for (sum, own) in expected_of_values.iter_mut().zip(of_own_values) {
            *sum += own;
        }
        let expected = differences(&mut frames, |frames| loss(&values, frames));
        close_to_size(of_frames, &single(&expected), 2e-4);
    }
    let expected: Vec<f32> = expected_of_values.iter().map(|&v| v as f32).collect();
    close_to_size(&of_values, &expected, 2e-4);
}

/// The gradient of `loss` at `point`, by central differences; `point` is the same afterwards.
pub fn differences(point: &mut [f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let length = point.len();
    let slope = |at: usize| {
        let value = point[at];
        point[at] = value + STEP;
        let up = loss(point);
        point[at] = value - STEP;
        let down = loss(point);
        point[at] = value;
        (up - down) / (2.0 * STEP)
    };
    (0..length).map(slope).collect()
}

/// Panics unless an encoder agrees with numbers of PyTorch in `golden`: `layers` and `bins`; for each of the utterances
/// of `frames`, which both sides draw, as they draw the arrays, the `output`; and `gradients` by the names of arrays.
#[track_caller]
pub fn agrees_with_pytorch(golden: &str) {
    use crate::model::{Encoder, EncoderPass, EncoderShape};
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let read =
        |value: &serde_json::Value| -> Vec<f32> { serde_json::from_value(value.clone()).unwrap() };
    let layers: Vec<super::Layer> = serde_json::from_value(golden["layers"].clone()).unwrap();
    let bins = golden["bins"].as_u64().unwrap() as usize;
    let lengths: Vec<usize> = serde_json::from_value(golden["frames"].clone()).unwrap();
    let encoder = Encoder::new(EncoderShape::new(&layers, bins).unwrap());
    let layout = encoder.layout();
    let mut arrays = layout.to_arrays(&vec![0.0; layout.len]);
    for (index, array) in arrays.iter_mut().enumerate() {
        let values = noise(array.values.len(), 1000 + index as u32);
        array.values = values.iter().map(|v| 0.5 * v).collect();
    }
    let find = |name: &str| arrays.iter().find(|array| array.name == name);
    let values = layout.flat_values(find).unwrap();
    let features: Vec<Vec<f32>> = (lengths.iter().enumerate())
        .map(|(at, frames)| noise(frames * bins, 50 + at as u32))
        .collect();
    let batch: Vec<_> = features
        .iter()
        .map(|values| pipe_foundation::FeaturesView {
            frames: values.len() / bins,
            bins,
            values,
        })
        .collect();
    let workers = pipe_foundation::Workers::new(2).unwrap();
    let mut pass = EncoderPass::default();
    encoder.pack(&values, &mut pass, Some(1), &workers);
    let output = encoder
        .forward(&values, &batch, &mut pass, &workers)
        .unwrap();
    close_to_size(&output, &read(&golden["output"]), 1e-4);
    let slope = noise(output.len(), 17);
    let mut gradient = vec![0.0; values.len()];
    encoder.backward(&mut pass, &slope, &mut gradient, &workers);
    for array in layout.to_arrays(&gradient) {
        let expected = read(&golden["gradients"][&array.name]);
        close_to_size(&array.values, &expected, 1e-4);
    }
}

/// Panics unless each direction of a recurrent layer agrees with its naive version, as [`agrees_with_naive`];
/// `naive(values of the direction, frames, backward in time)` gives the states in the order of time.
#[track_caller]
pub fn recurrent_agrees_with_naive(
    layer: &str,
    width: usize,
    naive: impl Fn(&[f64], &[f64], bool) -> Vec<f64>,
) {
    let layer: super::Layer = serde_json::from_str(layer).unwrap();
    let before = super::Before {
        width,
        states: None,
    };
    let layers = layer.options().sized(&before).unwrap();
    let super::Run::Sequences(run) = layers[0].run() else {
        panic!("a recurrent layer");
    };
    const LENGTHS: [usize; 5] = [9, 6, 6, 2, 1];
    let (units, steps) = (run.units(), super::Steps::new(&LENGTHS));
    let rows = steps.rows();
    let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&v| f64::from(v)).collect() };
    for direction in 0..run.directions() {
        let backward_in_time = direction == 1;
        let values = noise(run.direction_parameters(), 3 + direction as u32);
        let (input, slope) = (noise(rows * width, 5), noise(rows * units, 6));
        let (mut weights, mut pass) = (super::Slot::default(), super::Slot::default());
        let walk = super::Walk {
            steps: &steps,
            backward_in_time,
            stopped: &|| false,
        };
        // Twice through the same buffers: old contents must not matter.
        for _ in 0..2 {
            run.pack(&values, true, &mut weights);
            run.forward(&weights, walk, &input, &mut pass);
            run.backward(&weights, walk, &input, &slope, true, &mut pass);
        }
        let mut values = wide(&values);
        let mut expected_of_values = vec![0.0; values.len()];
        for (rank, &length) in LENGTHS.iter().enumerate() {
            let gather = |matrix: &[f32], width: usize| -> Vec<f32> {
                let rows = (0..length).map(|t| steps.row(rank, t));
                rows.flat_map(|row| matrix[row * width..][..width].to_vec())
                    .collect()
            };
            let mut frames = wide(&gather(&input, width));
            let slope = wide(&gather(&slope, units));
            let single =
                |values: &[f64]| -> Vec<f32> { values.iter().map(|&v| v as f32).collect() };
            let expected = naive(&values, &frames, backward_in_time);
            close(&gather(run.hidden(&pass), units), &single(&expected), 1e-5);
            let loss = |values: &[f64], frames: &[f64]| -> f64 {
                let out = naive(values, frames, backward_in_time);
                out.iter().zip(&slope).map(|(o, s)| o * s).sum()
            };
            let of_own_values = differences(&mut values, |values| loss(values, &frames));
            for (sum, own) in expected_of_values.iter_mut().zip(of_own_values) {
                *sum += own;
            }
            let expected = differences(&mut frames, |frames| loss(&values, frames));
            close_to_size(
                &gather(run.grad_input(&pass), width),
                &single(&expected),
                2e-4,
            );
        }
        let expected: Vec<f32> = expected_of_values.iter().map(|&v| v as f32).collect();
        close_to_size(run.grad_values(&pass), &expected, 2e-4);
    }
}
