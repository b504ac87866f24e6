//! Convolution of long signals with long filters, block by block through the transform (overlap-add).

use pipe_foundation::progress::{Interrupted, Progress};
use rustfft::algorithm::Radix4;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection};

/// Transforms are at least so long, and at least four times as long as the filter.
const SHORTEST: usize = 1 << 12;

/// `signal * filter`, of `signal.len() + filter.len() - 1` samples, as `scipy.signal.convolve` gives it; nothing where
/// one of them is empty. Sums are in double precision.
///
/// # Errors
/// Soon after `progress` says to stop.
pub fn convolve(
    signal: &[f32],
    filter: &[f32],
    progress: &dyn Progress,
) -> Result<Vec<f32>, Interrupted> {
    if signal.is_empty() || filter.is_empty() {
        return Ok(Vec::new());
    }
    let length = (4 * filter.len()).next_power_of_two().max(SHORTEST);
    let step = length - filter.len() + 1;
    let forward = Radix4::new(length, FftDirection::Forward);
    let inverse = Radix4::new(length, FftDirection::Inverse);
    let mut scratch = vec![Complex::default(); forward.get_inplace_scratch_len()];
    let mut response = vec![Complex::new(0.0_f64, 0.0); length];
    for (value, &tap) in response.iter_mut().zip(filter) {
        value.re = f64::from(tap) / length as f64;
    }
    forward.process_with_scratch(&mut response, &mut scratch);

    let mut sums = vec![0.0_f64; signal.len() + filter.len() - 1];
    let mut work = vec![Complex::new(0.0_f64, 0.0); length];
    // The filter is real, so that one block can be the real and the next the imaginary part.
    for (pair, blocks) in signal.chunks(2 * step).enumerate() {
        progress.check()?;
        let (first, second) = blocks.split_at(step.min(blocks.len()));
        work.fill(Complex::default());
        for (value, &sample) in work.iter_mut().zip(first) {
            value.re = f64::from(sample);
        }
        for (value, &sample) in work.iter_mut().zip(second) {
            value.im = f64::from(sample);
        }
        forward.process_with_scratch(&mut work, &mut scratch);
        for (value, factor) in work.iter_mut().zip(&response) {
            *value *= factor;
        }
        inverse.process_with_scratch(&mut work, &mut scratch);
        let start = 2 * pair * step;
        for (sum, value) in sums[start..].iter_mut().zip(&work) {
            *sum += value.re;
        }
        if !second.is_empty() {
            for (sum, value) in sums[start + step..].iter_mut().zip(&work) {
                *sum += value.im;
            }
        }
    }
    Ok(sums.into_iter().map(|sum| sum as f32).collect())
}

#[cfg(test)]
mod tests {
    use pipe_foundation::progress::Silent;
    use pipe_foundation::random::{stream, uniform};
    use pipe_foundation::test_support::InterruptsAfter;

    use super::*;

    fn noise(name: &str, samples: usize) -> Vec<f32> {
        let mut random = stream("test", &[name.as_bytes()]);
        let sample = |_| (2.0 * uniform(&mut random) - 1.0) as f32;
        (0..samples).map(sample).collect()
    }

    /// The sum that the word stands for.
    fn naive(signal: &[f32], filter: &[f32]) -> Vec<f64> {
        let mut sums = vec![0.0; (signal.len() + filter.len()).saturating_sub(1)];
        for (i, &sample) in signal.iter().enumerate() {
            for (k, &tap) in filter.iter().enumerate() {
                sums[i + k] += f64::from(sample) * f64::from(tap);
            }
        }
        sums
    }

    #[test]
    fn it_is_the_sum_over_all_products_for_every_length() {
        for (signal, filter) in [
            (1, 1),
            (1, 700),
            (700, 1),
            (4096, 1),
            (4097, 2),
            (9000, 1025),
            (20_000, 300),
        ] {
            let (signal, filter) = (noise("signal", signal), noise("filter", filter));
            let found = convolve(&signal, &filter, &Silent).unwrap();
            let expected = naive(&signal, &filter);
            assert_eq!(found.len(), expected.len());
            for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let difference = (f64::from(*found) - expected).abs();
                assert!(difference < 1e-5, "{at}: {found} {expected}");
            }
        }
        assert!(convolve(&[], &[1.0], &Silent).unwrap().is_empty());
        assert!(convolve(&[1.0], &[], &Silent).unwrap().is_empty());
    }

    #[test]
    fn it_stops_between_blocks() {
        let signal = noise("signal", 100_000);
        let stops = InterruptsAfter::new(3);
        assert!(convolve(&signal, &[1.0; 100], &stops).is_err());
    }
}
