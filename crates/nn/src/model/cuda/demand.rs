//! How much memory of the device a step needs.

use std::sync::Arc;

use crate::layers::{Demand, DeviceScope};
use crate::model::Network;
use crate::model::heads::Dense;
use crate::model::spec::HeadMode;

use super::Card;
use super::chain::Chain;

/// What a layer's output takes: values, and their gradient.
const OF_OUTPUT: usize = 2;

/// Bytes that a step of models on a batch with this many `frames` of each utterance needs at most, besides what they
/// hold between steps.
pub fn step_bytes(
    card: &Arc<Card>,
    chain: &Chain,
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
    let values = encoder_values(card, chain, frames, networks.len()) + of_networks;
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
        // Doubles: centred embeddings; what pairs add to value and slopes, their distances, and sums of these. Then slopes.
        true => values + utterances * (3 * embedding + 8 * utterances),
        false => values,
    }
}

/// Values that the shared layers of `models` models make on a batch at most.
fn encoder_values(card: &Arc<Card>, chain: &Chain, frames: &[usize], models: usize) -> usize {
    let counts = chain.counts(frames);
    let rows = |index: usize| chain.spacing(index, card.sms(), &counts[index]).rows;
    // The features, once for all models.
    let mut values = counts[0].iter().sum::<usize>() * chain.bins();
    // What is made while a layer computes; never for two layers at once.
    let mut most = 0;
    for (index, layer) in chain.layers().iter().enumerate() {
        let scope = DeviceScope {
            card,
            models,
            counts: &counts[index],
            counts_after: &counts[index + 1],
            rows_made: rows(index + 1),
        };
        let Demand { kept, working } = layer.demand(&scope);
        values += kept;
        most = most.max(working);
        let before = index.checked_sub(1).map(|before| &chain.layers()[before]);
        // The frames that go in, and their gradient; with what is moved apart for the layer, once more.
        let copies = match before {
            None if layer.takes_shared() => 0,
            None => 1,
            Some(before) if before.fills_gaps() => 2,
            Some(_) if rows(index) == scope.rows() => 2,
            Some(_) => 3,
        };
        values += copies * models * rows(index) * layer.input();
    }
    // The embeddings, dropout and mask, logits.
    let vectors = OF_OUTPUT * (3 + 2) * chain.embedding();
    values + most + models * frames.len() * vectors
}
