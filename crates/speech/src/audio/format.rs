//! Container formats of audio files.

use serde::{Deserialize, Serialize};

/// Container formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioFormat {
    /// RIFF/WAVE.
    Wav,
    /// RIFX/WAVE: WAV with every number big-endian.
    Rifx,
    /// RF64 or BW64: WAV with 64-bit sizes in a `ds64` chunk.
    Rf64,
    /// Audio Interchange File Format.
    Aiff,
    /// AIFF with a named sample coding.
    Aifc,
    /// NIST SPHERE.
    Sphere,
    /// Sony Wave64: WAV with 64-bit sizes throughout.
    W64,
    /// Free Lossless Audio Codec, in its own container.
    Flac,
    /// A bare stream of MPEG layer III.
    Mp3,
    /// A bare stream of AAC with ADTS headers.
    Adts,
    /// Ogg.
    Ogg,
    /// MPEG-4 or QuickTime (MP4, M4A, MOV).
    Mp4,
}

impl AudioFormat {
    /// Every format. Their places are stored, so new ones are added at the end.
    pub const ALL: [Self; 12] = [
        Self::Wav,
        Self::Rifx,
        Self::Rf64,
        Self::Aiff,
        Self::Aifc,
        Self::Sphere,
        Self::W64,
        Self::Flac,
        Self::Mp3,
        Self::Adts,
        Self::Ogg,
        Self::Mp4,
    ];

    /// The format's name for people.
    pub fn name(self) -> &'static str {
        match self {
            AudioFormat::Wav => "WAV",
            AudioFormat::Rifx => "RIFX",
            AudioFormat::Rf64 => "RF64",
            AudioFormat::Aiff => "AIFF",
            AudioFormat::Aifc => "AIFC",
            AudioFormat::Sphere => "SPHERE",
            AudioFormat::W64 => "Wave64",
            AudioFormat::Flac => "FLAC",
            AudioFormat::Mp3 => "MP3",
            AudioFormat::Adts => "AAC",
            AudioFormat::Ogg => "Ogg",
            AudioFormat::Mp4 => "MPEG-4",
        }
    }
}
