//! How much memory of the device a step needs.

use crate::model::ops::conv_block::cuda_kernel::models_at_once;
use crate::model::{EncoderShape, Network};

/// What a layer's output takes: values, the name under which its gradient is kept, and the gradient.
const OF_OUTPUT: usize = 3;

/// Bytes that a step of models on a batch with so many `frames` of each utterance needs at most, beside what they hold
/// between steps.
pub fn step_bytes(
    shape: &EncoderShape,
    networks: &[&Network],
    frames: &[usize],
    cache_bytes: usize,
) -> usize {
    let of_network = |network: &&Network| {
        let heads: usize = network.head_parameters().iter().sum();
        let gradient = network.shared_parameters() + network.emotion_parameters() + heads;
        let layers = network.heads.iter().flat_map(|(_, layers)| layers);
        // Product and ReLU of each layer.
        let outputs: usize = layers.map(|layer| 2 * OF_OUTPUT * layer.outputs).sum();
        gradient + frames.len() * outputs
    };
    let of_networks: usize = networks.iter().map(of_network).sum();
    let values = encoder_values(shape, frames, networks.len(), cache_bytes) + of_networks;
    // A tenth for what is small, such as tables.
    values / 10 * 11 * size_of::<f32>()
}

/// Values that the shared layers of `models` models make on a batch at most.
fn encoder_values(
    shape: &EncoderShape,
    frames: &[usize],
    models: usize,
    cache_bytes: usize,
) -> usize {
    let minimum = shape.minimum_frames();
    let mut counts: Vec<usize> = frames.iter().map(|&n| n.max(minimum)).collect();
    let rows = |counts: &[usize]| counts.iter().sum::<usize>();
    let mut values = rows(&counts) * shape.bins;
    // What is made for a few models at a time; never for two blocks at once.
    let mut most = 0;
    for (index, conv) in shape.convs.iter().enumerate() {
        let convolved: usize = counts.iter().map(|&n| conv.convolved(n)).sum();
        let before = rows(&counts);
        counts = counts.iter().map(|&n| conv.pooled(n)).collect();
        let chunk = models_at_once(cache_bytes, conv, convolved, index > 0).min(models);
        most = most.max(chunk * convolved * (conv.width * conv.input + conv.output));
        // The gradient of the frames before, frames and places of maxima.
        let own = before * conv.input + rows(&counts) * (conv.output + conv.output.div_ceil(4));
        values += models * own;
    }
    for lstm in &shape.lstms {
        // Gates, cells, states entered and left and their gradient; then what steps hand to each other.
        let own = rows(&counts) * 8 * lstm.units + frames.len() * 6 * lstm.units;
        values += models * (lstm.directions * own + rows(&counts) * lstm.input);
    }
    // Pooling, dropout and mask, the layers after them, logits.
    let vectors = OF_OUTPUT * (3 * shape.pooled_width() + 2 * shape.embedding());
    values + most + models * frames.len() * vectors
}
