//! The form of one record of a log: `magic | length u32 | checksum 8 bytes | payload`, little-endian.

/// Starts every record.
pub const MAGIC: [u8; 2] = [0xa7, 0x1c];
/// Bytes of a record before its payload.
pub const HEADER: usize = 2 + 4 + 8;

/// Adds the record of `payload` to `bytes`.
pub fn encode(payload: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&checksum(payload));
    bytes.extend_from_slice(payload);
}

/// The first bytes of the digest of `payload`.
pub fn checksum(payload: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&blake3::hash(payload).as_bytes()[..8]);
    sum
}
