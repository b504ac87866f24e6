//! Writes WAV files, through `hound`.

use std::path::Path;

use pipe_foundation::progress::{Progress, Silent};

use super::{AudioError, Waveform};

/// Samples between two looks at whether to stop.
const BLOCK: usize = 1 << 16;

/// How samples are stored in a WAV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WavEncoding {
    /// 32-bit IEEE float: exactly the samples.
    Float32,
    /// 16-bit PCM: rounded, clipped at full scale.
    Pcm16,
}

/// Writes a mono WAV file, 32-bit IEEE float.
///
/// # Errors
/// The file cannot be written.
pub fn write_wav(path: &Path, waveform: &Waveform) -> Result<(), AudioError> {
    write_wav_as(path, waveform, WavEncoding::Float32)
}

/// As [`write_wav`], with a look at `progress` every 65,536 samples; an interrupted file is not complete.
///
/// # Errors
/// As [`write_wav`]; [`AudioError::Interrupted`].
pub fn write_wav_interruptible(
    path: &Path,
    waveform: &Waveform,
    progress: &dyn Progress,
) -> Result<(), AudioError> {
    match write(path, waveform, WavEncoding::Float32, progress) {
        Ok(true) => Ok(()),
        Ok(false) => Err(AudioError::Interrupted {
            path: path.to_path_buf(),
        }),
        Err(error) => Err(unwritten(path, error)),
    }
}

/// Writes a mono WAV file in the given encoding.
///
/// # Errors
/// The file cannot be written.
pub fn write_wav_as(
    path: &Path,
    waveform: &Waveform,
    encoding: WavEncoding,
) -> Result<(), AudioError> {
    let written = write(path, waveform, encoding, &Silent);
    written.map(|_| ()).map_err(|error| unwritten(path, error))
}

fn unwritten(path: &Path, error: hound::Error) -> AudioError {
    AudioError::Io {
        path: path.to_path_buf(),
        action: "write",
        source: match error {
            hound::Error::IoError(source) => source,
            other => std::io::Error::other(other),
        },
    }
}

/// Writes the file; false if it was interrupted.
fn write(
    path: &Path,
    waveform: &Waveform,
    encoding: WavEncoding,
    progress: &dyn Progress,
) -> Result<bool, hound::Error> {
    let (bits_per_sample, sample_format) = match encoding {
        WavEncoding::Float32 => (32, hound::SampleFormat::Float),
        WavEncoding::Pcm16 => (16, hound::SampleFormat::Int),
    };
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: waveform.rate_hz,
        bits_per_sample,
        sample_format,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for block in waveform.samples.chunks(BLOCK) {
        if progress.interrupted() {
            return Ok(false);
        }
        for &sample in block {
            match encoding {
                WavEncoding::Float32 => writer.write_sample(sample)?,
                // A float that is out of range saturates in the conversion.
                WavEncoding::Pcm16 => writer.write_sample((sample * 32_768.0).round() as i16)?,
            }
        }
    }
    writer.finalize().map(|()| true)
}
