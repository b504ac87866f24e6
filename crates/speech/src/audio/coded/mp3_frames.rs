//! The headers of MP3 frames, and whether another recording follows the one that the tag in the first frame tells of.
//!
//! Sources: ISO/IEC 11172-3, 2.4.1.3, and 13818-3, 2.4.2.3, for the header; the Xing tag as LAME writes it
//! (`VbrTag.c`), with the number of bytes behind the number of frames.

use std::io::{Read, Seek};

use crate::audio::AudioError;
use crate::audio::source::Source;
use crate::audio::tag;

/// Kilobits a second by the field of the header, of layer III in MPEG-1 and in MPEG-2 and 2.5.
const MPEG_1_KBITS: [u64; 15] = [
    0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
];
const MPEG_2_KBITS: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MPEG_1_RATES_HZ: [u64; 3] = [44_100, 48_000, 32_000];

/// So far behind the end of a recording another one is looked for.
const SEARCHED_BYTES: u64 = 4096;

/// What is read of a frame to find its tag.
const TAG_BYTES: usize = 64;

/// Bytes of the frame of layer III with this header; none where it is no such header, or leaves its bit rate open.
fn frame_bytes(header: [u8; 4]) -> Option<u64> {
    let [first, second, third, _] = header;
    if first != 0xff || second & 0xe0 != 0xe0 || second >> 1 & 3 != 1 {
        return None;
    }
    let version = second >> 3 & 3;
    let kbits = match version {
        3 => MPEG_1_KBITS,
        1 => return None,
        _ => MPEG_2_KBITS,
    };
    let bits_per_s = 1000
        * *kbits
            .get(usize::from(third >> 4))
            .filter(|&&rate| rate > 0)?;
    let rate_hz = *MPEG_1_RATES_HZ.get(usize::from(third >> 2 & 3))?;
    let padding = u64::from(third >> 1 & 1);
    Some(match version {
        3 => 144 * bits_per_s / rate_hz + padding,
        2 => 72 * bits_per_s / (rate_hz / 2) + padding,
        _ => 72 * bits_per_s / (rate_hz / 4) + padding,
    })
}

/// Bytes of the recording as the tag in its first frame tells; none where it does not.
fn told_bytes<R: Read + Seek>(source: &mut Source<R>) -> Result<Option<u64>, AudioError> {
    const HAS_FRAMES: u32 = 1;
    const HAS_BYTES: u32 = 2;
    let Some(frame) = source.array_at::<TAG_BYTES>(0)? else {
        return Ok(None);
    };
    let is_mpeg_1 = frame[1] >> 3 & 3 == 3;
    let is_mono = frame[3] >> 6 == 3;
    let checksum = if frame[1] & 1 == 0 { 2 } else { 0 };
    let side_information = match (is_mpeg_1, is_mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    };
    let number = |at: usize| {
        let bytes = frame.get(at..at + 4)?.first_chunk()?;
        Some(u32::from_be_bytes(*bytes))
    };
    // Writers differ in whether a checksum counts.
    for at in [4 + side_information, 4 + checksum + side_information] {
        if !matches!(frame.get(at..at + 4), Some(b"Xing" | b"Info")) {
            continue;
        }
        let Some(flags) = number(at + 4).filter(|flags| flags & HAS_BYTES != 0) else {
            return Ok(None);
        };
        let before = if flags & HAS_FRAMES != 0 { 4 } else { 0 };
        let bytes = number(at + 8 + before).filter(|&bytes| bytes > 0);
        return Ok(bytes.map(u64::from));
    }
    Ok(None)
}

/// Where another recording begins behind the one that the tag in the first frame tells of, before `end`. What is not two
/// frames in a row is none: some writers do not count the frame of the tag, and others put something of their own there.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn second_recording<R: Read + Seek>(
    source: &mut Source<R>,
    end: u64,
) -> Result<Option<u64>, AudioError> {
    let Some(told) = told_bytes(source)? else {
        return Ok(None);
    };
    let mut at = told;
    while let Some(bytes) = tag::id3v2_bytes_at(source, at)? {
        at += bytes;
    }
    for at in at..end.min(at + SEARCHED_BYTES) {
        let Some(header) = source.array_at::<4>(at)? else {
            break;
        };
        let Some(bytes) = frame_bytes(header) else {
            continue;
        };
        let next = at + bytes;
        if next + 4 <= end
            && let Some(following) = source.array_at::<4>(next)?
            && frame_bytes(following).is_some()
            // The same version, layer and rate.
            && header[1] & 0xfe == following[1] & 0xfe
            && header[2] & 0x0c == following[2] & 0x0c
        {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_frame_follows_from_its_header() {
        for (header, expected) in [
            // 128 kbit/s at 44.1 kHz, without and with padding.
            ([0xff, 0xfb, 0x90, 0x64], Some(417)),
            ([0xff, 0xfb, 0x92, 0x64], Some(418)),
            // MPEG-2 at 16 kHz and MPEG-2.5 at 8 kHz.
            ([0xff, 0xf3, 0x48, 0xc4], Some(144)),
            ([0xff, 0xe3, 0x18, 0xc4], Some(72)),
            // No bit rate, a reserved one, a reserved rate, another layer, no frame.
            ([0xff, 0xfb, 0x00, 0x64], None),
            ([0xff, 0xfb, 0xf0, 0x64], None),
            ([0xff, 0xfb, 0x9c, 0x64], None),
            ([0xff, 0xfd, 0x90, 0x64], None),
            (*b"Xing", None),
        ] {
            assert_eq!(frame_bytes(header), expected, "{header:x?}");
        }
    }
}
