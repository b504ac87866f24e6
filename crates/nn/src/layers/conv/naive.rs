//! The convolution block written as its definition says, one utterance at a time: the reference of the fast one.

use crate::layers::conv::shape::ConvShape;

/// Result of [`forward`]: pooled frames, and the convolved frame (plus channel) each one came from.
pub struct Pooled {
    /// `[pooled frames, output]`.
    pub values: Vec<f32>,
    /// Index into the convolved frames, none where ReLU cut the value off.
    pub source: Vec<Option<usize>>,
}

/// `frames` is `[frames, input]`, `weight` `[width, input, output]`.
pub fn forward(shape: &ConvShape, weight: &[f32], bias: &[f32], frames: &[f32]) -> Pooled {
    let count = frames.len() / shape.input;
    let mut convolved = Vec::new();
    for t in 0..shape.convolved(count) {
        for o in 0..shape.output {
            let mut sum = 0f64;
            for k in 0..shape.width {
                let Some(from) = (t + k).checked_sub(shape.padding).filter(|&f| f < count) else {
                    continue;
                };
                for i in 0..shape.input {
                    sum += f64::from(frames[from * shape.input + i])
                        * f64::from(weight[(k * shape.input + i) * shape.output + o]);
                }
            }
            convolved.push((sum + f64::from(bias[o])) as f32);
        }
    }
    let mut pooled = Pooled {
        values: Vec::new(),
        source: Vec::new(),
    };
    for t in 0..shape.pooled(count) {
        for o in 0..shape.output {
            let at = |k: usize| (t * shape.pool_stride + k) * shape.output + o;
            let mut best = at(0);
            for k in 1..shape.pool_width {
                if convolved[at(k)] > convolved[best] {
                    best = at(k);
                }
            }
            let value = convolved[best];
            pooled.values.push(value.max(0.0));
            pooled.source.push((value > 0.0).then_some(best));
        }
    }
    pooled
}

/// Gradients of weight, bias and frames from the gradient of the pooled frames.
pub fn backward(
    shape: &ConvShape,
    weight: &[f32],
    frames: &[f32],
    pooled: &Pooled,
    gradient: &[f32],
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let count = frames.len() / shape.input;
    let mut of_weight = vec![0f64; weight.len()];
    let mut of_bias = vec![0f64; shape.output];
    let mut of_frames = vec![0f64; frames.len()];
    for (source, g) in pooled.source.iter().zip(gradient) {
        let Some(source) = source else { continue };
        let (t, o) = (source / shape.output, source % shape.output);
        let g = f64::from(*g);
        of_bias[o] += g;
        for k in 0..shape.width {
            let Some(from) = (t + k).checked_sub(shape.padding).filter(|&f| f < count) else {
                continue;
            };
            for i in 0..shape.input {
                let at = (k * shape.input + i) * shape.output + o;
                of_weight[at] += g * f64::from(frames[from * shape.input + i]);
                of_frames[from * shape.input + i] += g * f64::from(weight[at]);
            }
        }
    }
    let single = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
    (single(of_weight), single(of_bias), single(of_frames))
}
