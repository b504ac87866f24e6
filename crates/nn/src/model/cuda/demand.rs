//! How much memory of the device a step needs.

use crate::layers::DeviceShape;
use crate::layers::conv::cuda_kernel::of_phase;
use crate::model::Network;
use crate::model::heads::Dense;
use crate::model::ops::dense::cuda_kernel::CHUNK_ROWS;
use crate::model::spec::HeadMode;

use super::long_product::{values_of, values_of_parts};
use super::packing::rows_and_parts;
use super::{Card, Sizes};

/// What a layer's output takes: values, the name under which its gradient is kept, and the gradient.
const OF_OUTPUT: usize = 3;

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
        let tasks = network.emotion_parameters() + network.target_parameters();
        let gradient = network.shared_parameters() + tasks + heads;
        let own = network.heads.iter();
        let own = own.map(|(head, layers)| head_values(head.mode, layers, network, frames.len()));
        // Numbers, what they should be, losses and slopes.
        let numbers = frames.len() * 2 * OF_OUTPUT * network.targets.len();
        gradient + numbers + own.sum::<usize>()
    };
    let of_networks: usize = networks.iter().map(of_network).sum();
    let values = encoder_values(card, shape, frames, networks.len()) + of_networks;
    // A tenth for what is small, such as tables.
    values / 10 * 11 * size_of::<f32>()
}

/// Values that an attribute head or penalty makes of a batch with so many utterances at most.
fn head_values(mode: HeadMode, layers: &[Dense], network: &Network, utterances: usize) -> usize {
    let embedding = network.shape().embedding();
    // What it sees of its models, and what becomes of it before the first layer.
    let seen = match mode {
        HeadMode::Discriminator => 2 * network.classes(),
        HeadMode::Shared | HeadMode::GradReverse => 2 * embedding,
        HeadMode::Cdan => (1 + 2 * network.classes()) * (1 + embedding),
        HeadMode::Coral | HeadMode::Mmd => embedding,
    };
    // Product and ReLU of each layer.
    let made: usize = layers.iter().map(|layer| 2 * layer.outputs).sum();
    let values = utterances * OF_OUTPUT * (seen + made);
    match mode.is_penalty() {
        // Doubles: centred embeddings; what pairs add to value and slopes, and their distances. Then slopes.
        true => values + utterances * (3 * embedding + 6 * utterances),
        false => values,
    }
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
