//! The low-pass filter of the resampler: a sinc under a Kaiser window, cut into phases.

use std::f64::consts::PI;

use pipe_foundation::exact;

/// Rejection that the filter is designed for, in dB; the promise is 100.
const REJECTION_DB: f64 = 104.0;

/// The passband ends here, as a part of the lower Nyquist frequency; the stopband starts at 1.
const PASSBAND: f64 = 0.9;

/// Taps are a multiple of this, the width of the inner loops.
const TAPS_MULTIPLE: usize = 16;

/// Phases in the time of one sample at the lower rate from which straight lines between neighbouring phases are as
/// good as exact coefficients (an error of -118 dB); with more outputs than that the table is not exact.
const ENOUGH_PHASES: f64 = 1024.0;

/// Coefficients for every position of an output sample between two input samples.
pub(super) struct PhaseTable {
    /// Row-major `[rows, taps]`.
    coefficients: Vec<f32>,
    /// Coefficients of a row.
    pub taps: usize,
    /// Rows per input sample; one more row follows if outputs fall between rows.
    pub phases: u64,
    /// Whether positions fall between rows.
    pub interpolated: bool,
}

impl PhaseTable {
    /// For `from` input samples in the time of `to` output samples, both without a common factor.
    pub fn new(from: u64, to: u64) -> PhaseTable {
        let ratio = (to as f64 / from as f64).min(1.0);
        // Kaiser's rule for the length at a given rejection and transition width.
        let transition = PI * (1.0 - PASSBAND) * ratio;
        let length = (REJECTION_DB - 7.95) / (2.285 * transition);
        let half_width = length / 2.0;
        let taps = (length.ceil() as usize + 1).next_multiple_of(TAPS_MULTIPLE);
        let cutoff = ratio * 0.5 * (1.0 + PASSBAND);
        let beta = 0.1102 * (REJECTION_DB - 8.7);

        let enough = (ENOUGH_PHASES * ratio).ceil().max(4.0) as u64;
        let interpolated = to > enough;
        let phases = to.min(enough);
        let rows = phases + u64::from(interpolated);
        let mut coefficients = Vec::with_capacity(rows as usize * taps);
        let mut row = vec![0.0_f64; taps];
        for phase in 0..rows {
            let position = phase as f64 / phases as f64 + (taps / 2 - 1) as f64;
            for (tap, value) in row.iter_mut().enumerate() {
                let t = tap as f64 - position;
                *value = sinc(cutoff * t) * kaiser(t / half_width, beta);
            }
            // Each phase passes a constant unchanged.
            let sum: f64 = row.iter().sum();
            coefficients.extend(row.iter().map(|value| (value / sum) as f32));
        }
        PhaseTable {
            coefficients,
            taps,
            phases,
            interpolated,
        }
    }

    /// Rows in all.
    #[cfg(test)]
    pub fn rows(&self) -> usize {
        self.coefficients.len() / self.taps
    }

    /// The coefficients of one row.
    #[inline(always)]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.coefficients[row * self.taps..][..self.taps]
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        exact::sin(PI * x) / (PI * x)
    }
}

/// The Kaiser window over -1..=1, but for a constant factor.
fn kaiser(x: f64, beta: f64) -> f64 {
    if x.abs() >= 1.0 {
        0.0
    } else {
        bessel_i0(beta * (1.0 - x * x).sqrt())
    }
}

/// Modified Bessel function of order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = 0.25 * x * x;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}
