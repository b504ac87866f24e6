//! What was last seen of a file, and its form in the log.

use pipe_foundation::Digest;

use super::settled::{Reading, Times};
use super::stat::Stat;

/// What the memory knows of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FileInfo {
    /// Digest of its content.
    pub digest: Digest,
    /// What the domain measured of its content, such as the length of audio in seconds; none where nobody asked.
    pub measure: Option<f64>,
}

/// The path of a file, shortened.
pub type PathName = [u8; 16];

/// What was last seen of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// What the file system said of it before it was read.
    pub stat: Stat,
    /// When a file with this `stat` was first met, by the clock of this machine.
    pub first_met_ns: i64,
    /// Whether `stat` vouches for the content.
    pub settled: bool,
    /// What was read.
    pub info: FileInfo,
}

/// Length of a record: path, five numbers, digest, duration, and whether it is settled.
pub const LENGTH: usize = 16 + 5 * 8 + 32 + 8 + 1;
/// Length of a record of earlier versions: the number of the file system before the inode, and no last byte.
const EARLIER_LENGTH: usize = LENGTH + 8 - 1;

/// The form of a record in the log.
pub fn encode(name: PathName, seen: &Seen) -> [u8; LENGTH] {
    let Seen {
        stat,
        first_met_ns,
        settled,
        info,
    } = seen;
    let mut bytes = [0; LENGTH];
    bytes[..16].copy_from_slice(&name);
    let numbers = [
        stat.inode.to_le_bytes(),
        stat.bytes.to_le_bytes(),
        stat.times.modified_ns.to_le_bytes(),
        stat.times.changed_ns.to_le_bytes(),
        first_met_ns.to_le_bytes(),
    ];
    bytes[16..56].copy_from_slice(numbers.as_flattened());
    bytes[56..88].copy_from_slice(&info.digest.0);
    bytes[88..96].copy_from_slice(&info.measure.unwrap_or(f64::NAN).to_le_bytes());
    bytes[LENGTH - 1] = u8::from(*settled);
    bytes
}

/// The record that [`encode`], of this version or an earlier one, made the bytes of.
pub fn decode(bytes: &[u8]) -> Option<(PathName, Seen)> {
    let name = bytes.get(..16)?.try_into().ok()?;
    let (rest, settled) = match bytes.len() {
        LENGTH => (&bytes[16..LENGTH - 1], Some(bytes[LENGTH - 1] == 1)),
        EARLIER_LENGTH => (&bytes[24..], None),
        _ => return None,
    };
    let word =
        |index: usize| -> Option<[u8; 8]> { rest.get(8 * index..8 * index + 8)?.try_into().ok() };
    let stat = Stat {
        inode: u64::from_le_bytes(word(0)?),
        bytes: u64::from_le_bytes(word(1)?),
        times: Times {
            modified_ns: i64::from_le_bytes(word(2)?),
            changed_ns: i64::from_le_bytes(word(3)?),
        },
    };
    let first_met_ns = i64::from_le_bytes(word(4)?);
    let info = FileInfo {
        digest: Digest(rest.get(40..72)?.try_into().ok()?),
        measure: Some(f64::from_le_bytes(rest.get(72..80)?.try_into().ok()?))
            .filter(|measure| !measure.is_nan()),
    };
    // An earlier version kept when it had read the file, by the clock of this machine only.
    let read_then = || {
        stat.times.are_settled(&Reading {
            now_ns: first_met_ns,
            first_met_ns,
            there_ns: None,
        })
    };
    let seen = Seen {
        stat,
        first_met_ns,
        settled: settled.unwrap_or_else(read_then),
        info,
    };
    Some((name, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ_NS: i64 = 1_800_000_000_123_456_789;

    fn seen() -> Seen {
        Seen {
            stat: Stat {
                inode: 7,
                bytes: 44,
                times: Times {
                    modified_ns: READ_NS - 1_000_000_000_000,
                    changed_ns: READ_NS - 900_000_000_000,
                },
            },
            first_met_ns: READ_NS,
            settled: true,
            info: FileInfo {
                digest: Digest::of(b"content"),
                measure: Some(1.5),
            },
        }
    }

    /// A record as earlier versions wrote it.
    fn earlier(seen: &Seen) -> Vec<u8> {
        let bytes = encode([3; 16], seen);
        let device = 99_u64.to_le_bytes();
        [&bytes[..16], &device, &bytes[16..LENGTH - 1]].concat()
    }

    #[test]
    fn records_read_back_and_others_are_refused() {
        for settled in [true, false] {
            let seen = Seen { settled, ..seen() };
            let bytes = encode([3; 16], &seen);
            assert_eq!(bytes.len(), LENGTH);
            assert_eq!(decode(&bytes), Some(([3; 16], seen)));
            assert_eq!(decode(&bytes[..LENGTH - 1]), None);
            assert_eq!(decode(&[]), None);
        }
    }

    #[test]
    fn records_of_earlier_versions_are_read_and_trusted_only_where_the_times_are_old() {
        assert_eq!(decode(&earlier(&seen())), Some(([3; 16], seen())));
        let mut fresh = seen();
        fresh.stat.times.changed_ns = READ_NS - 30_000_000_000;
        let (_, read) = decode(&earlier(&fresh)).unwrap();
        assert_eq!(
            read,
            Seen {
                settled: false,
                ..fresh
            }
        );
    }
}
