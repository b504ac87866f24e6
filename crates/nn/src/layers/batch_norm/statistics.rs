//! Means and variances over the frames of a batch, and what is normalised by them.

/// Those of one batch, and its frames normalised by them.
#[derive(Default)]
pub struct Statistics {
    frames: usize,
    mean: Vec<f64>,
    /// With divisor n.
    variance: Vec<f64>,
    /// One over the root of variance plus epsilon.
    factor: Vec<f64>,
    /// `[frames, width]`, before scale and offset.
    normalised: Vec<f32>,
}

impl Statistics {
    /// Measures `rows`, `[frames, width]`, and replaces them by `scale * (x - mean) / sqrt(variance + epsilon) + offset`.
    pub(super) fn normalise(
        &mut self,
        rows: &mut [f32],
        scale: &[f32],
        offset: &[f32],
        epsilon: f64,
    ) {
        let width = scale.len();
        self.frames = rows.len() / width.max(1);
        self.mean = mean(rows, width, |_, x| x);
        let means = &self.mean;
        self.variance = mean(rows, width, |at, x| (x - means[at]) * (x - means[at]));
        let factor = |variance: &f64| 1.0 / (variance + epsilon).sqrt();
        self.factor = self.variance.iter().map(factor).collect();
        self.normalised.clear();
        self.normalised.reserve(rows.len());
        for row in rows.chunks_exact_mut(width.max(1)) {
            for (at, x) in row.iter_mut().enumerate() {
                let normalised = ((f64::from(*x) - self.mean[at]) * self.factor[at]) as f32;
                self.normalised.push(normalised);
                *x = scale[at] * normalised + offset[at];
            }
        }
    }

    /// Replaces dL/d(output) in `rows` by dL/d(input), which runs through mean and variance too, and writes those of scale
    /// and offset.
    pub(super) fn backward(
        &self,
        rows: &mut [f32],
        scale: &[f32],
        of_scale: &mut [f32],
        of_offset: &mut [f32],
    ) {
        let width = scale.len();
        let (mut sums, mut products) = (vec![0.0; width], vec![0.0; width]);
        let frames = || self.normalised.chunks_exact(width.max(1));
        for (row, normalised) in rows.chunks_exact(width.max(1)).zip(frames()) {
            for (at, (g, x)) in row.iter().zip(normalised).enumerate() {
                sums[at] += f64::from(*g);
                products[at] += f64::from(*g) * f64::from(*x);
            }
        }
        let n = self.frames.max(1) as f64;
        for (row, normalised) in rows.chunks_exact_mut(width.max(1)).zip(frames()) {
            for (at, (g, x)) in row.iter_mut().zip(normalised).enumerate() {
                let centred = f64::from(*g) - sums[at] / n - f64::from(*x) * products[at] / n;
                *g = (f64::from(scale[at]) * self.factor[at] * centred) as f32;
            }
        }
        let narrow = |to: &mut [f32], from: &[f64]| {
            to.iter_mut()
                .zip(from)
                .for_each(|(to, sum)| *to = *sum as f32);
        };
        narrow(of_scale, &products);
        narrow(of_offset, &sums);
    }

    /// Moves running values by a share of `momentum` to those of the batch; the variance with divisor n - 1, and not at
    /// all where the batch has one frame.
    pub(super) fn move_towards(&self, mean: &mut [f32], variance: &mut [f32], momentum: f64) {
        let step = |running: &mut f32, own: f64| {
            *running = ((1.0 - momentum) * f64::from(*running) + momentum * own) as f32;
        };
        for (running, own) in mean.iter_mut().zip(&self.mean) {
            step(running, *own);
        }
        if self.frames > 1 {
            let unbiased = self.frames as f64 / (self.frames - 1) as f64;
            for (running, own) in variance.iter_mut().zip(&self.variance) {
                step(running, unbiased * own);
            }
        }
    }
}

/// The mean of `of(place, value)` over the rows, for each place in a row.
fn mean(rows: &[f32], width: usize, of: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in rows.chunks_exact(width.max(1)) {
        for (at, (sum, x)) in sums.iter_mut().zip(row).enumerate() {
            *sum += of(at, f64::from(*x));
        }
    }
    let n = (rows.len() / width.max(1)).max(1) as f64;
    sums.iter_mut().for_each(|sum| *sum /= n);
    sums
}

/// Replaces rows by `scale * (x - mean) / sqrt(variance + epsilon) + offset` with running values. A variance below 0, which
/// only a file from elsewhere has, counts as 0.
pub(super) fn apply(rows: &mut [f32], arrays: [&[f32]; 4], epsilon: f64) {
    let [scale, offset, mean, variance] = arrays;
    let factor = |variance: &f32| 1.0 / (f64::from(variance.max(0.0)) + epsilon).sqrt();
    let factors: Vec<f64> = variance.iter().map(factor).collect();
    for row in rows.chunks_exact_mut(scale.len().max(1)) {
        for (at, x) in row.iter_mut().enumerate() {
            let normalised = (f64::from(*x) - f64::from(mean[at])) * factors[at];
            *x = (f64::from(scale[at]) * normalised + f64::from(offset[at])) as f32;
        }
    }
}
