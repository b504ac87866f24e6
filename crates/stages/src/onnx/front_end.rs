//! The filterbank as ONNX operators: `[batch, samples]` to normalised features `[batch, frames, bins]`.
//!
//! The same steps as [`Fbank`](pipe_speech::dsp::Fbank), with the Fourier transform as one matrix. Pre-emphasis and mean
//! removal stay steps of their own: folded into that matrix, the loud low frequencies that they take away would leave
//! their rounding errors in the quiet high ones.

use std::f64::consts::TAU;

use pipe_speech::dsp::{Fbank, Normalisation, NormalisedFbank};

use super::error::OnnxError;
use pipe_nn::onnx::{Attribute, Graph};

/// The least deviation that features are divided by, as in [`normalise`](pipe_speech::dsp::normalise).
const MIN_DEVIATION: f32 = 1e-5;

/// Most values of the matrix that is the Fourier transform: 256 MiB.
const MOST_VALUES: usize = 1 << 26;

/// Adds the whole front end after the value `waveform`; gives back the name of the features.
pub(super) fn add(
    graph: &mut Graph,
    waveform: &str,
    features: &NormalisedFbank,
) -> Result<String, OnnxError> {
    let fbank = features.fbank();
    if fbank.options().dither > 0.0 {
        return Err(OnnxError::Dither);
    }
    let frame_length = fbank.window().len();
    if frame_length.saturating_mul(fbank.fft_len()) > MOST_VALUES {
        return Err(OnnxError::LongFrames { frame_length });
    }
    let frames = frames(graph, waveform, fbank);
    let weighed = weigh(graph, frames, fbank);
    let energies = energies(graph, &weighed, fbank);
    Ok(normalise(graph, energies, features.normalisation()))
}

/// `[batch, samples]` to `[batch, frames, frame length]`: samples are gathered by their index.
fn frames(graph: &mut Graph, waveform: &str, fbank: &Fbank) -> String {
    let options = fbank.options();
    let (length, shift) = (fbank.window().len() as i64, options.frame_shift() as i64);
    let shape = graph.node("Shape", "waveform_shape", &[waveform]);
    let (zero, one) = (graph.int("zero", 0), graph.int("one", 1));
    let samples = graph.node("Gather", "samples", &[&shape, &one]);
    let shift_of = graph.int("frame_shift", shift);
    // Frames beyond the first with `snip_edges`, all of them without.
    let (added, first) = match options.snip_edges {
        true => (-length, 0),
        false => (shift / 2, shift / 2 - length / 2),
    };
    let added = graph.int("samples_added", added);
    let usable = graph.node("Add", "usable_samples", &[&samples, &added]);
    let mut count = graph.node("Div", "whole_shifts", &[&usable, &shift_of]);
    if options.snip_edges {
        count = graph.node("Add", "frame_count", &[&count, &one]);
    }
    // A recording too short for a frame gets one that is outside, so that the graph fails and does not guess.
    let at_least_one = graph.node("Max", "frame_count_or_one", &[&count, &one]);
    let numbers = graph.node("Range", "frame_numbers", &[&zero, &at_least_one, &one]);
    let starts = graph.node("Mul", "frame_starts", &[&numbers, &shift_of]);
    let last_axis = graph.ints("axis_1", &[1], &[1]);
    let starts = graph.node("Unsqueeze", "frame_starts_column", &[&starts, &last_axis]);
    let offsets: Vec<i64> = (0..length).map(|i| i + first).collect();
    let offsets = graph.ints("sample_offsets", &[offsets.len()], &offsets);
    let mut indices = graph.node("Add", "sample_indices", &[&starts, &offsets]);
    if !options.snip_edges {
        // The audio mirrored at its ends: i mod 2n, and what is beyond n counted from the end.
        let period = graph.node("Add", "period", &[&samples, &samples]);
        let wrapped = graph.node("Mod", "wrapped_indices", &[&indices, &period]);
        let last = graph.node("Sub", "period_end", &[&period, &one]);
        let mirrored = graph.node("Sub", "mirrored_indices", &[&last, &wrapped]);
        let inside = graph.node("Min", "indices_inside", &[&wrapped, &mirrored]);
        let too_short = graph.node("Less", "too_short", &[&count, &one]);
        let too_short = graph.node_with(
            "Cast",
            "too_short_number",
            &[&too_short],
            &[("to", Attribute::Int(7))],
        );
        let outside = graph.node("Mul", "outside", &[&too_short, &samples]);
        indices = graph.node("Add", "checked_indices", &[&inside, &outside]);
    }
    graph.node_with(
        "Gather",
        "frames",
        &[waveform, &indices],
        &[("axis", Attribute::Int(1))],
    )
}

/// Mean removal, pre-emphasis and window within each frame.
fn weigh(graph: &mut Graph, mut frames: String, fbank: &Fbank) -> String {
    let options = fbank.options();
    let length = fbank.window().len();
    if options.remove_dc {
        let mean = graph.node_with(
            "ReduceMean",
            "frame_mean",
            &[&frames],
            &[
                ("axes", Attribute::ints(&[2])),
                ("keepdims", Attribute::Int(1)),
            ],
        );
        frames = graph.node("Sub", "centred_frames", &[&frames, &mean]);
    }
    if options.preemphasis != 0.0 {
        let start = graph.ints("first_sample", &[1], &[0]);
        let second = graph.ints("second_sample", &[1], &[1]);
        let end = graph.ints("last_sample", &[1], &[length as i64 - 1]);
        let axis = graph.ints("sample_axis", &[1], &[2]);
        let first = graph.node("Slice", "first_samples", &[&frames, &start, &second, &axis]);
        let rest = graph.node("Slice", "earlier_samples", &[&frames, &start, &end, &axis]);
        let previous = graph.node_with(
            "Concat",
            "previous_samples",
            &[&first, &rest],
            &[("axis", Attribute::Int(2))],
        );
        let coefficient = graph.floats("preemphasis", &[], &[options.preemphasis as f32]);
        let taken = graph.node("Mul", "taken_samples", &[&previous, &coefficient]);
        frames = graph.node("Sub", "emphasised_frames", &[&frames, &taken]);
    }
    let window = graph.floats("window", &[length], fbank.window());
    graph.node("Mul", "windowed_frames", &[&frames, &window])
}

/// Spectrum, mel filters and logarithm: `[batch, frames, bins]`.
fn energies(graph: &mut Graph, frames: &str, fbank: &Fbank) -> String {
    let options = fbank.options();
    let (length, half) = (fbank.window().len(), fbank.fft_len() / 2);
    let transform = graph.floats(
        "fourier_transform",
        &[length, 2 * half],
        &fourier_transform(length, fbank.fft_len()),
    );
    let spectrum = graph.node("MatMul", "spectrum", &[frames, &transform]);
    let squares = graph.node("Mul", "spectrum_squares", &[&spectrum, &spectrum]);
    let mel = fbank.mel_matrix();
    let mut energies = if options.use_power {
        // The filters sum real and imaginary parts in one go.
        let twice = [mel.as_slice(), &mel].concat();
        let filters = graph.floats("mel_filters", &[2 * half, options.bins], &twice);
        graph.node("MatMul", "energies", &[&squares, &filters])
    } else {
        graph.push(
            "Split",
            "spectrum_parts",
            &[&squares],
            &["real_squares", "imaginary_squares"],
            &[("axis", Attribute::Int(2))],
        );
        let power = graph.node("Add", "power", &["real_squares", "imaginary_squares"]);
        let magnitudes = graph.node("Sqrt", "magnitudes", &[&power]);
        let filters = graph.floats("mel_filters", &[half, options.bins], &mel);
        graph.node("MatMul", "energies", &[&magnitudes, &filters])
    };
    if options.use_log {
        let floor = graph.floats("log_floor", &[], &[options.log_floor as f32]);
        energies = graph.node("Max", "floored_energies", &[&energies, &floor]);
        energies = graph.node("Log", "log_energies", &[&energies]);
    }
    energies
}

/// cos and -sin of 2 pi i k / n as a matrix `[length, n]`: n / 2 real columns, then n / 2 imaginary ones.
fn fourier_transform(length: usize, n: usize) -> Vec<f32> {
    let half = n / 2;
    let angle = |i: usize, k: usize| TAU * ((i * k) % n) as f64 / n as f64;
    (0..length)
        .flat_map(|i| {
            let real = (0..half).map(move |k| angle(i, k).cos() as f32);
            real.chain((0..half).map(move |k| -angle(i, k).sin() as f32))
        })
        .collect()
}

/// Normalisation over the frames, relative to the first one as in [`normalise`](pipe_speech::dsp::normalise): a bin that
/// never changes becomes exactly 0.
fn normalise(graph: &mut Graph, features: String, normalisation: Normalisation) -> String {
    if normalisation == Normalisation::None {
        return features;
    }
    let mean = |graph: &mut Graph, name: &str, of: &str| {
        let attributes = [
            ("axes", Attribute::ints(&[1])),
            ("keepdims", Attribute::Int(1)),
        ];
        graph.node_with("ReduceMean", name, &[of], &attributes)
    };
    let first = graph.int("first_frame", 0);
    let pivot = graph.node_with(
        "Gather",
        "pivot_frame",
        &[&features, &first],
        &[("axis", Attribute::Int(1))],
    );
    let axis = graph.ints("frame_axis", &[1], &[1]);
    let pivot = graph.node("Unsqueeze", "pivot", &[&pivot, &axis]);
    let relative = graph.node("Sub", "relative_features", &[&features, &pivot]);
    let means = mean(graph, "feature_means", &relative);
    let centred = graph.node("Sub", "centred_features", &[&relative, &means]);
    if normalisation == Normalisation::Mean {
        return centred;
    }
    let squares = graph.node("Mul", "feature_squares", &[&centred, &centred]);
    let variances = mean(graph, "feature_variances", &squares);
    let deviations = graph.node("Sqrt", "feature_deviations", &[&variances]);
    let least = graph.floats("least_deviation", &[], &[MIN_DEVIATION]);
    let deviations = graph.node("Max", "feature_scales", &[&deviations, &least]);
    graph.node("Div", "normalised_features", &[&centred, &deviations])
}
