//! How much memory a training needs, estimated before it starts.

use crate::layers::{Copies, Cost};
use crate::model::{EncoderShape, ModelError};

use super::TrainOptions;

/// Shares of a batch whose gradients are kept apart.
const SHARES: f64 = 8.0;
/// Sequences that share one gradient of a recurrent layer.
const GROUP: usize = 16;
/// Utterances of a batch of validation.
const VALIDATION_BATCH: usize = 32;
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

/// A layer's cost, its parameters, values of a frame that goes in, and frames that go in for each of the encoder's.
struct Costed {
    cost: Cost,
    parameters: f64,
    input: f64,
    rate: f64,
}

/// All layers up to the pooling over time; what vectors after it take is small.
fn costs(shape: &EncoderShape) -> Vec<Costed> {
    let mut rate = 1.0;
    let layers = shape.layers().take(shape.pooling() + 1);
    let costed = layers.map(|(_, layer)| {
        let cost = layer.cost();
        let before = rate;
        rate *= cost.rate;
        Costed {
            cost,
            parameters: layer.parameters() as f64,
            input: layer.input() as f64,
            rate: before,
        }
    });
    costed.collect()
}

/// Values that do not depend on lengths.
fn of_weights(shape: &EncoderShape, batch: usize) -> f64 {
    let all = shape.parameters() as f64;
    // Values, gradient, two moments, the best network, the checkpoint's arrays and their bytes, twice each.
    let kept = 9.0 * all;
    let of_layer = |own: &Costed| {
        let copies = match own.cost.copies {
            Copies::Shares => SHARES,
            Copies::Groups => batch.div_ceil(GROUP) as f64,
        };
        (own.cost.packed + copies) * own.parameters
    };
    kept + costs(shape).iter().map(of_layer).sum::<f64>()
}

/// Values for each frame that the backward pass needs.
fn of_frames(shape: &EncoderShape) -> f64 {
    let of_layer = |own: &Costed| {
        let after = own.rate * own.cost.rate;
        own.rate * own.cost.kept_before + after * own.cost.kept_after
    };
    costs(shape).iter().map(of_layer).sum()
}

/// Values for each frame that a thread needs only while it works on a share.
fn of_a_share(shape: &EncoderShape) -> f64 {
    let costs = costs(shape);
    let layers = costs.iter().filter(|own| own.cost.working > 0.0);
    // The widest layer decides; gradients of all inputs are kept.
    let widest = layers.clone().map(|own| own.rate * own.cost.working);
    let gradients: f64 = layers.map(|own| own.rate * own.input).sum();
    widest.fold(0.0, f64::max) + gradients
}

/// Values for each frame of validation.
fn of_validation(shape: &EncoderShape, at_work: f64) -> f64 {
    let of_layer = |own: &Costed| {
        let part = match own.cost.copies {
            Copies::Shares => at_work,
            Copies::Groups => 1.0,
        };
        own.rate * own.cost.predicting * part
    };
    costs(shape).iter().map(of_layer).sum()
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
            encoder: serde_json::from_str(r#"[{"layer":"time_pool","how":"mean"}]"#).unwrap(),
            ..TrainOptions::default()
        };
        assert!(estimate(&narrow, &train, 2) < papers / 4);
        assert!(memory_bytes(&options, 0, &train, &[], 2).is_err());
    }
}
