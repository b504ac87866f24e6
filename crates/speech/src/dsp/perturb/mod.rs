//! Offline augmentation of waveforms: speed, reverberation, noise, telephone channel and gain.

mod drawn_noise;
mod error;
mod level;
mod recordings;
mod reverberation;
mod telephone;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pipe_foundation::progress::Progress;
use pipe_foundation::random::{stream, uniform};
use pipe_foundation::sync::lock;

use crate::audio::Waveform;

use super::resample::{ResampleError, Resampler};

pub use drawn_noise::NoiseColour;
use drawn_noise::drawn_noise;
pub use error::PerturbError;
use level::{add_at_snr, decibels, scale};
use recordings::{recorded_noise, room_response};
use reverberation::reverberate;
pub use telephone::CompandingLaw;
use telephone::{NARROW_HZ, companded};

/// What is done to a copy of an utterance; each range `[least, most]` is drawn from uniformly, once per copy.
#[derive(Clone, Debug, PartialEq)]
pub struct PerturbOptions {
    /// Factor of speed, by resampling, so that pitch changes with it; 1.1 is faster. Rounded to 0.01. In 0.5..=2.
    pub speed: [f64; 2],
    /// Impulse responses of rooms, one of which is drawn for each copy that reverberates.
    pub responses: Vec<PathBuf>,
    /// Share of the copies that reverberate, in 0..=1.
    pub reverberant_share: f64,
    /// Signal-to-noise ratio in dB, by mean power over the utterance, in -20..=100; no noise if left out.
    pub snr_db: Option<[f64; 2]>,
    /// Spectrum of noise that is drawn.
    pub noise: NoiseColour,
    /// Recordings of noise, one of which is drawn for each copy; without any, the noise itself is drawn.
    pub noise_recordings: Vec<PathBuf>,
    /// Share of the copies that pass a telephone channel, in 0..=1.
    pub telephone_share: f64,
    /// How the telephone channel codes samples.
    pub telephone_law: CompandingLaw,
    /// Gain in dB, in -60..=60; samples are not clipped.
    pub gain_db: [f64; 2],
}

impl Default for PerturbOptions {
    fn default() -> Self {
        PerturbOptions {
            speed: [1.0, 1.0],
            responses: Vec::new(),
            reverberant_share: 0.0,
            snr_db: None,
            noise: NoiseColour::White,
            noise_recordings: Vec::new(),
            telephone_share: 0.0,
            telephone_law: CompandingLaw::MuLaw,
            gain_db: [0.0, 0.0],
        }
    }
}

/// Makes perturbed copies of waveforms.
pub struct Perturber {
    options: PerturbOptions,
    /// By (from, to) rate: a speed is drawn again and again.
    resamplers: Mutex<HashMap<(u32, u32), Arc<Resampler>>>,
}

impl Perturber {
    /// Checks the options.
    ///
    /// # Errors
    /// A range that is not one, or out of bounds.
    pub fn new(options: PerturbOptions) -> Result<Perturber, PerturbError> {
        let check = |option, [least, most]: [f64; 2], (low, high), valid| {
            // Written so that NaN is refused as well.
            if least >= low && least <= most && most <= high {
                return Ok(());
            }
            Err(PerturbError::Option {
                option,
                least,
                most,
                valid,
            })
        };
        check("speed", options.speed, (0.5, 2.0), "0.5..=2")?;
        check("gain_db", options.gain_db, (-60.0, 60.0), "-60..=60")?;
        for (option, share) in [
            ("reverberant_share", options.reverberant_share),
            ("telephone_share", options.telephone_share),
        ] {
            check(option, [share, share], (0.0, 1.0), "0..=1")?;
        }
        if let Some(snr_db) = options.snr_db {
            check("snr_db", snr_db, (-20.0, 100.0), "-20..=100")?;
        }
        Ok(Perturber {
            options,
            resamplers: Mutex::default(),
        })
    }

    /// A perturbed copy: first speed, then the room, noise, the telephone and gain.
    ///
    /// What is drawn depends on (seed, utterance, copy) alone, and is the same on every machine. Noise is not added to
    /// digital silence, which has no power to compare with.
    ///
    /// # Errors
    /// A rate that cannot be resampled, a recording that cannot be used, or [`PerturbError::Interrupted`] soon after
    /// `progress` says so.
    pub fn apply(
        &self,
        waveform: &Waveform,
        seed: u64,
        utterance_id: &str,
        copy_name: &str,
        progress: &dyn Progress,
    ) -> Result<Waveform, PerturbError> {
        let options = &self.options;
        let seed = seed.to_le_bytes();
        let parts = [&seed[..], utterance_id.as_bytes(), copy_name.as_bytes()];
        // All are drawn always and from streams of their own, so that one option does not change what another draws.
        let mut random = stream("perturb", &parts);
        let mut draw = |[least, most]: [f64; 2]| least + (most - least) * uniform(&mut random);
        let speed = (draw(options.speed) * 100.0).round() / 100.0;
        let gain_db = draw(options.gain_db);
        let snr_db = draw(options.snr_db.unwrap_or_default());
        let mut room = stream("perturb.room", &parts);
        let reverberates = uniform(&mut room) < options.reverberant_share;
        let telephoned =
            uniform(&mut stream("perturb.telephone", &parts)) < options.telephone_share;

        let rate_hz = waveform.rate_hz;
        let mut samples = if speed == 1.0 {
            waveform.samples.clone()
        } else {
            // Played faster is recorded at a higher rate.
            let from_hz = (f64::from(rate_hz) * speed).round() as u32;
            self.resampler(from_hz, rate_hz)?
                .process_interruptible(&waveform.samples, progress)?
        };
        if reverberates {
            let (path, response) = room_response(&options.responses, &mut room)?;
            let response = self.at_rate(response, rate_hz, progress)?;
            samples = reverberate(&samples, &response, progress)?.ok_or_else(|| {
                let reason = "it is silent, and no impulse response".into();
                PerturbError::Recording { path, reason }
            })?;
        }
        if options.snr_db.is_some() {
            let noise = if options.noise_recordings.is_empty() {
                drawn_noise(samples.len(), rate_hz, options.noise, &mut random, progress)?
            } else {
                let mut random = stream("perturb.noise", &parts);
                let duration_s = samples.len() as f64 / f64::from(rate_hz);
                let noise =
                    recorded_noise(&options.noise_recordings, duration_s, &mut random, progress)?;
                self.at_rate(noise, rate_hz, progress)?
            };
            add_at_snr(&mut samples, &noise, snr_db, progress)?;
        }
        if telephoned {
            samples = self.telephoned(samples, rate_hz, progress)?;
        }
        if gain_db != 0.0 {
            scale(&mut samples, decibels(gain_db), progress)?;
        }
        Ok(Waveform { samples, rate_hz })
    }

    /// What arrives at the other end of a telephone line, at the rate and of the length that went in.
    fn telephoned(
        &self,
        samples: Vec<f32>,
        rate_hz: u32,
        progress: &dyn Progress,
    ) -> Result<Vec<f32>, PerturbError> {
        let length = samples.len();
        let narrow = Waveform { samples, rate_hz };
        let mut narrow = self.at_rate(narrow, NARROW_HZ, progress)?;
        companded(&mut narrow, self.options.telephone_law, progress)?;
        let wide = Waveform {
            samples: narrow,
            rate_hz: NARROW_HZ,
        };
        let mut wide = self.at_rate(wide, rate_hz, progress)?;
        wide.resize(length, 0.0);
        Ok(wide)
    }

    fn at_rate(
        &self,
        waveform: Waveform,
        rate_hz: u32,
        progress: &dyn Progress,
    ) -> Result<Vec<f32>, PerturbError> {
        if waveform.rate_hz == rate_hz {
            return Ok(waveform.samples);
        }
        let resampler = self.resampler(waveform.rate_hz, rate_hz)?;
        Ok(resampler.process_interruptible(&waveform.samples, progress)?)
    }

    fn resampler(&self, from_hz: u32, to_hz: u32) -> Result<Arc<Resampler>, ResampleError> {
        if let Some(resampler) = lock(&self.resamplers).get(&(from_hz, to_hz)) {
            return Ok(resampler.clone());
        }
        let resampler = Arc::new(Resampler::new(from_hz, to_hz)?);
        lock(&self.resamplers).insert((from_hz, to_hz), resampler.clone());
        Ok(resampler)
    }
}

#[cfg(test)]
mod channel_tests;
#[cfg(test)]
mod tests;
