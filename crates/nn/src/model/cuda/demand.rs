//! How much memory of the device a step needs.

use crate::layers::DeviceShape;
use crate::layers::conv::cuda_kernel::of_phase;
use crate::model::Network;
use crate::model::ops::dense::cuda_kernel::CHUNK_ROWS;

use super::long_product::{values_of, values_of_parts};
use super::packing::rows_and_parts;
use super::{Card, Sizes};

/// What a layer's output takes: values, and their gradient.
const OF_OUTPUT: usize = 2;

/// Bytes that a step of models on a batch with this many `frames` of each utterance needs at most, besides what they
/// hold between steps.
pub fn step_bytes(
    card: &Card,
    shape: &DeviceShape,
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
fn encoder_values(card: &Card, shape: &DeviceShape, frames: &[usize], models: usize) -> usize {
    let minimum = shape.minimum_frames();
    let mut counts: Vec<usize> = frames.iter().map(|&n| n.max(minimum)).collect();
    let rows = |counts: &[usize]| counts.iter().sum::<usize>();
    let mut values = rows(&counts) * shape.bins;
    // What is made for a few models at a time; never for two layers at once.
    let mut most = 0;
    let mut before = 0usize;
    for conv in &shape.convs {
        let (convolved, parts) = rows_and_parts(card.sms(), conv, &counts);
        let read = convolved + conv.width - 1;
        counts = counts.iter().map(|&n| conv.pooled(n)).collect();
        let chunk = card.models_at_once(of_phase(conv, convolved, models));
        let of_weight = Sizes {
            rows: conv.width * conv.input,
            inner: convolved / parts,
            columns: conv.output,
            batch: chunk,
        };
        let turned = of_weight.rows * conv.output;
        most = most.max(chunk * (read * conv.output + turned) + values_of(of_weight, parts));
        // Sums of the bias's gradient.
        let sums = (read + rows(&counts)).div_ceil(CHUNK_ROWS) * conv.output;
        // The frames that are read and places of maxima before them, or all models' input, and their gradient.
        let own = match before {
            0 => 0,
            channels => read * (2 * channels + channels.div_ceil(4)),
        };
        values += models * (own + sums) + read * conv.input;
        before = conv.output;
    }
    // What the blocks leave, and its gradient.
    values += models * rows(&counts) * (2 * before + before.div_ceil(4));
    for lstm in &shape.lstms {
        // Gates, cells, states entered and left and their gradient; then what steps hand to each other.
        let own = rows(&counts) * 8 * lstm.units + frames.len() * 6 * lstm.units;
        values += models * (lstm.directions * own + rows(&counts) * lstm.input);
        let of_weight = |directions, columns| Sizes {
            rows: 4 * lstm.units * directions,
            inner: rows(&counts),
            columns,
            batch: models,
        };
        for own in [(lstm.directions, lstm.input), (1, lstm.units)] {
            most = most.max(values_of_parts(card, of_weight(own.0, own.1)));
        }
    }
    // Pooling, dropout and mask, the layers after them, logits.
    let vectors = OF_OUTPUT * (3 * shape.pooled_width() + 2 * shape.embedding());
    values + most + models * frames.len() * vectors
}
