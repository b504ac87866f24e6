//! TFRecord framing: `length u64 | masked CRC of the length | data | masked CRC of the data`, little-endian.

use super::crc32c::masked;

const HEAD: usize = 12;
const FOOT: usize = 4;

/// One framed record.
pub(super) fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(HEAD + data.len() + FOOT);
    bytes.extend(length);
    bytes.extend(masked(&length).to_le_bytes());
    bytes.extend(data);
    bytes.extend(masked(data).to_le_bytes());
    bytes
}

/// The whole records at the start of `bytes`, and how many bytes they take; what follows is torn or damaged.
pub(super) fn whole_records(bytes: &[u8]) -> (Vec<&[u8]>, usize) {
    let mut records = Vec::new();
    let mut at = 0;
    while let Some(data) = record_at(bytes, at) {
        at += HEAD + data.len() + FOOT;
        records.push(data);
    }
    (records, at)
}

fn record_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    let length: [u8; 8] = rest.get(..8)?.try_into().ok()?;
    let check = |range: std::ops::Range<usize>| -> Option<u32> {
        Some(u32::from_le_bytes(rest.get(range)?.try_into().ok()?))
    };
    if check(8..HEAD)? != masked(&length) {
        return None;
    }
    let end = HEAD.checked_add(usize::try_from(u64::from_le_bytes(length)).ok()?)?;
    let data = rest.get(HEAD..end)?;
    (check(end..end.checked_add(FOOT)?)? == masked(data)).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that TensorFlow's `TFRecordWriter` writes for `b"123456789"`: both checksums follow from the
    /// published CRC-32C of the data (0xe3069283) and the masking of its documentation.
    #[test]
    fn a_record_is_framed_with_masked_checksums() {
        let bytes = frame(b"123456789");
        assert_eq!(&bytes[..8], 9u64.to_le_bytes());
        let expected = 0xe306_9283u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(bytes[21..], expected.to_le_bytes());
        assert_eq!(bytes.len(), 25);
    }

    #[test]
    fn torn_and_damaged_records_are_not_read() {
        let records: [&[u8]; 3] = [b"first", b"", b"third"];
        let bytes: Vec<u8> = records.iter().flat_map(|data| frame(data)).collect();
        assert_eq!(whole_records(&bytes), (records.to_vec(), bytes.len()));
        let ends = [21, 37, bytes.len()];
        for length in 0..bytes.len() {
            let whole = ends.iter().filter(|end| **end <= length).count();
            let (read, taken) = whole_records(&bytes[..length]);
            assert_eq!(read, records[..whole], "{length} bytes");
            assert_eq!(taken, whole.checked_sub(1).map_or(0, |last| ends[last]));
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 4;
            assert!(whole_records(&damaged).0.len() < 3, "byte {at}");
        }
    }
}
