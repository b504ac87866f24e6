//! Kaldi-compatible log-mel filterbank features.
//!
//! The chain of each frame: scale, dither, remove the mean, pre-emphasis, window, power spectrum, mel filters,
//! logarithm. Eight frames go through it side by side.

mod lanes;
mod mel;
mod options;
mod spectrum;
mod stream;
mod window;

use pipe_foundation::Features;
use pipe_foundation::progress::{Progress, Silent};
use rustfft::num_complex::Complex;

pub use self::options::{FbankError, FbankOptions};
pub use self::stream::FbankStream;
pub use self::window::Window;

use self::lanes::{LANES, Lanes};
use self::mel::MelBank;
use self::spectrum::PowerSpectrum;
use super::noise;

/// Batches of frames between two looks at whether to stop.
const BATCHES: usize = 64;

/// Computes log-mel filterbank features: everything that depends on the options alone, made once.
pub struct Fbank {
    options: FbankOptions,
    /// The window times the scale of the samples.
    window: Vec<f32>,
    spectrum: PowerSpectrum,
    mel: MelBank,
    fft_len: usize,
}

/// The part of a signal that is held.
#[derive(Clone, Copy)]
struct Held<'s> {
    samples: &'s [f32],
    /// Samples before them.
    before: usize,
    /// Samples of the whole signal, as far as it is known.
    len: usize,
}

/// What one batch of frames is computed in; made once per utterance.
struct Scratch {
    samples: Vec<Lanes>,
    transform: Vec<Complex<Lanes>>,
    fft: Vec<Complex<Lanes>>,
    power: Vec<Lanes>,
    energies: Vec<Lanes>,
    mirrored: Vec<f32>,
}

impl Fbank {
    /// Prepares window, transform and filters.
    ///
    /// # Errors
    /// An option out of range, or more filters than the spectrum has bins for.
    pub fn new(options: FbankOptions) -> Result<Fbank, FbankError> {
        options.check()?;
        let frame_length = options.frame_length();
        let fft_len = frame_length.next_power_of_two();
        let bin_hz = f64::from(options.sample_rate_hz) / fft_len as f64;
        let mel = MelBank::new(
            options.bins,
            options.low_hz,
            options.upper_hz(),
            fft_len / 2,
            bin_hz,
        )
        .map_err(|filter| FbankError::TooManyBins {
            bins: options.bins,
            filter,
        })?;
        let window = options.window.coefficients(frame_length);
        Ok(Fbank {
            window: window
                .iter()
                .map(|weight| (weight * options.sample_scale) as f32)
                .collect(),
            spectrum: PowerSpectrum::new(fft_len),
            mel,
            fft_len,
            options,
        })
    }

    /// The options it was made from.
    pub fn options(&self) -> &FbankOptions {
        &self.options
    }

    /// The window times the scale of the samples, one weight per sample of a frame.
    pub fn window(&self) -> &[f32] {
        &self.window
    }

    /// Length of the Fourier transform that frames are padded to with zeros.
    pub fn fft_len(&self) -> usize {
        self.fft_len
    }

    /// The mel filters as a matrix `[fft_len / 2, bins]`, row-major; the bin at the Nyquist frequency is left out.
    pub fn mel_matrix(&self) -> Vec<f32> {
        self.mel.matrix(self.fft_len / 2)
    }

    /// Frames of audio with this many samples.
    pub fn frames(&self, samples: usize) -> usize {
        let shift = self.options.frame_shift();
        if !self.options.snip_edges {
            return (samples + shift / 2) / shift;
        }
        match samples.checked_sub(self.window.len()) {
            Some(rest) => 1 + rest / shift,
            None => 0,
        }
    }

    /// Features `[frames, bins]` of samples in -1..=1 at the rate of the options.
    ///
    /// Agrees with kaldi-native-fbank within 1e-3 per value, down to 80 dB below the loudest value of a frame; further
    /// down, in computed signals without noise, both end at the rounding of 32-bit floats. The bits of the result do
    /// not depend on the processor's vector unit.
    ///
    /// # Errors
    /// Audio too short for one frame: below the frame length, or below half a shift without `snip_edges`.
    pub fn compute(&self, samples: &[f32]) -> Result<Features, FbankError> {
        self.compute_interruptible(samples, &Silent)
    }

    /// As [`Self::compute`], with a look at `progress` every 512 frames.
    ///
    /// # Errors
    /// As [`Self::compute`], or [`FbankError::Interrupted`].
    pub fn compute_interruptible(
        &self,
        samples: &[f32],
        progress: &dyn Progress,
    ) -> Result<Features, FbankError> {
        self.compute_with(samples, progress, Self::fill)
    }

    fn compute_with(
        &self,
        samples: &[f32],
        progress: &dyn Progress,
        fill: impl Fn(&Self, Held<'_>, usize, &mut [f32], &mut Scratch),
    ) -> Result<Features, FbankError> {
        let frames = self.frames(samples.len());
        if frames == 0 {
            return Err(self.too_short(samples.len()));
        }
        let dithered;
        let samples = if self.options.dither > 0.0 {
            let deviation = self.options.dither / self.options.sample_scale;
            dithered = noise::dither(samples, deviation as f32, progress)?;
            &dithered
        } else {
            samples
        };
        let held = Held {
            samples,
            before: 0,
            len: samples.len(),
        };
        let bins = self.options.bins;
        let mut values = vec![0.0; frames * bins];
        let mut scratch = self.scratch();
        let batches = values.chunks_mut(BATCHES * LANES * bins);
        for (index, out) in batches.enumerate() {
            progress.check()?;
            fill(self, held, index * BATCHES * LANES, out, &mut scratch);
        }
        Ok(Features {
            frames,
            bins,
            values,
        })
    }

    fn too_short(&self, samples: usize) -> FbankError {
        let shift = self.options.frame_shift();
        FbankError::TooShort {
            samples,
            needed: match self.options.snip_edges {
                true => self.window.len(),
                false => shift - shift / 2,
            },
        }
    }

    /// Fills `out` `[frames, bins]` with the frames from `first` on, whose samples are held.
    fn fill(&self, held: Held<'_>, first: usize, out: &mut [f32], scratch: &mut Scratch) {
        #[cfg(target_arch = "x86_64")]
        if pipe_foundation::arithmetic::avx2() {
            // SAFETY: the processor has AVX2, just checked.
            return unsafe { self.fill_avx2(held, first, out, scratch) };
        }
        self.fill_portable(held, first, out, scratch);
    }

    /// The same code, compiled for wider registers.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn fill_avx2(&self, held: Held<'_>, first: usize, out: &mut [f32], scratch: &mut Scratch) {
        self.fill_portable(held, first, out, scratch);
    }

    #[inline(always)]
    fn fill_portable(&self, held: Held<'_>, first: usize, out: &mut [f32], scratch: &mut Scratch) {
        let bins = self.options.bins;
        for (batch, out) in out.chunks_mut(LANES * bins).enumerate() {
            self.gather(held, first + batch * LANES, out.len() / bins, scratch);
            self.weigh(scratch);
            self.spectrum
                .transform(&mut scratch.transform, &mut scratch.fft);
            self.filter(scratch);
            for (lane, row) in out.chunks_exact_mut(bins).enumerate() {
                for (value, energy) in row.iter_mut().zip(&scratch.energies) {
                    *value = energy.0[lane];
                }
            }
        }
    }

    fn scratch(&self) -> Scratch {
        let zero = Complex::new(Lanes::ZERO, Lanes::ZERO);
        Scratch {
            samples: vec![Lanes::ZERO; self.window.len()],
            transform: vec![zero; self.fft_len / 2],
            fft: vec![zero; self.spectrum.scratch_len()],
            power: vec![Lanes::ZERO; self.fft_len / 2],
            energies: vec![Lanes::ZERO; self.options.bins],
            mirrored: vec![0.0; self.window.len()],
        }
    }

    /// Lays the frames from `first` on side by side, `count` of them.
    #[inline(always)]
    fn gather(&self, held: Held<'_>, first: usize, count: usize, scratch: &mut Scratch) {
        let (shift, length) = (self.options.frame_shift(), self.window.len());
        let all = (LANES - 1) * shift + length;
        if self.options.snip_edges && count == LANES {
            let span = &held.samples[first * shift - held.before..][..all];
            let lanes: [&[f32]; LANES] =
                std::array::from_fn(|lane| &span[lane * shift..][..length]);
            for (i, out) in scratch.samples.iter_mut().enumerate() {
                for (value, lane) in out.0.iter_mut().zip(&lanes) {
                    *value = lane[i];
                }
            }
            return;
        }
        for lane in 0..count {
            let start = self.start(first + lane);
            for (i, value) in scratch.mirrored.iter_mut().enumerate() {
                *value = held.samples[mirror(start + i as isize, held.len) - held.before];
            }
            for (out, &value) in scratch.samples.iter_mut().zip(&scratch.mirrored) {
                out.0[lane] = value;
            }
        }
    }

    /// Where a frame starts; before the audio for the first ones without `snip_edges`.
    fn start(&self, frame: usize) -> isize {
        let (shift, length) = (self.options.frame_shift(), self.window.len());
        let start = (frame * shift) as isize;
        match self.options.snip_edges {
            true => start,
            false => start + (shift / 2) as isize - (length / 2) as isize,
        }
    }

    /// Mean removal, pre-emphasis and window, into the input of the transform.
    #[inline(always)]
    fn weigh(&self, scratch: &mut Scratch) {
        let mean = if self.options.remove_dc {
            let mut sums = [Lanes::ZERO; 4];
            for group in scratch.samples.chunks(4) {
                for (sum, &sample) in sums.iter_mut().zip(group) {
                    *sum = *sum + sample;
                }
            }
            let [a, b, c, d] = sums;
            ((a + b) + (c + d)) * Lanes::splat(1.0 / self.window.len() as f32)
        } else {
            Lanes::ZERO
        };
        let coefficient = Lanes::splat(self.options.preemphasis as f32);
        let mut previous = scratch.samples[0] - mean;
        let mut next = |sample: Lanes, weight: f32| {
            let sample = sample - mean;
            let emphasised = sample - coefficient * previous;
            previous = sample;
            emphasised * Lanes::splat(weight)
        };
        let (sample_pairs, sample_rest) = scratch.samples.as_chunks::<2>();
        let (weight_pairs, weight_rest) = self.window.as_chunks::<2>();
        let mut out = scratch.transform.iter_mut();
        for ((samples, weights), out) in sample_pairs.iter().zip(weight_pairs).zip(&mut out) {
            out.re = next(samples[0], weights[0]);
            out.im = next(samples[1], weights[1]);
        }
        if let ([sample], [weight]) = (sample_rest, weight_rest)
            && let Some(out) = out.next()
        {
            *out = Complex::new(next(*sample, *weight), Lanes::ZERO);
        }
        for out in out {
            *out = Complex::new(Lanes::ZERO, Lanes::ZERO);
        }
    }

    /// Spectrum, filters and logarithm of what has been transformed.
    #[inline(always)]
    fn filter(&self, scratch: &mut Scratch) {
        self.spectrum.power(&scratch.transform, &mut scratch.power);
        if !self.options.use_power {
            for value in &mut scratch.power {
                *value = value.sqrt();
            }
        }
        self.mel.apply(&scratch.power, &mut scratch.energies);
        if self.options.use_log {
            let floor = Lanes::splat(self.options.log_floor as f32);
            for energy in &mut scratch.energies {
                *energy = energy.max(floor).ln();
            }
        }
    }
}

/// The index that replaces one outside 0..len, the signal mirrored with its end samples doubled.
fn mirror(index: isize, len: usize) -> usize {
    let period = 2 * len as isize;
    let index = index.rem_euclid(period);
    if index < len as isize {
        index as usize
    } else {
        (period - 1 - index) as usize
    }
}

#[cfg(test)]
mod tests;
