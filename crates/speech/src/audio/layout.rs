//! Where the samples are in a file and how they are coded: what every header boils down to.

use serde::{Deserialize, Serialize};

use super::sniff::AudioFormat;

/// Rates in Hz that recordings may have, and that can be converted from and to. Telephony starts at 8,000 Hz, and no
/// converter of sound is faster than 768,000 Hz: a header that says something else is damaged.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// How one sample of one channel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleCoding {
    /// Unsigned 8-bit PCM (WAV).
    U8,
    /// Signed 8-bit PCM (AIFF, SPHERE).
    I8,
    /// 16-bit PCM.
    I16,
    /// 24-bit PCM in 3 bytes.
    I24,
    /// 32-bit PCM, also 24-bit left-justified in 4 bytes.
    I32,
    /// 32-bit IEEE float.
    F32,
    /// 64-bit IEEE float.
    F64,
    /// ITU-T G.711 mu-law.
    MuLaw,
    /// ITU-T G.711 A-law.
    ALaw,
}

impl SampleCoding {
    /// Bytes of one sample.
    pub fn bytes(self) -> usize {
        match self {
            SampleCoding::U8 | SampleCoding::I8 | SampleCoding::MuLaw | SampleCoding::ALaw => 1,
            SampleCoding::I16 => 2,
            SampleCoding::I24 => 3,
            SampleCoding::I32 | SampleCoding::F32 => 4,
            SampleCoding::F64 => 8,
        }
    }

    /// Signed PCM in containers of this many bytes.
    pub(super) fn signed(bytes: u64) -> Option<Self> {
        match bytes {
            1 => Some(SampleCoding::I8),
            2 => Some(SampleCoding::I16),
            3 => Some(SampleCoding::I24),
            4 => Some(SampleCoding::I32),
            _ => None,
        }
    }
}

/// What the header of an audio file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// Container format, by content.
    pub format: AudioFormat,
    /// Frames (samples of each channel) per second.
    pub rate_hz: u32,
    /// Channels, interleaved.
    pub channels: u16,
    /// Samples per channel.
    pub frames: u64,
    /// Bits of one stored sample.
    pub bits: u16,
    /// How samples are stored.
    pub coding: SampleCoding,
}

impl AudioInfo {
    /// Length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.frames as f64 / f64::from(self.rate_hz)
    }
}

/// A header together with the place of the samples.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub info: AudioInfo,
    pub big_endian: bool,
    /// Offset of the first sample in bytes.
    pub data_offset: u64,
}

impl Layout {
    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> u64 {
        u64::from(self.info.channels) * self.info.coding.bytes() as u64
    }
}
