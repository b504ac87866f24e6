//! A convolution of odd width that leaves as many frames as it gets, as one matrix product over the overlapping windows.
//!
//! Frames have gaps of half the width on the way in and out: the window that begins at a row gives the frame in its middle.

use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

use crate::layers::spaced::SpacedFrames;

/// Sizes of the convolution.
#[derive(Clone, Copy, Debug)]
pub struct SameConv {
    pub input: usize,
    pub output: usize,
    /// Frames under the kernel; odd.
    pub width: usize,
}

impl SameConv {
    /// Values of the weight.
    pub fn weights(self) -> usize {
        self.width * self.input * self.output
    }

    /// Values of weight and bias.
    pub fn parameters(self) -> usize {
        self.weights() + self.output
    }

    fn gap(self) -> usize {
        self.width / 2
    }

    /// Windows in this many rows.
    fn windows(self, rows: usize) -> usize {
        rows.saturating_sub(2 * self.gap())
    }
}

/// Weight and bias, packed for the passes.
#[derive(Default)]
pub struct SameWeights {
    forward: Packed,
    /// The kernel turned over in time: the gradient of the input is a convolution with it.
    backward: Packed,
    bias: Vec<f32>,
}

impl SameWeights {
    /// Packs the weight `[width, input, output]` and the bias; the form of the input's gradient only where it is needed.
    pub fn pack(&mut self, conv: SameConv, values: &[f32], input_gradient: bool) {
        let SameConv {
            input,
            output,
            width,
        } = conv;
        let (weight, bias) = values.split_at(conv.weights());
        self.forward.pack(weight, width * input, output, output, 1);
        self.bias.clear();
        self.bias.extend_from_slice(bias);
        if input_gradient {
            let mut turned = Vec::with_capacity(weight.len());
            for tap in weight.chunks_exact(input * output).rev() {
                let column = |o: usize| tap.iter().skip(o).step_by(output);
                turned.extend((0..output).flat_map(column));
            }
            self.backward.pack(&turned, width * output, input, input, 1);
        }
    }

    /// The convolved frames of `x`, which has gaps of half the width, in the same geometry.
    pub fn forward(&self, conv: SameConv, x: &SpacedFrames, out: &mut SpacedFrames) {
        convolve(conv, &self.forward, x, out);
        for frames in out.utterances_mut() {
            for frame in frames.chunks_exact_mut(conv.output) {
                let both = frame.iter_mut().zip(&self.bias);
                both.for_each(|(sum, bias)| *sum += bias);
            }
        }
    }

    /// dL/dx from dL/d(output), whose gaps are zero.
    pub fn input_gradient(&self, conv: SameConv, gradient: &SpacedFrames, of_x: &mut SpacedFrames) {
        let turned = SameConv {
            input: conv.output,
            output: conv.input,
            ..conv
        };
        convolve(turned, &self.backward, gradient, of_x);
    }
}

/// The windows of `x` times a packed kernel, with gaps of zeros.
fn convolve(conv: SameConv, kernel: &Packed, x: &SpacedFrames, out: &mut SpacedFrames) {
    let (gap, channels) = (conv.gap(), conv.output);
    let windows = conv.windows(x.rows());
    let mut all = vec![0.0; windows * channels];
    multiply(
        windows,
        x.values(),
        conv.input,
        kernel,
        &mut all,
        channels,
        false,
    );
    out.reset(x.lengths(), gap, channels);
    // The window of an utterance's first frame begins the gap before it.
    let starts: Vec<usize> = out.window_starts().collect();
    for (start, frames) in starts.into_iter().zip(out.utterances_mut()) {
        frames.copy_from_slice(&all[start * channels..][..frames.len()]);
    }
}

/// The gradients of weight and bias, written over `of_values`, from dL/d(output), whose gaps are zero.
pub fn value_gradients(
    conv: SameConv,
    x: &SpacedFrames,
    gradient: &SpacedFrames,
    of_values: &mut [f32],
) {
    let channels = conv.output;
    let (of_weight, of_bias) = of_values.split_at_mut(conv.weights());
    let windows = conv.windows(x.rows());
    let middle = &gradient.values()[(conv.gap() * channels).min(gradient.values().len())..];
    let mut packed = Packed::default();
    packed.pack(middle, windows, channels, channels, 1);
    let taps = conv.width * conv.input;
    multiply_transposed(
        taps,
        x.values(),
        conv.input,
        &packed,
        of_weight,
        channels,
        false,
    );
    of_bias.fill(0.0);
    for frame in gradient.values().chunks_exact(channels) {
        of_bias.iter_mut().zip(frame).for_each(|(sum, g)| *sum += g);
    }
}
