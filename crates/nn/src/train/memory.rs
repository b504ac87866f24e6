//! How much memory a training needs, estimated before it starts.

use crate::model::{EncoderShape, ModelError};

use super::TrainOptions;

/// Shares of a batch whose gradients are kept apart.
const SHARES: f64 = 8.0;
/// Sequences that share one gradient of a recurrent layer.
const GROUP: usize = 16;
/// Utterances of a batch of validation.
const VALIDATION_BATCH: usize = 32;
/// Values of winograd filtering for each value of a frame: ten points for six frames.
const POINTS: f64 = 10.0 / 6.0;
const BYTES: f64 = 4.0;
/// Memory that the allocator holds back, as a factor.
const SLACK: f64 = 1.1;

/// Resident memory of a training in bytes, beyond the features in mapped packs.
///
/// Takes the longest utterances for the largest batch. Counts the values of the network, in every form that is kept of
/// them, and those that a frame passes through; small things such as threads are a flat 16 MB, and a tenth is added. `train` and
/// `validation` hold the frames of each utterance.
///
/// # Errors
/// Where the layers do not fit `bins`.
pub fn memory_bytes(
    options: &TrainOptions,
    bins: usize,
    train: &[usize],
    validation: &[usize],
    threads: usize,
) -> Result<u64, ModelError> {
    let shape = EncoderShape::new(&options.encoder, bins)?;
    let frames = largest(train, options.batch);
    let at_work = (threads.max(1) as f64).min(SHARES) / SHARES;
    let bytes = 16e6
        + BYTES * of_weights(&shape, options.batch)
        + BYTES * of_frames(&shape) * frames
        + BYTES * of_a_share(&shape) * frames * at_work
        // Batches waiting, in use and being filled.
        + BYTES * 3.0 * bins as f64 * frames
        + BYTES * of_validation(&shape, at_work) * largest(validation, VALIDATION_BATCH);
    Ok((SLACK * bytes) as u64)
}

/// Frames of the `batch` longest utterances.
fn largest(frames: &[usize], batch: usize) -> f64 {
    let mut frames = frames.to_vec();
    frames.sort_unstable_by(|a, b| b.cmp(a));
    frames.iter().take(batch).map(|&n| n as f64).sum()
}

/// Values that do not depend on lengths.
fn of_weights(shape: &EncoderShape, batch: usize) -> f64 {
    let all = shape.parameters() as f64;
    let convs: usize = shape.convs.iter().map(|conv| conv.parameters()).sum();
    let lstms: usize = (shape.lstms.iter())
        .map(|lstm| lstm.directions * lstm.direction_parameters())
        .sum();
    let (convs, lstms) = (convs as f64, lstms as f64);
    // Values, gradient, two moments, the best network, the checkpoint's arrays and their bytes, twice each.
    let kept = 9.0 * all;
    // Packed for both passes and for validation, winograd filtering with two values for one, and a buffer of it.
    let packed = 4.0 * 2.0 * convs + 3.0 * lstms;
    let gradients = SHARES * convs + batch.div_ceil(GROUP) as f64 * lstms;
    kept + packed + gradients
}

/// The frames of each layer's input as a part of the encoder's.
fn rates(shape: &EncoderShape) -> Vec<f64> {
    let mut rate = 1.0;
    let strides = shape.convs.iter().map(|conv| conv.pool_stride as f64);
    let before = strides.map(|stride| {
        rate /= stride;
        rate * stride
    });
    let mut rates: Vec<f64> = before.collect();
    rates.push(rate);
    rates
}

/// Values for each frame that the backward pass needs.
fn of_frames(shape: &EncoderShape) -> f64 {
    let rates = rates(shape);
    let mut values = 0.0;
    for (conv, rate) in shape.convs.iter().zip(&rates) {
        let pooled = rate / conv.pool_stride as f64;
        // Frames, their transform, the output's gradient; the place of a maximum is a byte.
        values += rate * conv.input as f64 * (1.0 + POINTS);
        values += pooled * conv.output as f64 * (1.0 + 0.25);
    }
    let rate = rates.last().copied().unwrap_or(1.0);
    for lstm in &shape.lstms {
        // Gates, cell, its hyperbolic tangent, hidden state, the one before, and their gradient.
        let states = 4.0 + 5.0;
        let own = lstm.units as f64 * (states + 1.0) + 2.0 * lstm.input as f64;
        values += rate * (lstm.directions as f64 * own + lstm.input as f64);
    }
    values
}

/// Values for each frame that a thread needs only while it works on a share.
fn of_a_share(shape: &EncoderShape) -> f64 {
    let rates = rates(shape);
    let blocks = shape.convs.iter().zip(&rates);
    // The output's gradient transformed and packed; the widest block decides.
    let widest = blocks
        .clone()
        .map(|(conv, rate)| rate * conv.output as f64 * 2.0 * POINTS)
        .fold(0.0, f64::max);
    let gradients: f64 = blocks.map(|(conv, rate)| rate * conv.input as f64).sum();
    widest + gradients
}

/// Values for each frame of validation.
fn of_validation(shape: &EncoderShape, at_work: f64) -> f64 {
    let rates = rates(shape);
    let convs: f64 = (shape.convs.iter().zip(&rates))
        .map(|(conv, rate)| rate * conv.input as f64 * (1.0 + POINTS))
        .sum();
    let rate = rates.last().copied().unwrap_or(1.0);
    let lstms: f64 = (shape.lstms.iter())
        .map(|lstm| (7 * lstm.units * lstm.directions + lstm.input) as f64)
        .sum();
    convs * at_work + rate * lstms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_training_is_within_its_bound_and_grows_with_all_that_counts() {
        let options = TrainOptions::default();
        let train = [700; 2000];
        let estimate = |options: &TrainOptions, train: &[usize], threads: usize| {
            memory_bytes(options, 40, train, &[700; 40], threads).unwrap()
        };
        let papers = estimate(&options, &train, 2);
        assert!((200_000_000..700_000_000).contains(&papers), "{papers}");
        assert!(estimate(&options, &train, 8) > papers);
        assert!(estimate(&options, &[1400; 2000], 2) > papers);
        // More utterances of the same length are not held at once.
        assert_eq!(estimate(&options, &[700; 4000], 2), papers);
        let larger = TrainOptions {
            batch: 64,
            ..TrainOptions::default()
        };
        assert!(estimate(&larger, &train, 2) > papers);
        let narrow = TrainOptions {
            encoder: vec![crate::model::spec::Layer::TimePool {
                how: crate::model::spec::TimePool::Mean,
            }],
            ..TrainOptions::default()
        };
        assert!(estimate(&narrow, &train, 2) < papers / 4);
        assert!(memory_bytes(&options, 0, &train, &[], 2).is_err());
    }
}
