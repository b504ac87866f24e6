//! How much likelier a frame is with speech than without, by a statistical model of spectra.

use std::f64::consts::{LN_10, PI};

use pipe_foundation::exact;

/// What the a-priori ratio takes of the frame before (Ephraim and Malah 1984).
const OF_BEFORE: f64 = 0.98;
/// Ratios of power to noise count no higher: one frequency alone decides nothing.
const HIGHEST_RATIO: f64 = 1000.0;
/// The same for the logarithm of the ratio of likelihoods.
const HIGHEST_LOG: f64 = 500.0;
/// How long speech and pauses last on average in the chain of states, in seconds: it is what holds on to speech that is
/// getting soft.
const SPEECH_S: f64 = 0.1;
const PAUSE_S: f64 = 0.05;

/// The detector of Sohn, Kim and Sung ("A statistical model-based voice activity detection", IEEE Signal Processing Letters
/// 6(1), 1999). The spectra of speech and noise are Gaussian, independent in all frequencies. The a-priori ratio of speech to
/// noise is decision-directed: by the amplitude that was estimated of speech in the frame before (Ephraim and Malah, "Speech
/// enhancement using a minimum mean-square error short-time spectral amplitude estimator", IEEE Transactions on
/// Acoustics, Speech, and Signal Processing 32(6), 1984). A frame's ratio of likelihoods is the geometric mean over
/// frequencies; a hidden Markov chain of two states, speech and pause, carries it from frame to frame.
pub struct Likelihood {
    /// The squared amplitude of speech in the frame before, in units of the noise.
    amplitudes: Vec<f64>,
    /// From speech to a pause, and from a pause to speech.
    to_pause: f64,
    to_speech: f64,
    /// The ratio of the likelihoods of all frames so far with speech in the last and without.
    ratio: f64,
}

impl Likelihood {
    /// Before the first frame, of so many frequencies; frames are `hop_s` seconds apart.
    pub fn new(frequencies: usize, hop_s: f64) -> Self {
        let (to_pause, to_speech) = ((hop_s / SPEECH_S).min(0.5), (hop_s / PAUSE_S).min(0.5));
        Self {
            amplitudes: vec![0.0; frequencies],
            to_pause,
            to_speech,
            ratio: to_speech / to_pause,
        }
    }

    /// The ratio of likelihoods for a frame with these powers over this noise, in dB.
    pub fn next(&mut self, powers: &[f64], noise: &[f64]) -> f64 {
        let mut sum = 0.0;
        let values = powers.iter().zip(noise).zip(&mut self.amplitudes);
        for ((power, noise), amplitude) in values {
            let posterior = (power / noise).min(HIGHEST_RATIO);
            let prior = OF_BEFORE * *amplitude + (1.0 - OF_BEFORE) * (posterior - 1.0).max(0.0);
            let v = prior / (1.0 + prior) * posterior;
            *amplitude = squared_amplitude(v, posterior);
            sum += v - exact::ln(1.0 + prior);
        }
        let mean = sum / powers.len().max(1) as f64;
        self.follow(exact::exp(mean.min(HIGHEST_LOG)))
    }

    /// The same for a frame without anything that could be speech.
    pub fn next_of_silence(&mut self) -> f64 {
        self.amplitudes.fill(0.0);
        self.follow(1.0)
    }

    /// The chain's next step, by the ratio of a frame alone.
    fn follow(&mut self, of_frame: f64) -> f64 {
        let to_speech = self.to_speech + (1.0 - self.to_pause) * self.ratio;
        let to_pause = (1.0 - self.to_speech) + self.to_pause * self.ratio;
        self.ratio = to_speech / to_pause * of_frame;
        // Beside how likely both are beforehand.
        exact::ln(self.to_pause / self.to_speech * self.ratio) * 10.0 / LN_10
    }
}

/// The square of the amplitude of speech that has the least mean square error, in units of the noise:
/// `pi/4 v/posterior ((1 + v) I0(v/2) + v I1(v/2))² exp(-v)`, with the modified Bessel functions of orders 0 and 1 and
/// `v = prior / (1 + prior) posterior`.
fn squared_amplitude(v: f64, posterior: f64) -> f64 {
    if posterior <= 0.0 {
        return 0.0;
    }
    let sum = (1.0 + v) * scaled_i0(v / 2.0) + v * scaled_i1(v / 2.0);
    PI / 4.0 * v / posterior * sum * sum
}

/// `exp(-x) I0(x)` for x >= 0, relative error below 5e-7: polynomials 9.8.1 and 9.8.2 of Abramowitz and Stegun, "Handbook of
/// Mathematical Functions".
fn scaled_i0(x: f64) -> f64 {
    const SMALL: [f64; 7] = [
        1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813,
    ];
    const LARGE: [f64; 9] = [
        0.39894228,
        0.01328592,
        0.00225319,
        -0.00157565,
        0.00916281,
        -0.02057706,
        0.02635537,
        -0.01647633,
        0.00392377,
    ];
    match x < 3.75 {
        true => polynomial(&SMALL, (x / 3.75) * (x / 3.75)) * exact::exp(-x),
        false => polynomial(&LARGE, 3.75 / x) / x.sqrt(),
    }
}

/// `exp(-x) I1(x)` for x >= 0, relative error below 6e-7: polynomials 9.8.3 and 9.8.4 of the same.
fn scaled_i1(x: f64) -> f64 {
    const SMALL: [f64; 7] = [
        0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411,
    ];
    const LARGE: [f64; 9] = [
        0.39894228,
        -0.03988024,
        -0.00362018,
        0.00163801,
        -0.01031555,
        0.02282967,
        -0.02895312,
        0.01787654,
        -0.00420059,
    ];
    match x < 3.75 {
        true => x * polynomial(&SMALL, (x / 3.75) * (x / 3.75)) * exact::exp(-x),
        false => polynomial(&LARGE, 3.75 / x) / x.sqrt(),
    }
}

/// By Horner's rule, from the constant upwards.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    let coefficients = coefficients.iter().rev();
    coefficients.fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `exp(-x) I_order(x)` by the series that defines it.
    fn by_series(order: i32, x: f64) -> f64 {
        let mut term = (x / 2.0).powi(order);
        let mut sum = 0.0;
        for k in 0..400 {
            sum += term;
            term *= (x / 2.0).powi(2) / (f64::from(k + 1) * f64::from(k + 1 + order));
        }
        sum * (-x).exp()
    }

    #[test]
    fn bessel_functions_are_those_of_their_series() {
        for step in 0..600 {
            let x = 0.1 * f64::from(step);
            for (order, found) in [(0, scaled_i0(x)), (1, scaled_i1(x))] {
                let expected = by_series(order, x);
                let error = (found - expected).abs();
                assert!(
                    error <= 6e-7 * expected,
                    "I{order}({x}): {found} {expected}"
                );
            }
        }
    }

    /// The ratio in dB of each of some frames of one frequency over noise of 1.
    fn ratios(powers: &[f64], hop_s: f64) -> Vec<f64> {
        let mut likelihood = Likelihood::new(1, hop_s);
        let next = |power: &f64| likelihood.next(&[*power], &[1.0]);
        powers.iter().map(next).collect()
    }

    #[test]
    fn speech_stays_likelier_for_a_while_and_nothing_is_told_of_nothing() {
        let mut powers = vec![1.0; 50];
        powers[20..30].fill(30.0);
        let found = ratios(&powers, 0.01);
        assert!(
            found[..20].iter().all(|ratio| ratio.abs() < 0.5),
            "{found:?}"
        );
        assert!(found[20..30].iter().all(|ratio| *ratio > 3.0), "{found:?}");
        assert!(
            found[40..].iter().all(|ratio| ratio.abs() < 0.5),
            "{found:?}"
        );
        let mut likelihood = Likelihood::new(3, 0.01);
        for _ in 0..9 {
            assert!(likelihood.next_of_silence().abs() < 1e-9);
        }
        // Speech in a frame is held on to in the next ones.
        assert!(likelihood.next(&[500.0; 3], &[1.0; 3]) > 3.0);
        let held: Vec<f64> = (0..9).map(|_| likelihood.next_of_silence()).collect();
        assert!(held[0] > 3.0 && held[8] < 0.5, "{held:?}");
        assert!(held.is_sorted_by(|a, b| a > b), "{held:?}");
        // Where frames are far apart, one says nothing of the next.
        let mut far = Likelihood::new(1, 9.0);
        assert!(far.next(&[500.0], &[1.0]) > 3.0);
        assert!(far.next_of_silence().abs() < 1e-9);
    }

    #[test]
    fn no_powers_make_it_no_number() {
        let extremes = [0.0, 1e300, f64::INFINITY, f64::MIN_POSITIVE, 0.0, 1e-300];
        for ratio in ratios(&extremes.repeat(50), 0.01) {
            assert!(ratio.is_finite(), "{ratio}");
        }
    }
}
