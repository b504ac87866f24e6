//! Max-pooling, bias and ReLU over the convolved frames of one utterance, and the way back.

use pipe_foundation::vectorised;

use crate::layers::conv::shape::ConvShape;

/// Marks an output that ReLU has cut off: no gradient flows back.
pub(super) const CUT: u8 = u8::MAX;

/// Columns pooled together: one AVX2 register.
const LANES: usize = 8;

/// Which columns and rows of the pooled frames a call fills.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    /// Columns of the convolved frames.
    pub(super) channels: usize,
    /// Where they begin among the pooled frames' columns.
    pub(super) first: usize,
    /// Pooled frames.
    pub(super) length: usize,
}

vectorised! {
    /// `output[t] = relu(max over the window of convolved + bias)`; the first maximum wins, NaN stays NaN.
    ///
    /// `convolved` is `[frames, channels]`, `output` and `arg_max` are `[length, output]`.
    pub(super) fn forward / forward_portable (
        shape: &ConvShape,
        bias: &[f32],
        convolved: &[f32],
        columns: Columns,
        output: &mut [f32],
        arg_max: &mut [u8],
    ) {
        let channels = columns.channels;
        let eights = channels / LANES * LANES;
        for t in 0..columns.length {
            let row = &mut output[t * shape.output + columns.first..][..channels];
            let places = &mut arg_max[t * shape.output + columns.first..][..channels];
            let window = &convolved[t * shape.pool_stride * channels..][..shape.pool_width * channels];
            for at in (0..eights).step_by(LANES) {
                lanes::<LANES>(window, channels, bias, at, row, places);
            }
            for at in eights..channels {
                lanes::<1>(window, channels, bias, at, row, places);
            }
        }
    }
}

/// Pools `L` columns of one window.
#[inline(always)]
fn lanes<const L: usize>(
    window: &[f32],
    channels: usize,
    bias: &[f32],
    at: usize,
    row: &mut [f32],
    places: &mut [u8],
) {
    let mut best = [0f32; L];
    best.copy_from_slice(&window[at..at + L]);
    // As wide as the values: bytes next to floats keep the compiler from using whole registers.
    let mut place = [0u32; L];
    for (k, frame) in (0u32..).zip(window.chunks_exact(channels)).skip(1) {
        let mut values = [0f32; L];
        values.copy_from_slice(&frame[at..at + L]);
        for l in 0..L {
            let better = (values[l] > best[l]) | values[l].is_nan();
            best[l] = if better { values[l] } else { best[l] };
            place[l] = if better { k } else { place[l] };
        }
    }
    let mut biases = [0f32; L];
    biases.copy_from_slice(&bias[at..at + L]);
    for l in 0..L {
        let value = best[l] + biases[l];
        best[l] = if value < 0.0 { 0.0 } else { value };
        place[l] = if value > 0.0 {
            place[l]
        } else {
            u32::from(CUT)
        };
    }
    row[at..at + L].copy_from_slice(&best);
    for (to, place) in places[at..at + L].iter_mut().zip(place) {
        *to = place as u8;
    }
}

vectorised! {
    /// Adds each output's gradient to the frame that was the maximum, and to the bias.
    pub(super) fn backward / backward_portable (
        shape: &ConvShape,
        gradient: &[f32],
        arg_max: &[u8],
        convolved: &mut [f32],
        bias: &mut [f32],
    ) {
        let channels = shape.output;
        for (t, (row, places)) in gradient
            .chunks_exact(channels)
            .zip(arg_max.chunks_exact(channels))
            .enumerate()
        {
            let window = &mut convolved[t * shape.pool_stride * channels..][..shape.pool_width * channels];
            for (k, frame) in window.chunks_exact_mut(channels).enumerate() {
                for ((sum, &place), &value) in frame.iter_mut().zip(places).zip(row) {
                    *sum += if place == k as u8 { value } else { 0.0 };
                }
            }
            for ((sum, &place), &value) in bias.iter_mut().zip(places).zip(row) {
                *sum += if place == CUT { 0.0 } else { value };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::*;

    #[test]
    fn both_builds_give_the_same_bits_and_nan_stays() {
        let shape = ConvShape {
            input: 1,
            output: 37,
            width: 1,
            padding: 0,
            pool_width: 3,
            pool_stride: 2,
        };
        let mut convolved = noise(11 * 37, 1);
        convolved[40] = f32::NAN;
        let bias = noise(37, 2);
        let run = |portable: bool| {
            let forward = if portable { forward_portable } else { forward };
            let (mut out, mut places) = (vec![0.0; 5 * 37], vec![0; 5 * 37]);
            let columns = Columns {
                channels: 37,
                first: 0,
                length: 5,
            };
            forward(&shape, &bias, &convolved, columns, &mut out, &mut places);
            (out, places)
        };
        let (fast, places) = run(false);
        let (portable, same_places) = run(true);
        assert!(fast[3].is_nan());
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&fast), bits(&portable));
        assert_eq!(places, same_places);
        let gradient = noise(5 * 37, 3);
        let back = |portable: bool| {
            let backward = if portable {
                backward_portable
            } else {
                backward
            };
            let (mut frames, mut bias) = (vec![0.0; 11 * 37], vec![0.0; 37]);
            backward(&shape, &gradient, &places, &mut frames, &mut bias);
            (frames, bias)
        };
        assert_eq!(back(false), back(true));
    }
}
