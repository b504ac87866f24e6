//! Recordings of noise and impulse responses of rooms, one of which is drawn for each copy.

use std::path::{Path, PathBuf};

use pipe_foundation::progress::Progress;
use pipe_foundation::random::{uniform, whole};
use rand_chacha::ChaCha8Rng;

use crate::audio::{AudioReader, Waveform, read};

use super::error::PerturbError;

/// Noise of `duration_s` seconds at its own rate: a passage that starts anywhere in one of the recordings, which starts
/// over where it is shorter. Channels are averaged.
///
/// # Errors
/// A recording that cannot be read, or once `progress` says to stop.
pub fn recorded_noise(
    recordings: &[PathBuf],
    duration_s: f64,
    random: &mut ChaCha8Rng,
    progress: &dyn Progress,
) -> Result<Waveform, PerturbError> {
    let path = drawn(recordings, random)?;
    let start = uniform(random);
    let failed = |error| PerturbError::of_recording(path, &error);
    let mut reader = AudioReader::open(path, None, None).map_err(failed)?;
    let (rate_hz, whole_s) = (reader.info().rate_hz, reader.duration_s());
    if whole_s > duration_s {
        let start_s = start * (whole_s - duration_s);
        let passage = Some((start_s, start_s + duration_s));
        return read(path, passage, None).map_err(failed);
    }
    let all = reader.rest(progress).map_err(failed)?.samples;
    let length = (duration_s * f64::from(rate_hz)).ceil() as usize;
    let skipped = (start * all.len() as f64) as usize;
    let samples = all.iter().cycle().skip(skipped).take(length);
    Ok(Waveform {
        samples: samples.copied().collect(),
        rate_hz,
    })
}

/// One of the impulse responses and where it is. Of several channels, which are microphones at other places of the room,
/// the first.
///
/// # Errors
/// One that cannot be read.
pub fn room_response(
    responses: &[PathBuf],
    random: &mut ChaCha8Rng,
) -> Result<(PathBuf, Waveform), PerturbError> {
    let path = drawn(responses, random)?;
    let response = read(path, None, Some(0));
    let response = response.map_err(|error| PerturbError::of_recording(path, &error))?;
    Ok((path.to_path_buf(), response))
}

fn drawn<'a>(paths: &'a [PathBuf], random: &mut ChaCha8Rng) -> Result<&'a Path, PerturbError> {
    let last = paths.len().checked_sub(1);
    let last = last.ok_or_else(|| PerturbError::Recording {
        path: PathBuf::new(),
        reason: "there are no recordings to draw from".into(),
    })?;
    Ok(&paths[whole(random, last)])
}
