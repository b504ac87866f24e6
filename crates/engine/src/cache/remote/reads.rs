//! Reading many parts of packs in few requests: parts that lie close to each other come together.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pipe_foundation::Digest;
use pipe_foundation::sync::{into_inner, lock};

use super::link::Link;
use super::store::StoreError;
use crate::cache::error::CacheError;

/// The most that one request asks for.
pub const READ_BYTES: u64 = 16 << 20;
/// Parts are read together across so many bytes that nobody wants: a request costs more than these.
const GAP_BYTES: u64 = 256 << 10;
/// So many requests are under way at once.
const AT_ONCE: usize = 8;
/// Nothing longer is pushed, and a place that claims more is wrong: a part is held in memory.
pub const LONGEST_PART: u64 = 1 << 30;

/// Where bytes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The pack.
    pub pack: Digest,
    /// Offset in bytes.
    pub offset: u64,
    /// Length in bytes.
    pub bytes: u64,
}

/// What is wanted: bytes with a digest, and where they may be.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is to whoever wants it.
    pub key: Digest,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Where it is said to be, and is still to be looked for.
    pub places: VecDeque<At>,
}

impl Part {
    /// A part that is looked for in each place, and once more: what has been damaged on the way may come whole then.
    pub fn new(key: Digest, digest: Digest, places: &[At]) -> Self {
        let is_possible = |at: &&At| at.bytes <= LONGEST_PART && at.offset < u64::MAX >> 1;
        let places = places.iter().filter(is_possible).copied();
        Self {
            key,
            digest,
            places: places.clone().chain(places).collect(),
        }
    }
}

/// Takes a part that has come, with its bytes, on any thread.
pub type Take<'a> = &'a (dyn Fn(&Part, Vec<u8>) -> Result<(), CacheError> + Sync);

/// The name of a pack in the store.
pub fn pack_name(pack: &Digest) -> String {
    format!("packs/{pack}")
}

/// What one request, or several for one long part, read.
struct Read {
    pack: Digest,
    start: u64,
    end: u64,
    parts: Vec<(Part, At)>,
}

/// Reads parts and passes the bytes of each to `take`, from several threads, once they have their digest. Gives
/// the parts that could not be had.
///
/// # Errors
/// What `take` returns.
pub fn read_parts(link: &Link, parts: Vec<Part>, take: Take<'_>) -> Result<Vec<Part>, CacheError> {
    let mut lost = Vec::new();
    let mut open = parts;
    while !open.is_empty() {
        let mut placed = Vec::new();
        for mut part in open {
            match part.places.pop_front() {
                Some(at) if !link.is_off() => placed.push((part, at)),
                _ => lost.push(part),
            }
        }
        open = read_once(link, merged(placed), take)?;
    }
    Ok(lost)
}

/// Makes all reads, several at once. Gives the parts that did not come, or came damaged.
fn read_once(link: &Link, reads: Vec<Read>, take: Take<'_>) -> Result<Vec<Part>, CacheError> {
    let next = AtomicUsize::new(0);
    let (lost, failed) = (Mutex::new(Vec::new()), Mutex::new(None));
    let work = || {
        while let Some(read) = reads.get(next.fetch_add(1, Ordering::Relaxed)) {
            if lock(&failed).is_some() {
                return;
            }
            let bytes = read_range(link, read);
            for (part, at) in &read.parts {
                let Ok(bytes) = &bytes else {
                    lock(&lost).push(part.clone());
                    continue;
                };
                let from = (at.offset - read.start) as usize;
                let own = &bytes[from..from + at.bytes as usize];
                if Digest::of(own) != part.digest {
                    lock(&lost).push(part.clone());
                } else if let Err(error) = take(part, own.to_vec()) {
                    lock(&failed).get_or_insert(error);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..AT_ONCE.min(reads.len()) {
            // Where the system refuses threads, this one does it all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    match into_inner(failed) {
        Some(error) => Err(error),
        None => Ok(into_inner(lost)),
    }
}

/// The bytes of a read, in requests that are not too long.
fn read_range(link: &Link, read: &Read) -> Result<Vec<u8>, StoreError> {
    let name = pack_name(&read.pack);
    let mut bytes = Vec::new();
    let mut at = read.start;
    while at < read.end {
        let end = read.end.min(at + READ_BYTES);
        bytes.extend(link.get(&name, Some(at..end))?);
        at = end;
    }
    Ok(bytes)
}

/// Puts parts that lie close to each other into one read.
fn merged(mut parts: Vec<(Part, At)>) -> Vec<Read> {
    parts.sort_by_key(|(_, at)| (at.pack, at.offset));
    let mut reads: Vec<Read> = Vec::new();
    for (part, at) in parts {
        let end = at.offset + at.bytes;
        match reads.last_mut() {
            Some(read)
                if read.pack == at.pack
                    && at.offset <= read.end + GAP_BYTES
                    && end.max(read.end) - read.start <= READ_BYTES =>
            {
                read.end = read.end.max(end);
                read.parts.push((part, at));
            }
            _ => reads.push(Read {
                pack: at.pack,
                start: at.offset,
                end,
                parts: vec![(part, at)],
            }),
        }
    }
    reads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_parts_come_together_and_distant_or_long_ones_alone() {
        let pack = |n: u8| Digest::of(&[n]);
        let part = |n: u8, offset: u64, bytes: u64| {
            let at = At {
                pack: pack(n),
                offset,
                bytes,
            };
            (Part::new(pack(n), pack(n), &[at]), at)
        };
        let parts = vec![
            part(1, 100, 50),
            part(1, 0, 100),
            part(1, 150 + GAP_BYTES, 10),
            part(1, 161 + 2 * GAP_BYTES, 10),
            part(2, 0, 3 * READ_BYTES),
            part(2, 3 * READ_BYTES, 5),
        ];
        let mut found: Vec<(bool, u64, u64, usize)> = merged(parts)
            .iter()
            .map(|read| (read.pack == pack(1), read.start, read.end, read.parts.len()))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                (false, 0, 3 * READ_BYTES, 1),
                (false, 3 * READ_BYTES, 3 * READ_BYTES + 5, 1),
                (true, 0, 160 + GAP_BYTES, 3),
                (true, 161 + 2 * GAP_BYTES, 171 + 2 * GAP_BYTES, 1),
            ]
        );
    }
}
