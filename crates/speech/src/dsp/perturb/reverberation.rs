//! Speech in a room, by the impulse response of the room.

use pipe_foundation::progress::{Interrupted, Progress};

use crate::dsp::convolve::convolve;

use super::level::{mean_power, scale};

/// The samples as they sound in a room with this impulse response, which has their rate: as long as they are and with
/// their mean power, and not later than they are, since the response counts from its largest value, the direct sound. So
/// does Kaldi's `wav-reverberate` with `--shift-output` and `--normalize-output`. None where the response is silent.
///
/// # Errors
/// Soon after `progress` says to stop.
pub fn reverberate(
    samples: &[f32],
    response: &[f32],
    progress: &dyn Progress,
) -> Result<Option<Vec<f32>>, Interrupted> {
    let (mut direct, mut largest) = (0, 0.0);
    for (at, value) in response.iter().enumerate() {
        if value.abs() > largest {
            (direct, largest) = (at, value.abs());
        }
    }
    if largest == 0.0 {
        return Ok(None);
    }
    let mut wet = convolve(samples, response, progress)?;
    wet.drain(..direct.min(wet.len()));
    wet.truncate(samples.len());
    let (power, wet_power) = (mean_power(samples, progress)?, mean_power(&wet, progress)?);
    if wet_power > 0.0 {
        scale(&mut wet, (power / wet_power).sqrt() as f32, progress)?;
    }
    Ok(Some(wet))
}
