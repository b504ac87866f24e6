//! Levels of signals.

use pipe_foundation::exact;
use pipe_foundation::progress::{Interrupted, Progress};

/// Samples between two looks at whether to stop.
pub const BLOCK: usize = 1 << 16;

/// Amplitude factor of a gain.
pub fn decibels(gain_db: f64) -> f32 {
    exact::pow(10.0, gain_db / 20.0) as f32
}

pub fn mean_power(samples: &[f32], progress: &dyn Progress) -> Result<f64, Interrupted> {
    let mut sum = 0.0_f64;
    for block in samples.chunks(BLOCK) {
        progress.check()?;
        let powers = block.iter().map(|s| f64::from(*s) * f64::from(*s));
        sum = powers.fold(sum, |sum, power| sum + power);
    }
    Ok(sum / samples.len().max(1) as f64)
}

/// Multiplies every sample.
pub fn scale(samples: &mut [f32], factor: f32, progress: &dyn Progress) -> Result<(), Interrupted> {
    for block in samples.chunks_mut(BLOCK) {
        progress.check()?;
        block.iter_mut().for_each(|sample| *sample *= factor);
    }
    Ok(())
}

/// Adds `added` to the samples, so much louder or softer that the ratio of mean powers is `snr_db`. Nothing is added to
/// digital silence, nor is that: it has no power to compare with.
pub fn add_at_snr(
    samples: &mut [f32],
    added: &[f32],
    snr_db: f64,
    progress: &dyn Progress,
) -> Result<(), Interrupted> {
    let signal_power = mean_power(samples, progress)?;
    let added_power = mean_power(added, progress)?;
    if signal_power == 0.0 || added_power == 0.0 {
        return Ok(());
    }
    let factor = decibels(-snr_db) * (signal_power / added_power).sqrt() as f32;
    for (samples, added) in samples.chunks_mut(BLOCK).zip(added.chunks(BLOCK)) {
        progress.check()?;
        for (sample, added) in samples.iter_mut().zip(added) {
            *sample += factor * added;
        }
    }
    Ok(())
}
