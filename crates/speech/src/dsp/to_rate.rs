//! Brings waveforms of any rate to one rate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use pipe_foundation::sync::lock;

use crate::audio::Waveform;

use super::{ResampleError, Resampler};

/// Converts waveforms to a fixed rate; the filter of each rate is designed once.
pub struct ToRate {
    rate_hz: u32,
    by_rate: Mutex<HashMap<u32, Arc<Resampler>>>,
}

impl ToRate {
    /// Converts to `rate_hz`.
    pub fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz,
            by_rate: Mutex::default(),
        }
    }

    /// Rate of the results in Hz.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// The waveform at [`Self::rate_hz`]; a copy where it has that rate already.
    ///
    /// # Errors
    /// A rate that cannot be converted.
    pub fn apply(&self, wave: &Waveform) -> Result<Waveform, ResampleError> {
        Ok(match self.resampler(wave.rate_hz)? {
            None => wave.clone(),
            Some(resampler) => Waveform {
                samples: resampler.process(&wave.samples),
                rate_hz: self.rate_hz,
            },
        })
    }

    /// What converts from `from_hz`; none where that is [`Self::rate_hz`] already.
    ///
    /// # Errors
    /// A rate that cannot be converted.
    pub fn resampler(&self, from_hz: u32) -> Result<Option<Arc<Resampler>>, ResampleError> {
        if from_hz == self.rate_hz {
            return Ok(None);
        }
        let mut by_rate = lock(&self.by_rate);
        if let Some(resampler) = by_rate.get(&from_hz) {
            return Ok(Some(resampler.clone()));
        }
        let resampler = Arc::new(Resampler::new(from_hz, self.rate_hz)?);
        by_rate.insert(from_hz, resampler.clone());
        Ok(Some(resampler))
    }
}
