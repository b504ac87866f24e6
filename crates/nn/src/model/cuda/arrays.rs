//! Which arrays models of one network have, and where each is among a model's values on the processor.

use std::ops::Range;

use crate::layers::DeviceShape;
use crate::layers::lstm::direction::DirectionLayout;
use crate::layers::lstm::shape::LstmShape;
use crate::model::Network;
use crate::model::heads::Dense;

/// One array of parameters, of the same size in every model.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Values of one model before it.
    pub before: usize,
    /// Its values in one model.
    pub length: usize,
}

/// Places of a recurrent layer's arrays; all directions of one array are together.
#[derive(Clone, Copy, Debug)]
pub struct RecurrentPieces {
    pub input: usize,
    pub hidden: usize,
    pub bias_input: usize,
    pub bias_hidden: usize,
}

/// Places of a fully connected layer's arrays.
#[derive(Clone, Copy, Debug)]
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
    /// For each block, weight and bias.
    pub convs: Vec<(usize, usize)>,
    pub lstms: Vec<RecurrentPieces>,
    /// The layers after the pooling, the emotion head last.
    pub dense: Vec<DensePieces>,
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
    /// The arrays of networks like this one, whose encoder has this shape.
    pub fn new(network: &Network, shape: &DeviceShape) -> Self {
        let mut layers = network.encoder.layout().layers.iter().cloned();
        let mut own = Self::default();
        for (conv, range) in shape.convs.iter().zip(layers.by_ref()) {
            let middle = range.start + conv.width * conv.input * conv.output;
            let pieces = (
                own.place(std::iter::once(range.start..middle).collect()),
                own.place(std::iter::once(middle..range.end).collect()),
            );
            own.convs.push(pieces);
        }
        for lstm in &shape.lstms {
            let range = layers.next().unwrap_or_default();
            let [input, hidden, bias_input, bias_hidden] = recurrent_ranges(lstm, range.start);
            let pieces = RecurrentPieces {
                input: own.place(input),
                hidden: own.place(hidden),
                bias_input: own.place(bias_input),
                bias_hidden: own.place(bias_hidden),
            };
            own.lstms.push(pieces);
        }
        // The pooling over time has no arrays.
        for (&(inputs, outputs), range) in shape.linears.iter().zip(layers.skip(1)) {
            let middle = range.start + inputs * outputs;
            let pieces = DensePieces {
                weight: own.place(std::iter::once(range.start..middle).collect()),
                bias: own.place(std::iter::once(middle..range.end).collect()),
                inputs,
                outputs,
            };
            own.dense.push(pieces);
        }
        let pieces = push_dense(&mut own.pieces, &network.emotion);
        own.dense.push(pieces);
        own
    }

    fn place(&mut self, ranges: Vec<Range<usize>>) -> usize {
        let length = ranges.iter().map(Range::len).sum();
        self.ranges.push(ranges);
        push(&mut self.pieces, length)
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

/// For each of the four arrays of a recurrent layer, its place in every direction; the layer begins at `start`.
fn recurrent_ranges(lstm: &LstmShape, mut start: usize) -> [Vec<Range<usize>>; 4] {
    let mut ranges: [Vec<Range<usize>>; 4] = Default::default();
    let sizes = DirectionLayout::new(lstm).lengths();
    for _ in 0..lstm.directions {
        for (own, size) in ranges.iter_mut().zip(sizes) {
            own.push(start..start + size);
            start += size;
        }
    }
    ranges
}
