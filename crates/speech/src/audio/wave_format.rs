//! The format chunk of WAV and Wave64: what the samples are.

use std::io::{Read, Seek};

use super::AudioError;
use super::format::AudioFormat;
use super::layout::{AudioInfo, Blocks, Layout, SampleCoding};
use super::revision::REVISION;
use super::source::Source;

/// Bytes of a format chunk that are looked at; it has 16 at least.
pub(super) const FMT_BYTES: usize = 40;

const PCM: u16 = 1;
const MS_ADPCM: u16 = 2;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const IMA_ADPCM: u16 = 0x11;
const EXTENSIBLE: u16 = 0xFFFE;

/// What follows the format tag in the sub-format of WAVE_FORMAT_EXTENSIBLE.
const GUID_TAIL: [u8; 14] = [
    0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71,
];

/// The fields of a format chunk that count.
#[derive(Clone, Copy)]
pub(super) struct WaveFormat {
    tag: u16,
    channels: u16,
    rate_hz: u32,
    bytes_per_s: u32,
    block_bytes: u16,
    bits: u16,
}

impl WaveFormat {
    /// The fields of a chunk of which the first bytes are given, 16 at least.
    pub fn parse(present: &[u8], big_endian: bool) -> Self {
        let mut bytes = [0; FMT_BYTES];
        let length = present.len().min(FMT_BYTES);
        bytes[..length].copy_from_slice(&present[..length]);
        let u16_at = |at: usize| {
            let bytes = [bytes[at], bytes[at + 1]];
            match big_endian {
                true => u16::from_be_bytes(bytes),
                false => u16::from_le_bytes(bytes),
            }
        };
        let u32_at = |at: usize| match big_endian {
            true => u32::from(u16_at(at)) << 16 | u32::from(u16_at(at + 2)),
            false => u32::from(u16_at(at + 2)) << 16 | u32::from(u16_at(at)),
        };
        let mut tag = u16_at(0);
        let is_whole = present.len() >= FMT_BYTES;
        if tag == EXTENSIBLE && is_whole && (bytes[26..] == GUID_TAIL || big_endian) {
            tag = u16_at(24);
        }
        Self {
            tag,
            channels: u16_at(2),
            rate_hz: u32_at(4),
            bytes_per_s: u32_at(8),
            block_bytes: u16_at(12),
            bits: u16_at(14),
        }
    }

    /// The layout of a file with this format chunk, whose samples are `promised_bytes` from `data_offset` on.
    ///
    /// # Errors
    /// A format that contradicts itself or is not decoded, fewer bytes than promised.
    pub fn layout<R: Read + Seek>(
        &self,
        source: &Source<R>,
        format: AudioFormat,
        data_offset: u64,
        promised_bytes: u64,
    ) -> Result<Layout, AudioError> {
        let malformed = |detail: String| AudioError::Malformed {
            path: source.path.clone(),
            format: format.name(),
            detail,
        };
        if self.channels == 0 || self.rate_hz == 0 {
            let detail = format!("{} channels at {} Hz", self.channels, self.rate_hz);
            return Err(malformed(detail));
        }
        if self.is_24_in_32() {
            return Err(AudioError::UnclearCoding {
                path: source.path.clone(),
                format: format.name(),
                coding: format!(
                    "24 bits in blocks of {} bytes for {} channel{}",
                    self.block_bytes,
                    self.channels,
                    if self.channels == 1 { "" } else { "s" }
                ),
            });
        }
        let written = u64::from(self.block_bytes);
        let channels = u64::from(self.channels);
        let block_bytes = self.bytes_by_bits().unwrap_or(written);
        let Some(coding) = self.coding(block_bytes / channels) else {
            return Err(AudioError::UnsupportedCoding {
                path: source.path.clone(),
                format: format.name(),
                coding: format!(
                    "format tag 0x{:04x}, {} bits in blocks of {block_bytes} bytes for {channels} channel{}",
                    self.tag,
                    self.bits,
                    if channels == 1 { "" } else { "s" }
                ),
                advice: "convert it to 16-bit PCM",
            });
        };
        let blocks = self.blocks(coding);
        let frame_bytes = coding.bytes() as u64 * channels;
        if blocks.is_none() && (frame_bytes == 0 || frame_bytes != block_bytes) {
            return Err(malformed(match coding.bytes() {
                0 => format!("blocks of {block_bytes} bytes are too small for ADPCM"),
                bytes => format!(
                    "blocks of {block_bytes} bytes do not hold {channels} samples of {bytes} bytes"
                ),
            }));
        }
        let present_bytes = source.len.saturating_sub(data_offset);
        source.check_whole(promised_bytes, present_bytes)?;
        let is_new = blocks.is_some() || block_bytes != written;
        Ok(Layout {
            info: AudioInfo {
                format,
                rate_hz: self.rate_hz,
                channels: self.channels,
                frames: match blocks {
                    Some(blocks) => self.frames_of_blocks(blocks, promised_bytes),
                    None => promised_bytes / block_bytes,
                },
                bits: self.bits,
                coding,
                revision: if is_new { REVISION } else { 0 },
            },
            big_endian: format == AudioFormat::Rifx,
            data_offset,
            blocks,
        })
    }

    /// Bytes of a frame by the number of bits, where the header gives another number: recorders are known that write blocks
    /// of 4 bytes for 2. libsndfile and FFmpeg go by the bits too, whatever the bytes a second.
    fn bytes_by_bits(&self) -> Option<u64> {
        let is_by_sample = matches!(self.tag, PCM | FLOAT | A_LAW | MU_LAW);
        let bytes = u64::from(self.channels) * u64::from(self.bits.div_ceil(8));
        let written = u64::from(self.block_bytes);
        (is_by_sample && bytes > 0 && bytes != written).then_some(bytes)
    }

    /// Whether the samples are 24 bits in blocks of 4 bytes, which is written for three things: padded integers, floats of
    /// Cool Edit (as FFmpeg reads it), and a wrong length of blocks (as libsndfile does). Bytes a second that agree with the
    /// bits tell the last.
    fn is_24_in_32(&self) -> bool {
        let (channels, written) = (u64::from(self.channels), u64::from(self.block_bytes));
        let by_bits = u64::from(self.rate_hz) * 3 * channels;
        (self.tag, self.bits) == (PCM, 24)
            && written == 4 * channels
            && by_bits != u64::from(self.bytes_per_s)
    }

    /// Samples are left-justified in their containers, so only the container's size matters.
    fn coding(&self, container_bytes: u64) -> Option<SampleCoding> {
        match (self.tag, container_bytes, self.bits) {
            (PCM, 1, 1..=8) => Some(SampleCoding::U8),
            (PCM, 2..=4, bits) if bits > 0 && u64::from(bits) <= 8 * container_bytes => {
                SampleCoding::signed(container_bytes)
            }
            (FLOAT, 4, 32) => Some(SampleCoding::F32),
            (FLOAT, 8, 64) => Some(SampleCoding::F64),
            (A_LAW, 1, 8) => Some(SampleCoding::ALaw),
            (MU_LAW, 1, 8) => Some(SampleCoding::MuLaw),
            (MS_ADPCM, _, 4) if self.channels <= 2 => Some(SampleCoding::MsAdpcm),
            (IMA_ADPCM, _, 4) if self.channels <= 2 => Some(SampleCoding::ImaAdpcm),
            _ => None,
        }
    }

    /// The blocks of ADPCM; none where they hold no sample. The number of frames in the header is not asked: FFmpeg and
    /// libsndfile work it out of the bytes too.
    fn blocks(&self, coding: SampleCoding) -> Option<Blocks> {
        let bytes = u64::from(self.block_bytes);
        let frames = self.frames_of_bytes(coding, bytes);
        (frames > 0).then_some(Blocks { bytes, frames })
    }

    /// Frames that so many bytes of a block hold.
    fn frames_of_bytes(&self, coding: SampleCoding, bytes: u64) -> u64 {
        let channels = u64::from(self.channels);
        let header_bytes = channels
            * match coding {
                SampleCoding::MsAdpcm => 7,
                SampleCoding::ImaAdpcm => 4,
                _ => return 0,
            };
        match (bytes.checked_sub(header_bytes), coding, channels) {
            (None, ..) => 0,
            (Some(data), SampleCoding::MsAdpcm, _) => 2 + data * 2 / channels,
            (Some(data), _, 1) => 1 + data * 2,
            // Four bytes of one channel, then four of the other.
            (Some(data), ..) => 1 + data / 8 * 8,
        }
    }

    fn frames_of_blocks(&self, blocks: Blocks, bytes: u64) -> u64 {
        let coding = match self.tag {
            MS_ADPCM => SampleCoding::MsAdpcm,
            _ => SampleCoding::ImaAdpcm,
        };
        bytes / blocks.bytes * blocks.frames + self.frames_of_bytes(coding, bytes % blocks.bytes)
    }
}
