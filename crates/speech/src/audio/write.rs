//! Writes WAV files, through `hound`.

use std::path::Path;

use super::{AudioError, Waveform};

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

/// Writes a mono WAV file in the given encoding.
///
/// # Errors
/// The file cannot be written.
pub fn write_wav_as(
    path: &Path,
    waveform: &Waveform,
    encoding: WavEncoding,
) -> Result<(), AudioError> {
    write(path, waveform, encoding).map_err(|error| AudioError::Io {
        path: path.to_path_buf(),
        action: "write",
        source: match error {
            hound::Error::IoError(source) => source,
            other => std::io::Error::other(other),
        },
    })
}

fn write(path: &Path, waveform: &Waveform, encoding: WavEncoding) -> Result<(), hound::Error> {
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
    for &sample in &waveform.samples {
        match encoding {
            WavEncoding::Float32 => writer.write_sample(sample)?,
            // A float that is out of range saturates in the conversion.
            WavEncoding::Pcm16 => writer.write_sample((sample * 32_768.0).round() as i16)?,
        }
    }
    writer.finalize()
}
