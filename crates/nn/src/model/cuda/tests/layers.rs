//! Each layer of the encoder on the device against its naive twin on the processor, over random shapes.

use proptest::prelude::*;

use crate::layers::DeviceShape;
use crate::layers::conv::cuda_kernel::{self as conv_block, BlockArrays};
use crate::layers::conv::naive as naive_block;
use crate::layers::conv::shape::ConvShape;
use crate::layers::lstm::cuda_kernel::{self as lstm, LayerArrays};
use crate::layers::lstm::naive as naive_lstm;
use crate::layers::lstm::shape::LstmShape;
use crate::layers::testing::{close_to_size, lengths};
use crate::layers::time_pool::TimePool;
use crate::layers::time_pool::cuda_kernel::{self as time_pool, PoolShape};
use crate::layers::time_pool::rows::{last_step, mean, mean_backward};
use crate::model::cuda::feed::Feed;
use crate::model::cuda::packing::Packing;

use super::*;

/// Relative to the larger of a value and the root mean square of its array.
const ALLOWED: f64 = 1e-4;
const CASES: u32 = 24;

fn shape(bins: usize, convs: Vec<ConvShape>, lstms: Vec<LstmShape>) -> DeviceShape {
    DeviceShape {
        bins,
        convs,
        lstms,
        pool: TimePool::Mean,
        linears: Vec::new(),
    }
}

/// A batch of utterances with this many frames on the device.
fn packed(card: &Arc<Card>, shape: &DeviceShape, frames: &[usize]) -> Packed {
    let sources = vec![(0, Masked::default()); frames.len()];
    let packing = Packing::new(shape, card.sms(), frames, &sources);
    Packed::new(&Feed::new(card).unwrap(), packing, &[]).unwrap()
}

/// First row and rows of each utterance.
fn places(packed: &Packed, frames: &Frames) -> Vec<(usize, usize)> {
    let numbers = &packed.packing.numbers;
    let place = |u: usize| (numbers[frames.first + u], numbers[frames.count + u]);
    let all = (0..packed.packing.utterances).map(place);
    all.map(|(first, count)| (first as usize, count as usize))
        .collect()
}

/// Noise for the frames of each utterance of each model, `fill` in rows of none.
fn rows(
    packed: &Packed,
    frames: &Frames,
    (models, channels): (usize, usize),
    fill: f32,
    seed: u32,
) -> Vec<f32> {
    let mut values = vec![fill; models * frames.rows * channels];
    for model in 0..models {
        for (first, count) in places(packed, frames) {
            let start = (model * frames.rows + first) * channels;
            let own = noise(count * channels, seed ^ start as u32);
            values[start..start + own.len()].copy_from_slice(&own);
        }
    }
    values
}

/// The frames of an utterance of a model.
fn of<'a>(
    values: &'a [f32],
    frames: &Frames,
    (model, (first, count)): (usize, (usize, usize)),
    channels: usize,
) -> &'a [f32] {
    &values[(model * frames.rows + first) * channels..][..count * channels]
}

/// Adds to sums.
fn add(sums: &mut [f32], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn a_convolution_block_equals_its_naive_twin(
        lengths in lengths(40, 6), input in 1usize..9, output in 1usize..9, width in 1usize..7,
        missing in 0usize..6, pool_width in 1usize..4, pool_stride in 1usize..4,
        models in 1usize..8, share: bool, seed: u32,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let conv = |input, output| ConvShape {
            input, output, width, padding: (width - 1).saturating_sub(missing), pool_width, pool_stride,
        };
        // A second block, so that the first one leaves zeros between the utterances.
        let shape = shape(input, vec![conv(input, output), conv(output, 3)], Vec::new());
        let own = shape.convs[0];
        let packed = packed(&card, &shape, &lengths);
        let inputs = if share { 1 } else { models };
        let (before, after) = (&packed.packing.frames[0], &packed.packing.frames[1]);
        let length = width * input * output;
        let frames = rows(&packed, before, (inputs, input), 0.0, seed);
        let (weight, bias) = (noise(models * length, seed ^ 1), noise(models * output, seed ^ 2));
        // What is between the utterances must not count.
        let slope = rows(&packed, after, (models, output), f32::NAN, seed ^ 3);

        let there = |values: &[f32]| Memory::of(&card, values).unwrap();
        let (weights, biases) = (there(&weight), there(&bias));
        let arrays = BlockArrays { weight: weights.at(0), bias: biases.at(0) };
        let (found, pass) = conv_block::forward(
            &card, &own, &packed, 0, (models, inputs), arrays, there(&frames),
        ).unwrap();
        let found = found.read().unwrap();
        let of_weights = Memory::<f32>::zeros(&card, weight.len()).unwrap();
        let of_biases = Memory::<f32>::zeros(&card, bias.len()).unwrap();
        let gradients = BlockArrays { weight: of_weights.at(0), bias: of_biases.at(0) };
        let of_frames = conv_block::backward(
            &card, &own, &packed, 0, models, pass, &there(&slope), (arrays, gradients), inputs == models,
        ).unwrap();
        let of_frames = of_frames.map(|values| values.read().unwrap());
        let (of_weights, of_biases) = (of_weights.read().unwrap(), of_biases.read().unwrap());

        let between = places(&packed, after);
        for (row, values) in found.chunks_exact(output).enumerate() {
            let at = row % after.rows;
            let taken = between.iter().any(|&(first, count)| (first..first + count).contains(&at));
            prop_assert!(taken || values.iter().all(|&v| v == 0.0), "row {} of no utterance", row);
        }
        for model in 0..models {
            let weight = &weight[model * length..][..length];
            let bias = &bias[model * output..][..output];
            let mut sums = (vec![0.0; length], vec![0.0; output]);
            for (&read, &made) in places(&packed, before).iter().zip(&between) {
                let reader = if share { 0 } else { model };
                let frames = of(&frames, before, (reader, read), input);
                let expected = naive_block::forward(&own, weight, bias, frames);
                close_to_size(of(&found, after, (model, made), output), &expected.values, ALLOWED);
                let slope = of(&slope, after, (model, made), output);
                let (of_weight, of_bias, expected) =
                    naive_block::backward(&own, weight, frames, &expected, slope);
                add(&mut sums.0, &of_weight);
                add(&mut sums.1, &of_bias);
                if let Some(found) = &of_frames {
                    close_to_size(of(found, before, (model, read), input), &expected, ALLOWED);
                }
            }
            close_to_size(&of_weights[model * length..][..length], &sums.0, ALLOWED);
            close_to_size(&of_biases[model * output..][..output], &sums.1, ALLOWED);
        }
    }

    #[test]
    fn a_recurrent_layer_equals_its_naive_twin(
        lengths in lengths(12, 7), input in 1usize..7, units in 1usize..9, both: bool,
        models in 1usize..5, seed: u32,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let directions = if both { 2 } else { 1 };
        let layer = LstmShape { input, units, directions };
        let packed = packed(&card, &shape(input, Vec::new(), vec![layer]), &lengths);
        let own = &packed.packing.frames[0];
        let wide = directions * units;
        let frames = rows(&packed, own, (models, input), 0.0, seed);
        let slope = rows(&packed, own, (models, wide), 0.0, seed ^ 1);
        let sizes = [4 * units * input, 4 * units * units, 4 * units, 4 * units];
        let all = models * directions;
        let arrays = std::array::from_fn::<_, 4, _>(|k| noise(all * sizes[k], seed ^ (k as u32 + 2)));

        let there = |values: &[f32]| Memory::of(&card, values).unwrap();
        let memories = arrays.each_ref().map(|values| there(values));
        let places_of = |memories: &[Memory; 4]| LayerArrays {
            input: memories[0].at(0),
            hidden: memories[1].at(0),
            bias_input: memories[2].at(0),
            bias_hidden: memories[3].at(0),
        };
        let weights = places_of(&memories);
        let (found, pass) =
            lstm::forward(&card, &layer, &packed, models, weights, there(&frames)).unwrap();
        let found = found.read().unwrap();
        let sums = sizes.map(|size| Memory::<f32>::zeros(&card, all * size).unwrap());
        let gradients = (weights, places_of(&sums));
        let of_frames =
            lstm::backward(&card, &layer, &packed, models, pass, &there(&slope), gradients, true);
        let of_frames = of_frames.unwrap().unwrap().read().unwrap();
        let sums = sums.map(|memory| memory.read().unwrap());

        // One direction's share of frames `[count, directions, units]`.
        let side = |values: &[f32], direction: usize| -> Vec<f32> {
            let rows = values.chunks_exact(wide);
            rows.flat_map(|row| row[direction * units..][..units].to_vec()).collect()
        };
        for model in 0..models {
            let utterances = places(&packed, own);
            let mut expected_frames = vec![Vec::new(); utterances.len()];
            for direction in 0..directions {
                let place = model * directions + direction;
                let cut = |k: usize| &arrays[k][place * sizes[k]..][..sizes[k]];
                let twin = naive_lstm::Weights { input, units, arrays: std::array::from_fn(cut) };
                let mut expected = sizes.map(|size| vec![0.0; size]);
                for (&at, of_frames) in utterances.iter().zip(&mut expected_frames) {
                    let frames = of(&frames, own, (model, at), input);
                    let states = naive_lstm::forward(&twin, frames, direction == 1);
                    let found = side(of(&found, own, (model, at), wide), direction);
                    close_to_size(&found, &states.hidden(), ALLOWED);
                    let slope = side(of(&slope, own, (model, at), wide), direction);
                    let (more, further) = naive_lstm::backward(&twin, frames, &states, &slope);
                    expected.iter_mut().zip(&more).for_each(|(sum, more)| add(sum, more));
                    of_frames.resize(further.len(), 0.0);
                    add(of_frames, &further);
                }
                for (k, expected) in expected.iter().enumerate() {
                    close_to_size(&sums[k][place * sizes[k]..][..sizes[k]], expected, ALLOWED);
                }
            }
            for (&at, expected) in utterances.iter().zip(&expected_frames) {
                close_to_size(of(&of_frames, own, (model, at), input), expected, ALLOWED);
            }
        }
    }

    #[test]
    fn pooling_over_time_is_that_of_the_processor(
        lengths in lengths(20, 6), units in 1usize..9, last: bool, models in 1usize..5, seed: u32,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let width = 2 * units;
        let packed = packed(&card, &shape(width, Vec::new(), Vec::new()), &lengths);
        let own = &packed.packing.frames[0];
        let how = if last { TimePool::LastStates } else { TimePool::Mean };
        let shape = PoolShape { how, width, units };
        let frames = rows(&packed, own, (models, width), 0.0, seed);
        let slope = noise(models * lengths.len() * width, seed ^ 1);
        let there = |values: &[f32]| Memory::of(&card, values).unwrap();
        let found = time_pool::forward(&card, shape, &packed, models, &there(&frames)).unwrap();
        let found = found.read().unwrap();
        let from = there(&slope);
        let of_frames = time_pool::backward(&card, shape, &packed, models, from.at(0)).unwrap();
        let of_frames = of_frames.read().unwrap();
        for model in 0..models {
            for (utterance, at) in places(&packed, own).into_iter().enumerate() {
                let place = (model * lengths.len() + utterance) * width;
                let frames = of(&frames, own, (model, at), width);
                let slope = &slope[place..][..width];
                let mut expected = vec![0.0; width];
                let mut back = vec![0.0; frames.len()];
                if last {
                    for (c, expected) in expected.iter_mut().enumerate() {
                        let from = last_step(at.1, c >= units) * width + c;
                        *expected = frames[from];
                        back[from] = slope[c];
                    }
                } else {
                    mean(frames.chunks_exact(width), &mut expected);
                    for row in back.chunks_exact_mut(width) {
                        mean_backward(slope, at.1, row);
                    }
                }
                close_to_size(&found[place..][..width], &expected, ALLOWED);
                close_to_size(of(&of_frames, own, (model, at), width), &back, ALLOWED);
            }
        }
    }
}
