//! Options that trainings must share to take their steps together on a device.

use serde_json::{Value as Json, json};

use super::TrainOptions;

/// What trainings that take their steps together have in common of their options.
pub fn shared_options(options: &TrainOptions) -> Json {
    json!({
        "encoder": options.encoder,
        "batch": options.batch,
        "bucket_batches": options.bucket_batches,
        "sampling": options.sampling,
        "batch_seed": options.seed_of_batches(),
        "dropout": options.dropout,
        "class_weights": options.class_weights,
        "optimiser": options.optimiser.name(),
        "tasks": options.tasks,
        "mixup": options.mixup,
    })
}
