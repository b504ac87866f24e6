//! Which arrays models of one network have, and where each is among a model's values on the processor.

use std::ops::Range;

use crate::model::Network;
use crate::model::heads::Dense;

use super::chain::Chain;

/// One array of parameters, of the same size in every model.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Values of one model before it.
    pub before: usize,
    /// Its values in one model.
    pub length: usize,
}

/// Places of a fully connected layer's arrays.
#[derive(Clone, Copy, Debug, Default)]
pub struct DensePieces {
    pub weight: usize,
    pub bias: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// The arrays of the shared network: encoder and emotion head.
#[derive(Clone, Debug, Default)]
pub struct SharedArrays {
    pub pieces: Vec<Piece>,
    /// For each layer of the encoder, its pieces.
    pub layers: Vec<Vec<usize>>,
    pub emotion: DensePieces,
    /// Where the pieces of the encoder are in its flat values.
    ranges: Vec<Vec<Range<usize>>>,
}

/// Adds an array to a list of pieces.
pub fn push(pieces: &mut Vec<Piece>, length: usize) -> usize {
    let before = pieces.last().map_or(0, |last| last.before + last.length);
    pieces.push(Piece { before, length });
    pieces.len() - 1
}

/// Adds weight and bias of a layer.
pub fn push_dense(pieces: &mut Vec<Piece>, layer: &Dense) -> DensePieces {
    DensePieces {
        weight: push(pieces, layer.weight.len()),
        bias: push(pieces, layer.bias.len()),
        inputs: layer.inputs,
        outputs: layer.outputs,
    }
}

impl SharedArrays {
    /// The arrays of networks like this one, whose encoder has these layers.
    pub fn new(network: &Network, chain: &Chain) -> Self {
        let (mut pieces, mut ranges) = (Vec::new(), Vec::new());
        let places = &network.encoder.layout().layers;
        let layers = chain.layers().iter().zip(places).map(|(layer, place)| {
            let moved = |range: Range<usize>| place.start + range.start..place.start + range.end;
            let mut own = Vec::new();
            for stretches in layer.pieces() {
                let stretches: Vec<_> = stretches.into_iter().map(moved).collect();
                own.push(push(&mut pieces, stretches.iter().map(Range::len).sum()));
                ranges.push(stretches);
            }
            own
        });
        Self {
            layers: layers.collect(),
            emotion: push_dense(&mut pieces, &network.emotion),
            pieces,
            ranges,
        }
    }

    /// The values of each piece, cut as they are in the network.
    pub fn slices<'a>(&self, network: &'a Network) -> Vec<Vec<&'a [f32]>> {
        let encoder = self.ranges.iter().map(|ranges| {
            let cut = |range: &Range<usize>| &network.values[range.clone()];
            ranges.iter().map(cut).collect()
        });
        let emotion = dense_slices(std::iter::once(&network.emotion));
        encoder.chain(emotion).collect()
    }

    /// Puts the values of piece `index` where they are in the network.
    pub fn put(&self, network: &mut Network, index: usize, mut values: &[f32]) {
        if let Some(ranges) = self.ranges.get(index) {
            for range in ranges {
                let (own, rest) = values.split_at(range.len());
                network.values[range.clone()].copy_from_slice(own);
                values = rest;
            }
            return;
        }
        let index = index - self.ranges.len();
        put_dense(&mut network.emotion, index, values);
    }
}

/// Weight and bias of each layer as pieces.
pub fn dense_slices<'a>(
    layers: impl Iterator<Item = &'a Dense>,
) -> impl Iterator<Item = Vec<&'a [f32]>> {
    layers.flat_map(|layer| [vec![&layer.weight[..]], vec![&layer.bias[..]]])
}

/// Puts the values of a piece into the layer; even pieces are weights.
pub fn put_dense(layer: &mut Dense, index: usize, values: &[f32]) {
    let to = match index.is_multiple_of(2) {
        true => &mut layer.weight,
        false => &mut layer.bias,
    };
    to.copy_from_slice(values);
}
