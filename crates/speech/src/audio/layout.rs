//! Where the samples are in a file and how they are coded: what every header boils down to.

use serde::{Deserialize, Serialize};

use super::format::AudioFormat;

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
    /// ADPCM of the IMA, in blocks as WAV has them.
    ImaAdpcm,
    /// ADPCM of Microsoft.
    MsAdpcm,
    /// Free Lossless Audio Codec.
    Flac,
    /// Apple Lossless.
    Alac,
    /// MPEG-1, 2 or 2.5, layer III.
    Mp3,
    /// MPEG-4 AAC, low complexity.
    Aac,
    /// Vorbis I.
    Vorbis,
}

impl SampleCoding {
    /// Bytes of one sample; 0 where samples are not stored one by one.
    pub fn bytes(self) -> usize {
        match self {
            SampleCoding::U8 | SampleCoding::I8 | SampleCoding::MuLaw | SampleCoding::ALaw => 1,
            SampleCoding::I16 => 2,
            SampleCoding::I24 => 3,
            SampleCoding::I32 | SampleCoding::F32 => 4,
            SampleCoding::F64 => 8,
            SampleCoding::ImaAdpcm
            | SampleCoding::MsAdpcm
            | SampleCoding::Flac
            | SampleCoding::Alac
            | SampleCoding::Mp3
            | SampleCoding::Aac
            | SampleCoding::Vorbis => 0,
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
    /// Samples per channel, without what an encoder has put before and after them.
    pub frames: u64,
    /// Bits of one stored sample; 0 where the coding is lossy.
    pub bits: u16,
    /// How samples are stored.
    pub coding: SampleCoding,
    /// Which revision of the readers this file needs: 0 where all versions of the program read the same samples from
    /// it. It belongs into keys of what is made from the samples.
    pub revision: u32,
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
    /// Blocks of ADPCM, where the coding is one.
    pub blocks: Option<Blocks>,
}

/// How ADPCM is cut into blocks that are decoded on their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    /// Bytes of a block.
    pub bytes: u64,
    /// Samples of each channel in one.
    pub frames: u64,
}

impl Layout {
    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> u64 {
        u64::from(self.info.channels) * self.info.coding.bytes() as u64
    }
}
