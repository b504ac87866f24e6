//! Triangular filters on the mel scale, stored as the few weights that are not zero.

use pipe_foundation::exact;

use super::lanes::Lanes;

/// mel = 1127 ln(1 + f / 700).
fn mel(hz: f64) -> f64 {
    1127.0 * exact::ln(1.0 + hz / 700.0)
}

/// One filter: weights on neighbouring bins of the spectrum.
struct Triangle {
    first: usize,
    weights: Vec<f32>,
}

/// A bank of triangular filters, Kaldi's `MelBanks` without vocal tract length warping.
pub(super) struct MelBank {
    triangles: Vec<Triangle>,
}

impl MelBank {
    /// Filters whose edges are equally spaced on the mel scale from `low_hz` to `high_hz`.
    ///
    /// The spectrum has `spectrum_bins` bins of `bin_hz` each, the Nyquist bin left out. The error is the index of
    /// the first filter that no bin of the spectrum falls into.
    pub fn new(
        bins: usize,
        low_hz: f64,
        high_hz: f64,
        spectrum_bins: usize,
        bin_hz: f64,
    ) -> Result<MelBank, usize> {
        let low = mel(low_hz);
        let step = (mel(high_hz) - low) / (bins as f64 + 1.0);
        let spectrum: Vec<f64> = (0..spectrum_bins).map(|i| mel(bin_hz * i as f64)).collect();
        let triangle = |bin: usize| -> Result<Triangle, usize> {
            let left = low + step * bin as f64;
            let (center, right) = (left + step, left + 2.0 * step);
            let inside = |&mel: &f64| mel > left && mel < right;
            let first = spectrum.iter().position(inside).ok_or(bin)?;
            let weights = spectrum[first..]
                .iter()
                .take_while(|&mel| inside(mel))
                .map(|&mel| {
                    if mel <= center {
                        mel - left
                    } else {
                        right - mel
                    }
                })
                .map(|rise| (rise / step) as f32)
                .collect();
            Ok(Triangle { first, weights })
        };
        let triangles = (0..bins).map(triangle).collect::<Result<_, _>>()?;
        Ok(MelBank { triangles })
    }

    /// All weights as a matrix `[spectrum_bins, filters]`, row-major.
    pub fn matrix(&self, spectrum_bins: usize) -> Vec<f32> {
        let filters = self.triangles.len();
        let mut matrix = vec![0.0; spectrum_bins * filters];
        for (filter, triangle) in self.triangles.iter().enumerate() {
            for (offset, &weight) in triangle.weights.iter().enumerate() {
                if let Some(cell) = matrix.get_mut((triangle.first + offset) * filters + filter) {
                    *cell = weight;
                }
            }
        }
        matrix
    }

    /// Energy of each filter, from the spectrum `[spectrum_bins]` into `out` `[bins]`.
    #[inline(always)]
    pub fn apply(&self, spectrum: &[Lanes], out: &mut [Lanes]) {
        for (triangle, out) in self.triangles.iter().zip(out) {
            let mut energy = Lanes::ZERO;
            let spectrum = spectrum.get(triangle.first..).unwrap_or_default();
            for (&weight, &value) in triangle.weights.iter().zip(spectrum) {
                energy = energy + Lanes::splat(weight) * value;
            }
            *out = energy;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_filters_sum_to_one() {
        let bank = MelBank::new(23, 20.0, 8000.0, 256, 31.25).expect("a bank");
        let mut total = [0.0_f32; 256];
        for triangle in &bank.triangles {
            for (i, weight) in triangle.weights.iter().enumerate() {
                total[triangle.first + i] += weight;
            }
        }
        // Between the centres of the first and the last filter every bin is shared by two.
        for (i, total) in total.iter().enumerate().take(228).skip(4) {
            assert!((total - 1.0).abs() < 1e-5, "bin {i}: {total}");
        }
    }

    #[test]
    fn a_filter_between_two_bins_is_named() {
        assert_eq!(MelBank::new(128, 20.0, 8000.0, 128, 62.5).err(), Some(0));
    }
}
