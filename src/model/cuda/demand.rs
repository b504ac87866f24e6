//! How much memory of the device a step needs.

use super::long_product::values_of_parts;
use super::{Card, Sizes};
use crate::model::ops::conv_block::cuda_kernel::Workload;
use crate::model::ops::dense::cuda_kernel::CHUNK_ROWS;
use crate::model::{EncoderShape, Network};

/// What a layer's output takes: values, the name under which its gradient is kept, and the gradient.
const OF_OUTPUT: usize = 3;

/// Bytes that a step of models on a batch with so many `frames` of each utterance needs at most, beside what they hold
/// between steps.
pub fn step_bytes(
    card: &Card,
    shape: &EncoderShape,
    networks: &[&Network],
    frames: &[usize],
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
    let values = encoder_values(card, shape, frames, networks.len()) + of_networks;
    // A tenth for what is small, such as tables.
    values / 10 * 11 * size_of::<f32>()
}

/// Values that the shared layers of `models` models make on a batch at most.
fn encoder_values(card: &Card, shape: &EncoderShape, frames: &[usize], models: usize) -> usize {
    let minimum = shape.minimum_frames();
    let mut counts: Vec<usize> = frames.iter().map(|&n| n.max(minimum)).collect();
    let rows = |counts: &[usize]| counts.iter().sum::<usize>();
    let mut values = rows(&counts) * shape.bins;
    // What is made for a few models at a time; never for two layers at once.
    let mut most = 0;
    for (index, conv) in shape.convs.iter().enumerate() {
        let convolved: usize = counts.iter().map(|&n| conv.convolved(n)).sum();
        let before = rows(&counts);
        counts = counts.iter().map(|&n| conv.pooled(n)).collect();
        let work = Workload::new(conv, convolved, index > 0);
        let shared = convolved * conv.width * conv.input;
        let chunk = card.models_at_once(&work, models);
        let of_weight = Sizes {
            rows: work.window,
            inner: convolved,
            columns: conv.output,
            batch: chunk,
        };
        most = most.max(shared + chunk * work.values() + values_of_parts(card, of_weight));
        // Sums of the bias's gradient.
        values += models * rows(&counts).div_ceil(CHUNK_ROWS) * conv.output;
        // The gradient of the frames before, frames and places of maxima.
        let own = before * conv.input + rows(&counts) * (conv.output + conv.output.div_ceil(4));
        values += models * own;
    }
    for lstm in &shape.lstms {
        // Gates, cells, states entered and left and their gradient; then what steps hand to each other.
        let own = rows(&counts) * 8 * lstm.units + frames.len() * 6 * lstm.units;
        values += models * (lstm.directions * own + rows(&counts) * lstm.input);
        let of_weight = |columns| Sizes {
            rows: 4 * lstm.units * lstm.directions,
            inner: rows(&counts),
            columns,
            batch: models,
        };
        let of_weights = [lstm.input, lstm.units].map(|own| values_of_parts(card, of_weight(own)));
        most = most.max(of_weights[0].max(of_weights[1]));
    }
    // Pooling, dropout and mask, the layers after them, logits.
    let vectors = OF_OUTPUT * (3 * shape.pooled_width() + 2 * shape.embedding());
    values + most + models * frames.len() * vectors
}
