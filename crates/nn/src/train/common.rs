//! What trainings must have in common to take their steps together on a device.

use pipe_foundation::Digest;
use serde_json::json;

use super::{TrainOptions, TrainingData, shared_options};

/// The digest that trainings on the same network, data, tasks and order share, and one that is a training's own.
///
/// Heads and their labels, alpha, learning rate, clipping, when to stop, and the seed of first values and dropout may differ; all else
/// must not.
pub(super) fn names(options: &TrainOptions, data: &TrainingData<'_>) -> (Digest, Digest) {
    let augment = data.augment.as_ref();
    let shared = json!({
        "options": shared_options(options),
        "classes": data.classes,
        "votes": data.shares.is_some(),
        "augment": augment.map(|augment| json!({"masks": augment.masks, "seed": augment.seed})),
    });
    let mut hasher = blake3::Hasher::new();
    hasher.update(shared.to_string().as_bytes());
    for (split, examples) in [(0u8, &data.train), (1, &data.validation)] {
        for example in examples {
            let features = example.features;
            hasher.update(&[split]);
            let known = json!([example.id, example.corpus, example.class]);
            hasher.update(known.to_string().as_bytes());
            hasher.update(&(features.frames as u64).to_le_bytes());
            hasher.update(bytemuck::cast_slice(features.values));
        }
    }
    let own = json!(options).to_string();
    (
        Digest(*hasher.finalize().as_bytes()),
        Digest::of(own.as_bytes()),
    )
}
