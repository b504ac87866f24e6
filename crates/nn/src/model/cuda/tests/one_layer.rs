//! One layer on the device against its version on the processor: outputs and all gradients, model by model and utterance
//! by utterance.

use std::sync::Arc;

use pipe_foundation::test_support::noise;

use crate::layers::{
    AnyDeviceLayer, AnyFrameLayer, AnyRecurrentLayer, DeviceArrays, DeviceFrames, DeviceRun,
    Gradients, Layer, Run, Share, SizedLayer, Slot, Slots, SpacedFrames, Steps, Walk,
};
use crate::model::EncoderShape;
use crate::model::cuda::chain::{Chain, LaidBatch};
use crate::model::cuda::feed::Feed;
use crate::model::cuda::packing::{Masked, Packed};
use crate::model::cuda::{Card, Frames, Memory, Pointer};

/// Relative to the larger of a value and the root mean square of its array.
const ALLOWED: f64 = 1e-4;
/// What is left of rounding where sums of values of about 1 cancel.
const ROUNDING: f64 = 1e-6;

/// Panics unless every value is about the expected one.
#[track_caller]
fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let squares: f64 = expected.iter().map(|e| f64::from(*e).powi(2)).sum();
    let size = (squares / expected.len().max(1) as f64).sqrt();
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        let (f, e) = (f64::from(*f), f64::from(*e));
        assert!(
            (f - e).abs() <= ALLOWED * size.max(e.abs()) + ROUNDING,
            "value {at}: {f} where {e} was expected (size {size})"
        );
    }
}

/// On what a layer is tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Frames of each utterance.
    pub lengths: Vec<usize>,
    /// Values of a frame.
    pub width: usize,
    pub models: usize,
    /// Whether the models share the frames that go in, where the layer can read such.
    pub shared: bool,
    pub seed: u32,
}

/// What a layer makes of the frames of one model.
struct Made {
    /// For each utterance, the frames that come out.
    output: Vec<Vec<f32>>,
    /// For each utterance, dL/d(frames).
    of_input: Vec<Vec<f32>>,
    /// dL/d(flat values).
    of_values: Vec<f32>,
}

/// Panics unless the layer at `index` of an encoder does on the device what it does on the processor.
#[track_caller]
pub fn agrees(card: &Arc<Card>, layers: &str, index: usize, trial: &Trial) {
    let layers: Vec<Layer> = serde_json::from_str(layers).unwrap();
    let shape = EncoderShape::new(&layers, trial.width).unwrap();
    let chain = Chain::new(&shape).unwrap();
    let sources = vec![(0, Masked::default()); trial.lengths.len()];
    let LaidBatch { packing, layers } = chain.lay(card.sms(), &trial.lengths, &sources);
    let packed = Packed::new(&Feed::new(card).unwrap(), packing, &[]).unwrap();
    let packing = &packed.packing;
    let (before, after) = (&packing.frames[index], &packing.made[index]);
    let (layer, tables) = (&chain.layers()[index], &layers[index]);
    let (models, shared) = (trial.models, trial.shared && layer.takes_shared());
    let (input_width, width) = (layer.input(), layer.output());
    let inputs = if shared { 1 } else { models };
    let input = frames_of(&packed, before, (inputs, input_width), 0.0, trial.seed);
    // What is between the utterances must not count.
    let slope = frames_of(&packed, after, (models, width), f32::NAN, trial.seed ^ 1);
    let parameters = (&**layer as &dyn SizedLayer).parameters();
    let values: Vec<Vec<f32>> = (0..models as u32)
        .map(|model| noise(parameters, trial.seed ^ (model + 7)))
        .collect();

    let there = |values: &[f32]| Memory::of(card, values).unwrap();
    let stacked: Vec<Memory> = (layer.pieces().iter())
        .map(|stretches| {
            let own = |model: &Vec<f32>| {
                let cut = stretches.iter().map(|range| model[range.clone()].to_vec());
                cut.collect::<Vec<_>>().concat()
            };
            there(&values.iter().flat_map(own).collect::<Vec<f32>>())
        })
        .collect();
    let gradients: Vec<Memory> = (stacked.iter())
        .map(|own| Memory::zeros(card, own.len()).unwrap())
        .collect();
    let starts = |all: &[Memory]| all.iter().map(|own| own.at(0)).collect::<Vec<Pointer>>();
    let seeds: Vec<u64> = (0..models as u64).map(|model| 77 + model).collect();
    let run = DeviceRun {
        card,
        packed: &packed,
        before,
        after,
        models,
        seeds: Some(&seeds),
    };
    let frames = DeviceFrames {
        values: there(&input),
        shared,
    };
    let arrays = (starts(&stacked), starts(&gradients));
    let (output, kept) = layer.forward(&run, tables, &arrays.0, frames).unwrap();
    let output = output.read().unwrap();
    let of_output = there(&slope);
    let own = DeviceArrays {
        values: &arrays.0,
        gradients: &arrays.1,
    };
    let of_input = layer
        .backward(&run, tables, kept, own, of_output.at(0), !shared)
        .unwrap();
    assert_eq!(of_input.is_some(), !shared);
    let of_input = of_input.map(|values| values.read().unwrap());
    let gradients: Vec<Vec<f32>> = gradients.iter().map(|own| own.read().unwrap()).collect();

    let (places_before, places_after) = (packing.places(before), packing.places(after));
    if layer.fills_gaps() {
        for (row, values) in output.chunks_exact(width).enumerate() {
            let at = row % after.rows;
            let within = |&(first, count): &(usize, usize)| (first..first + count).contains(&at);
            let taken = places_after.iter().any(within);
            assert!(
                taken || values.iter().all(|&v| v == 0.0),
                "row {at} of no utterance"
            );
        }
    }
    for (model, values) in values.iter().enumerate() {
        let reader = if shared { 0 } else { model };
        let cut = |all: &[f32], (frames, places): (&Frames, &[(usize, usize)]), model, width| {
            let own = places.iter().map(|&(first, count)| {
                all[(model * frames.rows + first) * width..][..count * width].to_vec()
            });
            own.collect::<Vec<Vec<f32>>>()
        };
        let read = (before, &places_before[..]);
        let made = (after, &places_after[..]);
        let frames = cut(&input, read, reader, input_width);
        let slope = cut(&slope, made, model, width);
        let expected = on_processor(layer, values, seeds[model], &frames, &slope);
        for (found, expected) in (cut(&output, made, model, width).iter()).zip(&expected.output) {
            close(found, expected);
        }
        if let Some(of_input) = &of_input {
            let found = cut(of_input, read, model, input_width);
            close(&found.concat(), &expected.of_input.concat());
        }
        for (stretches, found) in layer.pieces().iter().zip(&gradients) {
            let expected: Vec<f32> = (stretches.iter())
                .flat_map(|range| expected.of_values[range.clone()].to_vec())
                .collect();
            let found = &found[model * expected.len()..][..expected.len()];
            close(found, &expected);
        }
    }
}

/// Noise for the frames of each utterance of each model, `fill` in rows of none.
fn frames_of(
    packed: &Packed,
    frames: &Frames,
    (models, width): (usize, usize),
    fill: f32,
    seed: u32,
) -> Vec<f32> {
    let mut values = vec![fill; models * frames.rows * width];
    for model in 0..models {
        for (first, count) in packed.packing.places(frames) {
            let start = (model * frames.rows + first) * width;
            let own = noise(count * width, seed ^ start as u32);
            values[start..start + own.len()].copy_from_slice(&own);
        }
    }
    values
}

/// What the processor makes of the frames of one model, from dL/d(output) of each utterance.
fn on_processor(
    layer: &Arc<dyn AnyDeviceLayer>,
    values: &[f32],
    seed: u64,
    frames: &[Vec<f32>],
    slope: &[Vec<f32>],
) -> Made {
    let widths = (layer.input(), layer.output());
    match layer.run() {
        Run::Frames(run) | Run::Batch(run) => of_frames(run, widths, (values, seed), frames, slope),
        Run::Sequences(run) => of_sequences(run, layer.input(), values, frames, slope),
    }
}

fn of_frames(
    run: &dyn AnyFrameLayer,
    (input_width, width): (usize, usize),
    (values, seed): (&[f32], u64),
    frames: &[Vec<f32>],
    slope: &[Vec<f32>],
) -> Made {
    let laid = |all: &[Vec<f32>], width: usize, gap: usize| {
        let lengths: Vec<usize> = all.iter().map(|own| own.len() / width).collect();
        let mut frames = SpacedFrames::default();
        frames.reset(&lengths, gap, width);
        frames.set_rows(&all.concat());
        frames
    };
    let input = laid(frames, input_width, run.gap());
    let slope = laid(slope, width, 0);
    let mut output = laid(&[], width, 0);
    output.reset(slope.lengths(), 0, width);
    let mut of_input = laid(frames, input_width, run.gap());
    let (mut weights, mut kept, mut scratch) = (Slot::default(), Slot::default(), Slots::default());
    let members: Vec<usize> = (0..frames.len()).collect();
    let share = Share {
        members: &members,
        seed: Some(seed),
        stopped: &|| false,
    };
    run.pack(values, true, true, &mut weights);
    run.forward(
        values,
        &weights,
        share,
        &input,
        &mut output,
        &mut kept,
        &mut scratch,
    );
    let mut of_values = vec![0.0; values.len()];
    let gradients = Gradients {
        values: &mut of_values,
        input: Some(&mut of_input),
    };
    run.backward(
        &weights,
        share,
        &input,
        &slope,
        &kept,
        gradients,
        &mut scratch,
    );
    let apart = |frames: &SpacedFrames| frames.utterances().map(<[f32]>::to_vec).collect();
    Made {
        output: apart(&output),
        of_input: apart(&of_input),
        of_values,
    }
}

fn of_sequences(
    run: &dyn AnyRecurrentLayer,
    width: usize,
    values: &[f32],
    frames: &[Vec<f32>],
    slope: &[Vec<f32>],
) -> Made {
    let lengths: Vec<usize> = frames.iter().map(|own| own.len() / width).collect();
    let mut ranks: Vec<usize> = (0..lengths.len()).collect();
    ranks.sort_by_key(|&at| std::cmp::Reverse(lengths[at]));
    let sorted: Vec<usize> = ranks.iter().map(|&at| lengths[at]).collect();
    let steps = Steps::new(&sorted);
    let (units, wide) = (run.units(), run.units() * run.directions());
    // For each rank and step, the row of the packed sequences.
    let packed = |all: &[Vec<f32>], from: usize, wide: usize, taken: usize| {
        let mut rows = vec![0.0; steps.rows() * taken];
        for (rank, &at) in ranks.iter().enumerate() {
            for (t, frame) in all[at].chunks_exact(wide).enumerate() {
                rows[steps.row(rank, t) * taken..][..taken]
                    .copy_from_slice(&frame[from..from + taken]);
            }
        }
        rows
    };
    let add = |to: &mut [Vec<f32>], from: usize, wide: usize, rows: &[f32], taken: usize| {
        for (rank, &at) in ranks.iter().enumerate() {
            for (t, frame) in to[at].chunks_exact_mut(wide).enumerate() {
                let row = &rows[steps.row(rank, t) * taken..][..taken];
                let own = frame[from..from + taken].iter_mut().zip(row);
                own.for_each(|(sum, v)| *sum += v);
            }
        }
    };
    let zeros = |wide: usize| lengths.iter().map(|n| vec![0.0; n * wide]).collect();
    let mut made = Made {
        output: zeros(wide),
        of_input: zeros(width),
        of_values: Vec::new(),
    };
    let input = packed(frames, 0, width, width);
    for (direction, own) in values.chunks_exact(run.direction_parameters()).enumerate() {
        let (mut weights, mut pass) = (Slot::default(), Slot::default());
        let walk = Walk {
            steps: &steps,
            backward_in_time: direction == 1,
            stopped: &|| false,
        };
        run.pack(own, true, &mut weights);
        run.forward(&weights, walk, &input, &mut pass);
        let slope = packed(slope, direction * units, wide, units);
        run.backward(&weights, walk, &input, &slope, true, &mut pass);
        let states = run.hidden(&pass);
        add(&mut made.output, direction * units, wide, states, units);
        add(&mut made.of_input, 0, width, run.grad_input(&pass), width);
        made.of_values.extend_from_slice(run.grad_values(&pass));
    }
    made
}
