//! The WAV header (RIFF, RIFX, RF64): walks the chunks to `fmt ` and `data`.
//!
//! `hound` writes our WAV files, and the tests hold this walk against it. It does not read them, because `hound` 3.5
//! ignores the padding byte after a chunk of odd size, reads neither 64-bit floats nor G.711 nor the lengths that
//! programs write into pipes, refuses `fmt ` chunks of unusual size, and hands out one sample at a time.

use std::io::{Read, Seek};

use super::AudioError;
use super::layout::{AudioInfo, Layout, SampleCoding};
use super::sniff::AudioFormat;
use super::source::Source;

/// A file with more chunks before its samples than this is refused: it only costs time.
const MAX_CHUNKS: usize = 1024;

/// A `data` length from here up is what programs write when they cannot know it (`sox`: 0x7FFFF000 and a little,
/// `ffmpeg`: 0xFFFFFFFF). If the file is shorter, everything to its end is samples.
const UNKNOWN_LENGTH: u64 = 0x7FFF_F000;

/// Reads the header of a file that was recognised as `format`.
pub(super) fn layout<R: Read + Seek>(
    source: &mut Source<R>,
    format: AudioFormat,
) -> Result<Layout, AudioError> {
    let big_endian = format == AudioFormat::Rifx;
    let name = format.name();
    let u32_of = |bytes: [u8; 4]| match big_endian {
        true => u32::from_be_bytes(bytes),
        false => u32::from_le_bytes(bytes),
    };
    let malformed = |source: &Source<R>, detail: String| AudioError::Malformed {
        path: source.path.clone(),
        format: name,
        detail,
    };
    let riff_size = source.array_at::<4>(4)?.map_or(0, u32_of);

    let mut fmt = None;
    let mut long_data_size = None;
    let mut offset = 12;
    for _ in 0..MAX_CHUNKS {
        let Some([a, b, c, d, size @ ..]) = source.array_at::<8>(offset)? else {
            let missing = if fmt.is_some() { "data" } else { "fmt" };
            let detail = format!("the file ends without a `{missing}` chunk");
            return Err(malformed(source, detail));
        };
        let size = u64::from(u32_of(size));
        let payload = offset + 8;
        match &[a, b, c, d] {
            b"fmt " => {
                let mut bytes = [0; 40];
                let present = size.min(40) as usize;
                if present < 16 {
                    let detail = format!("its `fmt ` chunk has {size} bytes, expected at least 16");
                    return Err(malformed(source, detail));
                }
                if !source.read_at(payload, &mut bytes[..present])? {
                    let detail = "the file ends within its `fmt ` chunk".to_string();
                    return Err(malformed(source, detail));
                }
                fmt = Some(Fmt::parse(&bytes, present >= 40, big_endian));
            }
            b"ds64" => {
                long_data_size = source.array_at::<8>(payload + 8)?.map(u64::from_le_bytes);
            }
            b"data" => {
                let Some(fmt) = &fmt else {
                    let detail = "its `data` chunk comes before `fmt `".to_string();
                    return Err(malformed(source, detail));
                };
                let size = match (format, long_data_size) {
                    (AudioFormat::Rf64, Some(long)) if size == u64::from(u32::MAX) => long,
                    _ => size,
                };
                let promised_bytes = data_bytes(size, riff_size, payload, source.len - payload);
                return fmt.layout(source, format, payload, promised_bytes);
            }
            _ => {}
        }
        offset = next_chunk(source, payload, size)?;
    }
    let detail = format!("more than {MAX_CHUNKS} chunks come before its samples");
    Err(malformed(source, detail))
}

/// Offset of the chunk after one with `size` bytes at `payload`.
///
/// A chunk of odd size is followed by a padding byte; some writers forget it, so where no chunk name can be read
/// behind the padding and one can be read without it, there is none.
fn next_chunk<R: Read + Seek>(
    source: &mut Source<R>,
    payload: u64,
    size: u64,
) -> Result<u64, AudioError> {
    let end = payload + size;
    if size.is_multiple_of(2) {
        return Ok(end);
    }
    let is_name = |bytes: Option<[u8; 4]>| {
        bytes.is_some_and(|name| name.iter().all(|byte| (0x20..0x7f).contains(byte)))
    };
    let padded = is_name(source.array_at::<4>(end + 1)?);
    let unpadded = is_name(source.array_at::<4>(end)?);
    Ok(if unpadded && !padded { end } else { end + 1 })
}

/// Bytes of samples that the header promises, where `present` bytes follow it from `payload` on.
///
/// No samples in a file that is said to end before them, where bytes follow: a header that nobody went back to
/// (GStreamer's into a pipe, or a recorder that was killed).
fn data_bytes(size: u64, riff_size: u32, payload: u64, present: u64) -> u64 {
    let ends_here = u64::from(riff_size) + 8 <= payload;
    let unknown = size >= UNKNOWN_LENGTH || (size == 0 && (ends_here || riff_size == u32::MAX));
    if unknown && (size == 0 || size > present) {
        present
    } else {
        size
    }
}

/// The fields of a `fmt ` chunk that count.
struct Fmt {
    tag: u16,
    channels: u16,
    rate_hz: u32,
    block_bytes: u16,
    bits: u16,
}

impl Fmt {
    fn parse(bytes: &[u8; 40], has_extension: bool, big_endian: bool) -> Fmt {
        const EXTENSIBLE: u16 = 0xFFFE;
        /// What follows the format tag in the sub-format of WAVE_FORMAT_EXTENSIBLE.
        const GUID_TAIL: [u8; 14] = [
            0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71,
        ];
        let u16_at = |at: usize| {
            let bytes = [bytes[at], bytes[at + 1]];
            match big_endian {
                true => u16::from_be_bytes(bytes),
                false => u16::from_le_bytes(bytes),
            }
        };
        let rate = [bytes[4], bytes[5], bytes[6], bytes[7]];
        let mut tag = u16_at(0);
        let tail = &bytes[26..40];
        if tag == EXTENSIBLE && has_extension && (tail == GUID_TAIL || big_endian) {
            tag = u16_at(24);
        }
        Fmt {
            tag,
            channels: u16_at(2),
            rate_hz: match big_endian {
                true => u32::from_be_bytes(rate),
                false => u32::from_le_bytes(rate),
            },
            block_bytes: u16_at(12),
            bits: u16_at(14),
        }
    }

    fn layout<R>(
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
        let block_bytes = u64::from(self.block_bytes);
        let channels = u64::from(self.channels);
        let coding = self.coding(block_bytes / channels);
        let Some(coding) = coding else {
            return Err(AudioError::UnsupportedCoding {
                path: source.path.clone(),
                format: format.name(),
                coding: format!(
                    "format tag 0x{:04x}, {} bits in blocks of {block_bytes} bytes for {channels} channel(s)",
                    self.tag, self.bits
                ),
                advice: "convert it to 16-bit PCM",
            });
        };
        if coding.bytes() as u64 * channels != block_bytes {
            return Err(malformed(format!(
                "blocks of {block_bytes} bytes do not hold {channels} samples of {} bytes",
                coding.bytes()
            )));
        }
        let present_bytes = source.len.saturating_sub(data_offset);
        source.check_whole(promised_bytes, present_bytes)?;
        Ok(Layout {
            info: AudioInfo {
                format,
                rate_hz: self.rate_hz,
                channels: self.channels,
                frames: promised_bytes / block_bytes,
                bits: self.bits,
                coding,
            },
            big_endian: format == AudioFormat::Rifx,
            data_offset,
        })
    }

    /// Samples are left-justified in their containers, so only the container's size matters.
    fn coding(&self, container_bytes: u64) -> Option<SampleCoding> {
        match (self.tag, container_bytes, self.bits) {
            (1, 1, 1..=8) => Some(SampleCoding::U8),
            (1, 2..=4, bits) if bits > 0 && u64::from(bits) <= 8 * container_bytes => {
                SampleCoding::signed(container_bytes)
            }
            (3, 4, 32) => Some(SampleCoding::F32),
            (3, 8, 64) => Some(SampleCoding::F64),
            (6, 1, 8) => Some(SampleCoding::ALaw),
            (7, 1, 8) => Some(SampleCoding::MuLaw),
            _ => None,
        }
    }
}
