//! The AIFF and AIFC header: `COMM` and `SSND` chunks of a big-endian FORM.

use std::io::{Read, Seek};

use super::AudioError;
use super::format::AudioFormat;
use super::layout::{AudioInfo, Layout, SampleCoding};
use super::source::Source;

const MAX_CHUNKS: usize = 1024;

/// Reads the header of a file that was recognised as AIFF or AIFC.
pub(super) fn layout<R: Read + Seek>(
    source: &mut Source<R>,
    format: AudioFormat,
) -> Result<Layout, AudioError> {
    let path = source.path.clone();
    let malformed = |detail: String| AudioError::Malformed {
        path: path.clone(),
        format: format.name(),
        detail,
    };
    let mut comm = None;
    let mut sound = None;
    let mut offset: u64 = 12;
    for _ in 0..MAX_CHUNKS {
        if comm.is_some() && sound.is_some() {
            break;
        }
        let Some([a, b, c, d, size @ ..]) = source.array_at::<8>(offset)? else {
            break;
        };
        let size = u64::from(u32::from_be_bytes(size));
        let payload = offset + 8;
        match &[a, b, c, d] {
            b"COMM" => {
                let mut bytes = [0; 22];
                let present = size.min(22) as usize;
                let needed = if format == AudioFormat::Aifc { 22 } else { 18 };
                if present < needed {
                    return Err(malformed(format!(
                        "its `COMM` chunk has {size} bytes, expected at least {needed}"
                    )));
                }
                if !source.read_at(payload, &mut bytes[..present])? {
                    let detail = "the file ends within its `COMM` chunk";
                    return Err(malformed(detail.to_string()));
                }
                comm = Some(Comm::parse(&bytes, format));
            }
            b"SSND" => {
                let Some(bytes) = source.array_at::<4>(payload)? else {
                    return Err(malformed("its `SSND` chunk is truncated".to_string()));
                };
                let skipped = 8 + u64::from(u32::from_be_bytes(bytes));
                if skipped > size {
                    return Err(malformed(format!(
                        "its `SSND` chunk has {size} bytes, but its samples start at byte {skipped}"
                    )));
                }
                sound = Some((payload + skipped, size - skipped));
            }
            _ => {}
        }
        offset = payload + size + size % 2;
    }
    let comm = comm.ok_or_else(|| malformed("it has no `COMM` chunk".to_string()))?;
    let (data_offset, chunk_bytes) = match sound {
        Some(sound) => sound,
        // The sound chunk may be left out of a file without samples.
        None if comm.frames == 0 => (source.len, 0),
        None => return Err(malformed("it has no `SSND` chunk".to_string())),
    };
    let Some((coding, big_endian)) = comm.coding() else {
        return Err(AudioError::UnsupportedCoding {
            path: path.clone(),
            format: format.name(),
            coding: format!(
                "compression \"{}\" of {} bits",
                comm.compression.escape_ascii(),
                comm.bits
            ),
            advice: "convert it to 16-bit PCM",
        });
    };
    let rate_hz = comm
        .rate_hz
        .ok_or_else(|| malformed("its rate is not between 1 and 4294967295 Hz".to_string()))?;
    if comm.channels == 0 {
        return Err(malformed("it has 0 channels".to_string()));
    }
    let promised_bytes = u64::from(comm.frames) * u64::from(comm.channels) * coding.bytes() as u64;
    let present_bytes = chunk_bytes.min(source.len.saturating_sub(data_offset));
    source.check_whole(promised_bytes, present_bytes)?;
    Ok(Layout {
        info: AudioInfo {
            format,
            rate_hz,
            channels: comm.channels,
            frames: u64::from(comm.frames),
            bits: comm.bits,
            coding,
            revision: 0,
        },
        big_endian,
        data_offset,
        blocks: None,
    })
}

/// The common chunk.
struct Comm {
    channels: u16,
    frames: u32,
    bits: u16,
    rate_hz: Option<u32>,
    compression: [u8; 4],
}

impl Comm {
    fn parse(bytes: &[u8; 22], format: AudioFormat) -> Comm {
        let [c0, c1, f0, f1, f2, f3, b0, b1, rest @ ..] = *bytes;
        let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, compression @ ..] = rest;
        Comm {
            channels: u16::from_be_bytes([c0, c1]),
            frames: u32::from_be_bytes([f0, f1, f2, f3]),
            bits: u16::from_be_bytes([b0, b1]),
            rate_hz: extended([r0, r1, r2, r3, r4, r5, r6, r7, r8, r9]),
            compression: match format {
                AudioFormat::Aifc => compression,
                _ => *b"NONE",
            },
        }
    }

    /// The coding and whether it is big-endian; samples are left-justified in whole bytes.
    fn coding(&self) -> Option<(SampleCoding, bool)> {
        let pcm = || match self.bits {
            1..=32 => SampleCoding::signed(u64::from(self.bits.div_ceil(8))),
            _ => None,
        };
        match &self.compression {
            b"NONE" | b"none" | b"twos" => pcm().map(|coding| (coding, true)),
            b"sowt" => pcm().map(|coding| (coding, false)),
            b"in24" => Some((SampleCoding::I24, true)),
            b"in32" => Some((SampleCoding::I32, true)),
            b"raw " if self.bits <= 8 => Some((SampleCoding::U8, true)),
            b"fl32" | b"FL32" => Some((SampleCoding::F32, true)),
            b"fl64" | b"FL64" => Some((SampleCoding::F64, true)),
            b"ulaw" | b"ULAW" => Some((SampleCoding::MuLaw, true)),
            b"alaw" | b"ALAW" => Some((SampleCoding::ALaw, true)),
            _ => None,
        }
    }
}

/// An 80-bit IEEE 754 extended number, rounded to a whole rate in Hz.
fn extended(bytes: [u8; 10]) -> Option<u32> {
    let [s0, s1, mantissa @ ..] = bytes;
    let sign_exponent = u16::from_be_bytes([s0, s1]);
    let mantissa = u64::from_be_bytes(mantissa);
    if sign_exponent & 0x8000 != 0 {
        return None;
    }
    // value = mantissa * 2^(exponent - 16383 - 63)
    let exponent = i32::from(sign_exponent) - 16_383 - 63;
    let value = (mantissa as f64 * 2.0_f64.powi(exponent)).round();
    (1.0..=f64::from(u32::MAX))
        .contains(&value)
        .then_some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighty_bit_rates() {
        let rate = |head: [u8; 4]| {
            let [a, b, c, d] = head;
            extended([a, b, c, d, 0, 0, 0, 0, 0, 0])
        };
        assert_eq!(rate([0x40, 0x0e, 0xac, 0x44]), Some(44_100));
        assert_eq!(rate([0x40, 0x0d, 0xbe, 0xbc]), Some(24_414));
        assert_eq!(rate([0x40, 0x0b, 0xfa, 0x00]), Some(8_000));
        assert_eq!(rate([0x7f, 0xff, 0xff, 0xff]), None);
        assert_eq!(rate([0xc0, 0x0e, 0xac, 0x44]), None);
        assert_eq!(rate([0, 0, 0, 0]), None);
    }
}
