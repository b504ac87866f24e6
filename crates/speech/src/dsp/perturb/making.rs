//! The making of one copy: what is drawn for it, and its changes of rate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use pipe_foundation::progress::Progress;
use pipe_foundation::random::{stream, uniform};
use pipe_foundation::sync::lock;
use rand_chacha::ChaCha8Rng;

use crate::audio::Waveform;
use crate::dsp::resample::{ResampleError, Resampler};

use super::error::PerturbError;

/// Resamplers by (from, to) rate: a speed is drawn again and again.
pub type Resamplers = Mutex<HashMap<(u32, u32), Arc<Resampler>>>;

/// One copy of an utterance in the making.
pub struct Making<'a> {
    /// The rate of the waveform that went in, which is that of the copy.
    pub rate_hz: u32,
    /// Whether to stop.
    pub progress: &'a dyn Progress,
    /// What all draws depend on: seed, utterance, copy.
    pub(super) parts: [&'a [u8]; 3],
    pub(super) resamplers: &'a Resamplers,
}

impl Making<'_> {
    /// The random stream of one perturbation.
    pub fn stream(&self, name: &str) -> ChaCha8Rng {
        stream(&format!("perturb.{name}"), &self.parts)
    }

    /// The stream that speed, gain and noise share, after `taken` of its numbers: they were the first, and drew from one.
    pub fn first_stream(&self, taken: usize) -> ChaCha8Rng {
        let mut random = stream("perturb", &self.parts);
        for _ in 0..taken {
            uniform(&mut random);
        }
        random
    }

    /// A waveform of any rate at another.
    ///
    /// # Errors
    /// A rate that cannot be resampled, or soon after the progress says to stop.
    pub fn at_rate(&self, waveform: Waveform, rate_hz: u32) -> Result<Vec<f32>, PerturbError> {
        if waveform.rate_hz == rate_hz {
            return Ok(waveform.samples);
        }
        let resampler = self.resampler(waveform.rate_hz, rate_hz)?;
        Ok(resampler.process_interruptible(&waveform.samples, self.progress)?)
    }

    fn resampler(&self, from_hz: u32, to_hz: u32) -> Result<Arc<Resampler>, ResampleError> {
        if let Some(resampler) = lock(self.resamplers).get(&(from_hz, to_hz)) {
            return Ok(resampler.clone());
        }
        let resampler = Arc::new(Resampler::new(from_hz, to_hz)?);
        lock(self.resamplers).insert((from_hz, to_hz), resampler.clone());
        Ok(resampler)
    }
}

/// A number of a range, uniformly.
pub fn within([least, most]: [f64; 2], random: &mut ChaCha8Rng) -> f64 {
    least + (most - least) * uniform(random)
}
