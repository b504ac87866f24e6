//! A segment of the index: which results and items there are, and where in the packs their bytes lie.
//!
//! `pipe remote 1\n | length of the signature u32 | signature | body compressed with zstd`, little-endian. The body is the
//! length of a JSON document as u32, the document, and records of items, each after its length as u32, in the form that
//! they have in `items.log`; the pack in their places is a number in the table of packs.

use std::io::Read;

use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::signatures::{Distrust, Signatures};
use crate::cache::items::{self, ItemRecord, StepTag};
use crate::cache::records::StepRecord;

const MAGIC: &[u8] = b"pipe remote 1\n";
/// The longest body that is read, decompressed: some bytes can become any number of them.
const LONGEST_BODY: u64 = 512 << 20;
/// Signatures are short.
const LONGEST_SIGNATURE: usize = 16 << 10;
/// Compression that costs little.
const LEVEL: i32 = 3;

/// Where bytes lie: a number in the table of packs, offset, length.
pub type Place = (u32, u64, u64);

/// What one push has added.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Digests of packs, which are their names.
    pub packs: Vec<Digest>,
    /// Files of results, by the digest of their content.
    #[serde(default)]
    pub objects: Vec<(Digest, Place)>,
    /// Results.
    #[serde(default)]
    pub records: Vec<StepRecord>,
    /// Names of segments that this one holds everything of.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Keys of items and what is known of them.
    #[serde(skip)]
    pub items: Vec<(Digest, ItemRecord)>,
}

/// Why a segment is not used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SegmentError {
    /// It is not what any version has written.
    #[error("it is damaged")]
    Damaged,
    /// Nobody who is trusted vouches for it.
    #[error(transparent)]
    Distrusted(#[from] Distrust),
}

impl Segment {
    /// The bytes of a segment in the part of the index called `part`; items are of the step `tag`.
    ///
    /// # Errors
    /// Where it cannot be signed or compressed, with the reason.
    pub fn encode(
        &self,
        part: &str,
        tag: StepTag,
        signatures: &dyn Signatures,
    ) -> Result<Vec<u8>, String> {
        let json = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        let mut body = length(json.len());
        body.extend_from_slice(&json);
        for (key, record) in &self.items {
            let record = items::encode(key, tag, record);
            body.extend(length(record.len()));
            body.extend(record);
        }
        let body = zstd::stream::encode_all(&*body, LEVEL).map_err(|error| error.to_string())?;
        let signature = signatures.sign(&signed(part, &body))?.unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(length(signature.len()));
        bytes.extend_from_slice(signature.as_bytes());
        bytes.extend(body);
        Ok(bytes)
    }

    /// The segment that [`Segment::encode`] made `bytes` of, if somebody who is trusted vouches for it.
    ///
    /// # Errors
    /// Where nobody does, or it is damaged.
    pub fn decode(
        bytes: &[u8],
        part: &str,
        signatures: &dyn Signatures,
    ) -> Result<Self, SegmentError> {
        let (signature, body) = split(bytes).ok_or(SegmentError::Damaged)?;
        let signature = (!signature.is_empty()).then_some(signature);
        signatures.check(&signed(part, body), signature)?;
        read_body(body).ok_or(SegmentError::Damaged)
    }
}

/// What is signed: an entry may not be moved to another part of the index.
fn signed(part: &str, body: &[u8]) -> Vec<u8> {
    format!("pipe remote 1\n{part}\n{}\n", Digest::of(body)).into_bytes()
}

fn length(bytes: usize) -> Vec<u8> {
    (bytes as u32).to_le_bytes().to_vec()
}

/// The next bytes that come after their length.
fn take<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (taken, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *bytes = rest;
    Some(taken)
}

fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let signature = take(&mut rest).filter(|signature| signature.len() <= LONGEST_SIGNATURE)?;
    Some((std::str::from_utf8(signature).ok()?, rest))
}

fn read_body(body: &[u8]) -> Option<Segment> {
    let mut bytes = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(body).ok()?;
    decoder
        .take(LONGEST_BODY + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    if bytes.len() as u64 > LONGEST_BODY {
        return None;
    }
    let mut rest = &*bytes;
    let mut segment: Segment = serde_json::from_slice(take(&mut rest)?).ok()?;
    while !rest.is_empty() {
        segment.items.push(items::decode(take(&mut rest)?)?);
    }
    let packs = segment.packs.len() as u64;
    let known = segment
        .objects
        .iter()
        .all(|(_, (pack, ..))| u64::from(*pack) < packs);
    let in_items = segment.items.iter().all(|(_, record)| match record {
        ItemRecord::Done { location, .. } => location.is_none_or(|place| place.pack < packs),
        ItemRecord::Bad { .. } => true,
    });
    (known && in_items).then_some(segment)
}

#[cfg(test)]
mod tests {
    use crate::cache::items::Location;
    use crate::cache::remote::NoSignatures;

    use super::*;

    fn segment() -> Segment {
        let digest = |n: u8| Digest::of(&[n]);
        let place = Location {
            pack: 1,
            offset: 5,
            bytes: 6,
        };
        let done = |location| ItemRecord::Done {
            digest: digest(9),
            location,
        };
        let bad = ItemRecord::Bad {
            reason: "short".into(),
        };
        Segment {
            packs: vec![digest(1), digest(2)],
            objects: vec![(digest(3), (1, 2, 3))],
            items: vec![
                (digest(4), done(Some(place))),
                (digest(5), done(None)),
                (digest(6), bad),
            ],
            ..Segment::default()
        }
    }

    #[test]
    fn a_segment_comes_back_and_every_flipped_bit_and_every_cut_is_found_or_harmless() {
        let segment = segment();
        let bytes = segment.encode("index", StepTag(1), &NoSignatures).unwrap();
        let decode = |bytes: &[u8]| Segment::decode(bytes, "index", &NoSignatures);
        assert_eq!(decode(&bytes).unwrap(), segment);
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), Err(SegmentError::Damaged), "{end}");
        }
        // The name of a segment is its digest, so that no flipped bit gets this far; and none ends the process.
        for at in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            let _ = decode(&flipped);
        }
    }

    #[test]
    fn a_place_in_a_pack_that_is_not_named_is_damage() {
        let mut wrong = segment();
        wrong.packs.pop();
        let bytes = wrong.encode("index", StepTag(1), &NoSignatures).unwrap();
        let decoded = Segment::decode(&bytes, "index", &NoSignatures);
        assert_eq!(decoded, Err(SegmentError::Damaged));
    }

    #[test]
    fn a_few_bytes_that_would_become_gigabytes_are_refused() {
        let mut body = length(0);
        body.resize(LONGEST_BODY as usize + 100, 0);
        let body = zstd::stream::encode_all(&*body, LEVEL).unwrap();
        let bytes = [MAGIC, &length(0), &body].concat();
        assert!(bytes.len() < 1 << 20);
        let decoded = Segment::decode(&bytes, "index", &NoSignatures);
        assert_eq!(decoded, Err(SegmentError::Damaged));
    }
}
