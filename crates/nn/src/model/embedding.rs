//! The shared layers' output of many utterances.

use pipe_foundation::{FeaturesView, Workers};

use super::{EncoderPass, ModelError, Network};

/// Utterances that are computed at once.
pub(super) const PREDICT_BATCH: usize = 32;

/// Embeds utterances in batches of similar length; the output is in their order.
pub(crate) fn embed_all(
    network: &Network,
    utterances: &[FeaturesView<'_>],
    pass: &mut EncoderPass,
    workers: &Workers,
) -> Result<Vec<f32>, ModelError> {
    let width = network.shape().embedding();
    let mut order: Vec<usize> = (0..utterances.len()).collect();
    order.sort_by_key(|&at| (utterances[at].frames, at));
    let mut out = vec![0.0; utterances.len() * width];
    for part in order.chunks(PREDICT_BATCH) {
        let batch: Vec<FeaturesView<'_>> = part.iter().map(|&at| utterances[at]).collect();
        let embeddings = network.embed(&batch, pass, workers)?;
        for (&at, row) in part.iter().zip(embeddings.chunks_exact(width)) {
            out[at * width..][..width].copy_from_slice(row);
        }
    }
    Ok(out)
}
