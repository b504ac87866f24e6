//! Batch normalisation against its naive version and PyTorch: in training, its running values, and in predictions.

use pipe_foundation::test_support::noise;
use pipe_foundation::{FeaturesView, Workers};

use crate::layers::Layer;
use crate::layers::testing::{agrees_with_pytorch, close, close_to_size, differences};
use crate::model::{Encoder, EncoderPass, EncoderShape};

use super::*;

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

#[test]
fn equals_the_naive_version() {
    for (frames, width) in [(1, 3), (2, 1), (17, 5)] {
        let (scale, offset) = (noise(width, 1), noise(width, 2));
        let frames = noise(frames * width, 3);
        let slope = noise(frames.len(), 4);
        let mut statistics = Statistics::default();
        let mut found = frames.clone();
        statistics.normalise(&mut found, &scale, &offset, 1e-3);
        let (mut scale_wide, mut offset_wide) = (wide(&scale), wide(&offset));
        let mut frames_wide = wide(&frames);
        let expected = naive::forward(&scale_wide, &offset_wide, &frames_wide, 1e-3);
        close(&found, &single(&expected), 1e-5);
        let loss = |scale: &[f64], offset: &[f64], frames: &[f64]| -> f64 {
            let out = naive::forward(scale, offset, frames, 1e-3);
            out.iter().zip(&slope).map(|(o, s)| o * f64::from(*s)).sum()
        };
        let mut of_frames = slope.clone();
        let (mut of_scale, mut of_offset) = (vec![9.0; width], vec![9.0; width]);
        statistics.backward(&mut of_frames, &scale, &mut of_scale, &mut of_offset);
        let copies = (scale_wide.clone(), offset_wide.clone(), frames_wide.clone());
        let expected = differences(&mut scale_wide, |scale| loss(scale, &copies.1, &copies.2));
        close(&of_scale, &single(&expected), 1e-4);
        let expected = differences(&mut offset_wide, |offset| {
            loss(&copies.0, offset, &copies.2)
        });
        close(&of_offset, &single(&expected), 1e-4);
        let expected = differences(&mut frames_wide, |frames| {
            loss(&copies.0, &copies.1, frames)
        });
        close(&of_frames, &single(&expected), 1e-4);
    }
}

#[test]
fn equals_pytorch() {
    agrees_with_pytorch(include_str!("golden.json"));
}

#[test]
fn running_values_and_predictions_equal_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("golden.json")).unwrap();
    let read = |value: &Value| -> Vec<f32> { serde_json::from_value(value.clone()).unwrap() };
    let layers: Vec<Layer> = serde_json::from_value(golden["layers"].clone()).unwrap();
    let lengths: Vec<usize> = serde_json::from_value(golden["frames"].clone()).unwrap();
    let encoder = Encoder::new(EncoderShape::new(&layers, 5).unwrap());
    let layout = encoder.layout();
    let mut arrays = layout.to_arrays(&vec![0.0; layout.len]);
    for (index, array) in arrays.iter_mut().enumerate() {
        let values = noise(array.values.len(), 1000 + index as u32);
        array.values = match array.name.rsplit('.').next() {
            Some("running_mean") => vec![0.0; values.len()],
            Some("running_var") => vec![1.0; values.len()],
            _ => values.iter().map(|v| 0.5 * v).collect(),
        };
    }
    let find = |name: &str| arrays.iter().find(|array| array.name == name);
    let mut values = layout.flat_values(find).unwrap();
    let workers = Workers::new(2).unwrap();
    let mut pass = EncoderPass::default();
    let batch = |step: usize| -> Vec<Vec<f32>> {
        let own = lengths.iter().enumerate();
        own.map(|(at, frames)| noise(frames * 5, (50 + at + 100 * step) as u32))
            .collect()
    };
    let mut run = |values: &[f32], step: usize, seed: Option<u64>| {
        let features = batch(step);
        let batch: Vec<_> = (features.iter())
            .map(|values| FeaturesView {
                frames: values.len() / 5,
                bins: 5,
                values,
            })
            .collect();
        encoder.pack(values, &mut pass, seed, &workers);
        let out = encoder.forward(values, &batch, &mut pass, &workers);
        (out.unwrap(), encoder.measured(values, &pass))
    };
    for step in 0..3 {
        let (_, measured) = run(&values, step, Some(1));
        assert_eq!(measured.len(), 4, "two arrays of each of two layers");
        for (range, own) in measured {
            values[range].copy_from_slice(&own);
        }
    }
    for array in layout.to_arrays(&values) {
        if let Some(expected) = golden["running"].get(&array.name) {
            close_to_size(&array.values, &read(expected), 1e-5);
        }
    }
    let (predicted, _) = run(&values, 0, None);
    close_to_size(&predicted, &read(&golden["predicted"]), 1e-4);
}
