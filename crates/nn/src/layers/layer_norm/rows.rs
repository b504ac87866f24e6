//! Layer normalisation of rows, and the way back.

use crate::layers::sums::{dot, sum_of};

/// What the forward pass leaves for the backward pass.
#[derive(Default)]
pub struct Normalised {
    /// Rows of mean 0 and variance 1.
    rows: Vec<f32>,
    /// For each row, one over its deviation.
    factors: Vec<f32>,
}

impl Normalised {
    /// `(x - mean) / sqrt(variance + epsilon) * scale + offset` of each row.
    pub fn forward(&mut self, x: &[f32], scale: &[f32], offset: &[f32], epsilon: f32) -> Vec<f32> {
        let width = scale.len();
        self.rows.clear();
        self.factors.clear();
        let mut out = Vec::with_capacity(x.len());
        for row in x.chunks_exact(width) {
            let mean = sum_of(row, |v| v) / width as f32;
            let variance = sum_of(row, |v| (v - mean) * (v - mean)) / width as f32;
            let factor = 1.0 / (variance + epsilon).sqrt();
            self.factors.push(factor);
            for ((value, scale), offset) in row.iter().zip(scale).zip(offset) {
                let normalised = (value - mean) * factor;
                self.rows.push(normalised);
                out.push(normalised * scale + offset);
            }
        }
        out
    }

    /// dL/dx from dL/d(output); the gradients of scale and offset are overwritten.
    pub fn backward(
        &self,
        gradient: &[f32],
        scale: &[f32],
        of_scale: &mut [f32],
        of_offset: &mut [f32],
    ) -> Vec<f32> {
        let width = scale.len();
        of_scale.fill(0.0);
        of_offset.fill(0.0);
        let mut of_x = Vec::with_capacity(gradient.len());
        let mut scaled = vec![0.0; width];
        let rows = self.rows.chunks_exact(width).zip(&self.factors);
        for (gradient, (row, factor)) in gradient.chunks_exact(width).zip(rows) {
            for at in 0..width {
                of_scale[at] += gradient[at] * row[at];
                of_offset[at] += gradient[at];
                scaled[at] = gradient[at] * scale[at];
            }
            let mean = sum_of(&scaled, |v| v) / width as f32;
            let along = dot(&scaled, row) / width as f32;
            let own = scaled.iter().zip(row);
            of_x.extend(own.map(|(g, x)| factor * (g - mean - x * along)));
        }
        of_x
    }
}
