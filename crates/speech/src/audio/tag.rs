//! Tags that programs write around a recording: ID3v2 in front of it, ID3v1 and APE behind.

use std::io::{Read, Seek};

use super::AudioError;
use super::source::Source;

/// More tags than this one after another are no tags.
const MAX_TAGS: usize = 16;

/// Some writers leave zeros behind a tag, which its length does not count.
const MAX_ZEROS: usize = 4096;

/// Bytes of an ID3v2 header.
const ID3V2_BYTES: usize = 10;

/// Leaves out the ID3v2 tags that a recording begins with, and zeros behind them; true if there were any.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn skip_in_front<R: Read + Seek>(source: &mut Source<R>) -> Result<bool, AudioError> {
    let mut found = false;
    for _ in 0..MAX_TAGS {
        let Some(bytes) = id3v2_bytes(source.head()) else {
            break;
        };
        source.skip(bytes)?;
        found = true;
    }
    if found {
        let head = source.head();
        let zeros = head.iter().take_while(|&&byte| byte == 0).count();
        // MPEG-4 begins with the length of its first box, and that with zeros.
        let is_mp4 = |at: &usize| head.get(at + 4..at + 8) == Some(b"ftyp");
        let first = (zeros.saturating_sub(3)..=zeros).find(is_mp4);
        if zeros < MAX_ZEROS {
            source.skip(first.unwrap_or(zeros) as u64)?;
        }
    }
    Ok(found)
}

/// Bytes of the ID3v2 tag at an offset; none where there is none.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn id3v2_bytes_at<R: Read + Seek>(
    source: &mut Source<R>,
    offset: u64,
) -> Result<Option<u64>, AudioError> {
    let header = source.array_at::<ID3V2_BYTES>(offset)?;
    Ok(header.and_then(|header| id3v2_bytes(&header)))
}

/// Bytes of the ID3v2 tag at the start of `head`, with its header and footer (ID3 2.4, section 3).
fn id3v2_bytes(head: &[u8]) -> Option<u64> {
    let header = head.get(..ID3V2_BYTES)?;
    let sizes = header.strip_prefix(b"ID3")?;
    let (&[_, _, flags], size) = sizes.split_first_chunk()?;
    // Seven bits a byte, so that no byte looks like the start of an MPEG frame.
    if size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let payload = size
        .iter()
        .fold(0, |size, &byte| size << 7 | u64::from(byte));
    let footer = if flags & 0x10 != 0 { ID3V2_BYTES } else { 0 };
    Some(ID3V2_BYTES as u64 + payload + footer as u64)
}

/// Where a stream ends that has no length of its own: the bytes without ID3v1, Lyrics3 and APE tags at the end.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn end_without_tags<R: Read + Seek>(source: &mut Source<R>) -> Result<u64, AudioError> {
    let mut end = source.len;
    for _ in 0..MAX_TAGS {
        let Some(before) = end_before_tag(source, end)? else {
            break;
        };
        end = before;
    }
    Ok(end)
}

/// The offset of the tag that ends at `end`, where there is one.
fn end_before_tag<R: Read + Seek>(
    source: &mut Source<R>,
    end: u64,
) -> Result<Option<u64>, AudioError> {
    const ID3V1_BYTES: u64 = 128;
    const APE_FOOTER_BYTES: u64 = 32;
    if let Some(at) = end.checked_sub(ID3V1_BYTES)
        && source.array_at::<3>(at)? == Some(*b"TAG")
    {
        return Ok(Some(at));
    }
    // Lyrics3 v2: its length in six digits, and its name.
    if let Some(at) = end.checked_sub(15)
        && let Some(footer) = source.array_at::<15>(at)?
        && let Some(digits) = footer.strip_suffix(b"LYRICS200")
        && let Some(size) = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<u64>().ok())
    {
        return Ok(at.checked_sub(size));
    }
    // APE: the length counts the items and this footer, not the header that a flag tells of.
    if let Some(at) = end.checked_sub(APE_FOOTER_BYTES)
        && let Some(footer) = source.array_at::<32>(at)?
        && let Some([_, _, _, _, s0, s1, s2, s3, _, _, _, _, _, _, _, flags, ..]) =
            footer.strip_prefix(b"APETAGEX")
    {
        let header = if flags & 0x80 != 0 {
            APE_FOOTER_BYTES
        } else {
            0
        };
        let size = u64::from(u32::from_le_bytes([*s0, *s1, *s2, *s3])) + header;
        return Ok(end.checked_sub(size.max(APE_FOOTER_BYTES)));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn source(bytes: &[u8]) -> Source<std::io::Cursor<std::sync::Arc<[u8]>>> {
        Source::from_bytes(Path::new("made"), bytes).expect("bytes")
    }

    #[test]
    fn tags_in_front_are_skipped_with_the_zeros_behind_them() {
        let tag = b"ID3\x04\0\0\0\0\0\x02ab";
        let with_footer = b"ID3\x04\0\x10\0\0\0\x01a3DI\x04\0\x10\0\0\0\x01";
        let bytes = [&tag[..], with_footer, &[0; 7], b"fLaC"].concat();
        let mut tagged = source(&bytes);
        assert!(skip_in_front(&mut tagged).expect("read"));
        assert_eq!((tagged.head(), tagged.len), (&b"fLaC"[..], 4));
        assert_eq!(tagged.array_at(1).expect("read"), Some(*b"LaC"));
        for zeros in [0, 1, 5] {
            let mp4 = b"\0\0\0\x20ftypM4A ";
            let bytes = [&tag[..], &vec![0; zeros], mp4].concat();
            let mut tagged = source(&bytes);
            assert!(skip_in_front(&mut tagged).expect("read"));
            assert_eq!(tagged.head(), mp4, "{zeros} zeros");
        }
        let mut plain = source(b"\0\0fLaC");
        assert!(!skip_in_front(&mut plain).expect("read"));
        assert_eq!(plain.len, 6);
        let mut longer_than_the_file = source(b"ID3\x04\0\0\x7f\x7f\x7f\x7fab");
        assert!(skip_in_front(&mut longer_than_the_file).expect("read"));
        assert_eq!(longer_than_the_file.len, 0);
    }

    #[test]
    fn tags_at_the_end_are_left_out() {
        let mut ape = b"APETAGEX\xd0\x07\0\0".to_vec();
        ape.extend(40_u32.to_le_bytes());
        ape.extend([0; 16]);
        let mut id3v1 = b"TAG".to_vec();
        id3v1.resize(128, b' ');
        let lyrics = b"LYRICSBEGINabc000014LYRICS200";
        let bytes = [b"music", &[1; 8][..], &ape, lyrics, &id3v1].concat();
        assert_eq!(end_without_tags(&mut source(&bytes)).expect("read"), 5);
        assert_eq!(end_without_tags(&mut source(b"music")).expect("read"), 5);
    }
}
