//! The WAV header (RIFF, RIFX, RF64): walks the chunks to `fmt ` and `data`.
//!
//! `hound` writes our WAV files, and the tests hold this walk against it. It does not read them, because `hound` 3.5
//! ignores the padding byte after a chunk of odd size, reads neither 64-bit floats nor G.711 nor the lengths that
//! programs write into pipes, refuses `fmt ` chunks of unusual size, and hands out one sample at a time.

use std::io::{Read, Seek};

use super::AudioError;
use super::format::AudioFormat;
use super::layout::Layout;
use super::source::Source;
use super::wave_format::{FMT_BYTES, WaveFormat};

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
                let mut bytes = [0; FMT_BYTES];
                let present = size.min(FMT_BYTES as u64) as usize;
                if present < 16 {
                    let detail = format!("its `fmt ` chunk has {size} bytes, expected at least 16");
                    return Err(malformed(source, detail));
                }
                if !source.read_at(payload, &mut bytes[..present])? {
                    let detail = "the file ends within its `fmt ` chunk".to_string();
                    return Err(malformed(source, detail));
                }
                fmt = Some(WaveFormat::parse(&bytes[..present], big_endian));
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
                if let Some(second) = second_data(source, payload, promised_bytes, &u32_of)? {
                    return Err(AudioError::TwoRecordings {
                        path: source.path.clone(),
                        first: offset,
                        second,
                    });
                }
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

/// The offset of a `data` chunk behind the one of `bytes` bytes at `payload`. What is not in the form of chunks ends the
/// search: bytes that a program has appended are no part of the recording.
fn second_data<R: Read + Seek>(
    source: &mut Source<R>,
    payload: u64,
    bytes: u64,
    u32_of: &dyn Fn([u8; 4]) -> u32,
) -> Result<Option<u64>, AudioError> {
    let mut offset = next_chunk(source, payload, bytes)?;
    for _ in 0..MAX_CHUNKS {
        let Some([a, b, c, d, size @ ..]) = source.array_at::<8>(offset)? else {
            break;
        };
        let (name, size) = ([a, b, c, d], u64::from(u32_of(size)));
        if !name.iter().all(|byte| (0x20..0x7f).contains(byte)) {
            break;
        }
        if name == *b"data" && size > 0 {
            return Ok(Some(offset));
        }
        offset = next_chunk(source, offset + 8, size)?;
    }
    Ok(None)
}
