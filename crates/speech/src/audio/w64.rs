//! The Sony Wave64 header: chunks named by GUIDs, with sizes of 64 bits that count their own headers.

use std::io::{Read, Seek};

use super::AudioError;
use super::format::AudioFormat;
use super::layout::Layout;
use super::revision::REVISION;
use super::source::Source;
use super::wave_format::{FMT_BYTES, WaveFormat};

/// The first bytes of a Wave64 file.
pub(super) const RIFF: [u8; 16] = *b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0";
/// What follows them and the size of the file.
pub(super) const WAVE: [u8; 16] = *b"wave\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a";
const FMT: [u8; 16] = *b"fmt \xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a";
const DATA: [u8; 16] = *b"data\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a";

const MAX_CHUNKS: usize = 1024;

/// Name and size of a chunk.
const HEADER_BYTES: u64 = 24;

/// Reads the header of a Wave64 file.
pub(super) fn layout<R: Read + Seek>(source: &mut Source<R>) -> Result<Layout, AudioError> {
    let path = source.path.clone();
    let malformed = |detail: &str| AudioError::Malformed {
        path: path.clone(),
        format: AudioFormat::W64.name(),
        detail: detail.to_string(),
    };
    let mut fmt = None;
    let mut offset = HEADER_BYTES + WAVE.len() as u64;
    for _ in 0..MAX_CHUNKS {
        let (Some(name), Some(size)) = (
            source.array_at::<16>(offset)?,
            source.array_at::<8>(offset.saturating_add(16))?,
        ) else {
            return Err(malformed(match fmt {
                None => "the file ends without a `fmt ` chunk",
                Some(_) => "the file ends without a `data` chunk",
            }));
        };
        let payload = offset + HEADER_BYTES;
        let Some(size) = u64::from_le_bytes(size).checked_sub(HEADER_BYTES) else {
            return Err(malformed("a chunk is smaller than its own header"));
        };
        match name {
            FMT => {
                let mut bytes = [0; FMT_BYTES];
                let present = size.min(FMT_BYTES as u64) as usize;
                if present < 16 || !source.read_at(payload, &mut bytes[..present])? {
                    return Err(malformed("its `fmt ` chunk is cut short"));
                }
                fmt = Some(WaveFormat::parse(&bytes[..present], false));
            }
            DATA => {
                let Some(fmt) = fmt else {
                    return Err(malformed("its `data` chunk comes before `fmt `"));
                };
                let mut layout = fmt.layout(source, AudioFormat::W64, payload, size)?;
                layout.info.revision = REVISION;
                return Ok(layout);
            }
            _ => {}
        }
        offset = payload.saturating_add(size).saturating_add(7) / 8 * 8;
    }
    Err(malformed("more than 1024 chunks come before its samples"))
}
