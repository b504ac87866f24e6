//! Offline augmentation of waveforms: speed, noise and gain.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use miette::Diagnostic;
use pipe_foundation::exact;
use pipe_foundation::progress::{Interrupted, Progress};
use pipe_foundation::random::{stream, uniform};
use pipe_foundation::sync::lock;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::audio::{RATES_HZ, Waveform};

use super::noise;
use super::resample::{ResampleError, Resampler};

/// Samples between two looks at whether to stop.
const BLOCK: usize = 1 << 16;

/// Spectrum of added noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseColour {
    /// The same power at every frequency.
    #[default]
    White,
    /// Power falling by 3 dB per octave from 20 Hz up.
    Pink,
}

/// What is done to a copy of an utterance; each range `[least, most]` is drawn from uniformly, once per copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerturbOptions {
    /// Factor of speed, by resampling, so that pitch changes with it; 1.1 is faster. Rounded to 0.01. In 0.5..=2.
    pub speed: [f64; 2],
    /// Gain in dB, in -60..=60; samples are not clipped.
    pub gain_db: [f64; 2],
    /// Signal-to-noise ratio in dB, by mean power over the utterance, in -20..=100; no noise if left out.
    pub snr_db: Option<[f64; 2]>,
    /// Spectrum of the noise.
    pub noise: NoiseColour,
}

impl Default for PerturbOptions {
    fn default() -> Self {
        PerturbOptions {
            speed: [1.0, 1.0],
            gain_db: [0.0, 0.0],
            snr_db: None,
            noise: NoiseColour::White,
        }
    }
}

/// Why a waveform cannot be perturbed.
#[derive(Debug, Error, Diagnostic, PartialEq)]
pub enum PerturbError {
    /// A range is not a range, or is outside what is possible.
    #[error("augment option {option} = [{least}, {most}] is not a range within {valid}")]
    #[diagnostic(
        code(perturb::option),
        help("{option} is [least, most], least <= most, both in {valid}")
    )]
    Option {
        /// The option's name.
        option: &'static str,
        /// Lower end given.
        least: f64,
        /// Upper end given.
        most: f64,
        /// What both may be.
        valid: &'static str,
    },
    /// The rate cannot be changed by the factor of speed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Resample(#[from] ResampleError),
    /// The user asked to stop.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Interrupted(#[from] Interrupted),
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
        if let Some(snr_db) = options.snr_db {
            check("snr_db", snr_db, (-20.0, 100.0), "-20..=100")?;
        }
        Ok(Perturber {
            options,
            resamplers: Mutex::default(),
        })
    }

    /// A perturbed copy: first speed, then noise, then gain.
    ///
    /// What is drawn depends on (seed, utterance, copy) alone, and is the same on every machine. Noise is not added to
    /// digital silence, which has no power to compare with.
    ///
    /// # Errors
    /// A rate that cannot be resampled, or [`PerturbError::Interrupted`] soon after `progress` says so.
    pub fn apply(
        &self,
        waveform: &Waveform,
        seed: u64,
        utterance_id: &str,
        copy_name: &str,
        progress: &dyn Progress,
    ) -> Result<Waveform, PerturbError> {
        let mut random = stream(
            "perturb",
            &[
                &seed.to_le_bytes(),
                utterance_id.as_bytes(),
                copy_name.as_bytes(),
            ],
        );
        let mut draw = |[least, most]: [f64; 2]| least + (most - least) * uniform(&mut random);
        // All are drawn always, so that one option does not change what another draws.
        let speed = (draw(self.options.speed) * 100.0).round() / 100.0;
        let gain_db = draw(self.options.gain_db);
        let snr_db = draw(self.options.snr_db.unwrap_or_default());

        let rate_hz = waveform.rate_hz;
        let mut samples = if speed == 1.0 {
            waveform.samples.clone()
        } else {
            // Played faster is recorded at a higher rate.
            let from_hz = (f64::from(rate_hz) * speed).round() as u32;
            self.resampler(from_hz, rate_hz)?
                .process_interruptible(&waveform.samples, progress)?
        };
        if self.options.snr_db.is_some() {
            add_noise(
                &mut samples,
                rate_hz,
                self.options.noise,
                snr_db,
                &mut random,
                progress,
            )?;
        }
        if gain_db != 0.0 {
            let factor = decibels(gain_db);
            for block in samples.chunks_mut(BLOCK) {
                progress.check()?;
                block.iter_mut().for_each(|sample| *sample *= factor);
            }
        }
        Ok(Waveform { samples, rate_hz })
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

/// Amplitude factor of a gain.
fn decibels(gain_db: f64) -> f32 {
    exact::pow(10.0, gain_db / 20.0) as f32
}

fn mean_power(samples: &[f32], progress: &dyn Progress) -> Result<f64, Interrupted> {
    let mut sum = 0.0_f64;
    for block in samples.chunks(BLOCK) {
        progress.check()?;
        let powers = block.iter().map(|s| f64::from(*s) * f64::from(*s));
        sum = powers.fold(sum, |sum, power| sum + power);
    }
    Ok(sum / samples.len().max(1) as f64)
}

fn add_noise(
    samples: &mut [f32],
    rate_hz: u32,
    colour: NoiseColour,
    snr_db: f64,
    random: &mut ChaCha8Rng,
    progress: &dyn Progress,
) -> Result<(), Interrupted> {
    let signal_power = mean_power(samples, progress)?;
    if signal_power == 0.0 {
        return Ok(());
    }
    let mut added: Vec<f32> = Vec::with_capacity(samples.len());
    for block in samples.chunks(BLOCK) {
        progress.check()?;
        added.extend(block.iter().map(|_| noise::gaussian(random)));
    }
    if colour == NoiseColour::Pink && rate_hz >= *RATES_HZ.start() {
        make_pink(&mut added, rate_hz, progress)?;
    }
    let noise_power = mean_power(&added, progress)?;
    if noise_power == 0.0 {
        return Ok(());
    }
    let factor = decibels(-snr_db) * (signal_power / noise_power).sqrt() as f32;
    for (samples, added) in samples.chunks_mut(BLOCK).zip(added.chunks(BLOCK)) {
        progress.check()?;
        for (sample, added) in samples.iter_mut().zip(added) {
            *sample += factor * added;
        }
    }
    Ok(())
}

/// Filters white noise by one pole and one zero in every two octaves from 20 Hz to the Nyquist frequency, the zero an
/// octave above its pole: between them the spectrum falls by 6 dB, then not at all, on average 3 dB per octave.
fn make_pink(
    samples: &mut [f32],
    rate_hz: u32,
    progress: &dyn Progress,
) -> Result<(), Interrupted> {
    let rate_hz = f64::from(rate_hz);
    let mut pole_hz = 20.0;
    while pole_hz < rate_hz / 2.0 {
        // First-order bilinear transform of (s + zero) / (s + pole), with the frequencies warped to stay in place.
        let warp = |hz: f64| exact::tan(std::f64::consts::PI * (hz / rate_hz).min(0.49));
        let (pole, zero) = (warp(pole_hz), warp(2.0 * pole_hz));
        let feedback = (1.0 - pole) / (1.0 + pole);
        let (now, before) = ((1.0 + zero) / (1.0 + pole), (zero - 1.0) / (1.0 + pole));
        let (mut last_in, mut last_out) = (0.0_f64, 0.0_f64);
        for block in samples.chunks_mut(BLOCK) {
            progress.check()?;
            for sample in block {
                let input = f64::from(*sample);
                last_out = now * input + before * last_in + feedback * last_out;
                last_in = input;
                *sample = last_out as f32;
            }
        }
        pole_hz *= 4.0;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
