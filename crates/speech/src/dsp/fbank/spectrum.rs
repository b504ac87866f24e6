//! Power spectra of eight real frames at once, through a complex transform of half the length.

use std::f64::consts::PI;

use pipe_foundation::exact;
use rustfft::algorithm::Radix4;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection};

use super::lanes::Lanes;

/// The transform of frames with a fixed length, a power of two from 4 up.
pub(super) struct PowerSpectrum {
    fft: Radix4<Lanes>,
    /// exp(-i pi k / half) for k in 0..half / 2.
    twiddles: Vec<(f32, f32)>,
    half: usize,
}

impl PowerSpectrum {
    /// For frames of `len` samples.
    pub fn new(len: usize) -> PowerSpectrum {
        let half = len / 2;
        let twiddle = |k: usize| {
            let angle = -PI * k as f64 / half as f64;
            (exact::cos(angle) as f32, exact::sin(angle) as f32)
        };
        PowerSpectrum {
            fft: Radix4::new(half, FftDirection::Forward),
            twiddles: (0..half / 2).map(twiddle).collect(),
            half,
        }
    }

    /// Complex numbers that [`Self::transform`] needs as scratch.
    pub fn scratch_len(&self) -> usize {
        self.fft.get_inplace_scratch_len()
    }

    /// The complex transform, in place, of `[len / 2]` pairs of neighbouring samples.
    pub fn transform(&self, frame: &mut [Complex<Lanes>], scratch: &mut [Complex<Lanes>]) {
        self.fft.process_with_scratch(frame, scratch);
    }

    /// The power spectrum `[len / 2]` (all bins but Nyquist's) from the result of [`Self::transform`].
    ///
    /// With Z the transform of even samples as real and odd ones as imaginary parts and h its length, those of the even
    /// and odd samples are `E = (Z[k] + conj Z[h-k]) / 2` and `O = (Z[k] - conj Z[h-k]) / 2i`, and the whole is
    /// `X[k] = E + exp(-i pi k / h) O`.
    #[inline(always)]
    pub fn power(&self, z: &[Complex<Lanes>], power: &mut [Lanes]) {
        let half = self.half;
        let (z, power) = (&z[..half], &mut power[..half]);
        let dc = z[0].re + z[0].im;
        power[0] = dc * dc;
        let middle = z[half / 2];
        power[half / 2] = middle.re * middle.re + middle.im * middle.im;
        let scale = Lanes::splat(0.5);
        for (k, &(cos, sin)) in self.twiddles.iter().enumerate().skip(1) {
            let (a, b) = (z[k], z[half - k]);
            let even_re = (a.re + b.re) * scale;
            let even_im = (a.im - b.im) * scale;
            let odd_re = (a.im + b.im) * scale;
            let odd_im = (b.re - a.re) * scale;
            let (cos, sin) = (Lanes::splat(cos), Lanes::splat(sin));
            let turned_re = odd_re * cos - odd_im * sin;
            let turned_im = odd_re * sin + odd_im * cos;
            let (re, im) = (even_re + turned_re, even_im + turned_im);
            power[k] = re * re + im * im;
            let (re, im) = (even_re - turned_re, even_im - turned_im);
            power[half - k] = re * re + im * im;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_discrete_fourier_transform() {
        for len in [4_usize, 8, 64, 512, 1024] {
            let sample = |i: usize, lane: usize| ((i * 37 + lane * 11) % 101) as f32 / 101.0 - 0.4;
            let lanes = |i: usize| Lanes(std::array::from_fn(|lane| sample(i, lane)));
            let spectrum = PowerSpectrum::new(len);
            let mut z: Vec<_> = (0..len / 2)
                .map(|i| Complex::new(lanes(2 * i), lanes(2 * i + 1)))
                .collect();
            let mut scratch = vec![Complex::new(Lanes::ZERO, Lanes::ZERO); spectrum.scratch_len()];
            spectrum.transform(&mut z, &mut scratch);
            let mut power = vec![Lanes::ZERO; len / 2];
            spectrum.power(&z, &mut power);
            for lane in [0, 5] {
                for (k, power) in power.iter().enumerate() {
                    let (mut re, mut im) = (0.0_f64, 0.0_f64);
                    for i in 0..len {
                        let angle = -2.0 * PI * ((i * k) % len) as f64 / len as f64;
                        re += f64::from(sample(i, lane)) * angle.cos();
                        im += f64::from(sample(i, lane)) * angle.sin();
                    }
                    let exact = re * re + im * im;
                    let error = (f64::from(power.0[lane]) - exact).abs();
                    assert!(error < 1e-4 * (exact + 1.0), "{len} {k}: {error}");
                }
            }
        }
    }
}
