//! Documents with the lengths and digests that the program puts around them.

use pipe_foundation::Digest;

/// A JSON document of the cache: its digest in a line of its own, and a line break after it.
pub fn document(json: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{}\n", Digest::of(json)).into_bytes();
    bytes.extend(json);
    bytes.push(b'\n');
    bytes
}

/// The parts of an input that are each preceded by their length in two bytes; a length beyond the end takes what is
/// left.
pub fn framed(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (part, rest) = rest.split_at(length);
        parts.push(part);
        bytes = rest;
    }
    parts
}

/// A safetensors document of an input that has its header in the first line.
pub fn safetensors(input: &[u8]) -> Vec<u8> {
    let (header, values) = first_line(input);
    with_header(header.to_vec(), values)
}

/// A safetensors document of an input that has a text of the metadata, which goes by `key`, in the first line, and the
/// tensors of the header in the second. An input of another form is the document itself.
pub fn tensors(key: &str, input: &[u8]) -> Vec<u8> {
    let (text, rest) = first_line(input);
    let (header, values) = first_line(rest);
    let (Ok(text), Some(header)) = (std::str::from_utf8(text), header.strip_prefix(b"{")) else {
        return input.to_vec();
    };
    let metadata = serde_json::json!({ key: text });
    let mut json = format!("{{\"__metadata__\":{metadata},").into_bytes();
    json.extend(header);
    with_header(json, values)
}

fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[]),
    }
}

fn with_header(mut header: Vec<u8>, values: &[u8]) -> Vec<u8> {
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(values);
    bytes
}

/// A FLAC file of an input that has the 34 bytes of its stream information and then its frames, each preceded by its
/// length and without checksums.
pub fn flac(input: &[u8]) -> Vec<u8> {
    let (information, frames) = input.split_at(input.len().min(34));
    let mut bytes = b"fLaC\x80\0\0\x22".to_vec();
    bytes.extend(information);
    for frame in framed(frames) {
        let header = flac_header_bytes(frame).min(frame.len());
        let start = bytes.len();
        bytes.extend(&frame[..header]);
        bytes.push(sum(&frame[..header], 8, 0x07) as u8);
        bytes.extend(&frame[header..]);
        let sum = sum(&bytes[start..], 16, 0x8005) as u16;
        bytes.extend(sum.to_be_bytes());
    }
    bytes
}

/// Bytes of the header of a frame of FLAC without its checksum (RFC 9639, section 9.1).
fn flac_header_bytes(frame: &[u8]) -> usize {
    let (sizes, first) = match frame {
        [_, _, sizes, _, first, ..] => (*sizes, *first),
        _ => return frame.len(),
    };
    let number = match first.leading_ones() as usize {
        0 => 1,
        bytes => bytes,
    };
    let block = match sizes >> 4 {
        6 => 1,
        7 => 2,
        _ => 0,
    };
    let rate = match sizes & 15 {
        12 => 1,
        13 | 14 => 2,
        _ => 0,
    };
    4 + number + block + rate
}

/// An Ogg file with the checksums of its pages put in.
pub fn ogg(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let mut start = 0;
    while let Some(page) = bytes.get_mut(start..)
        && page.len() >= 27
    {
        let pieces = usize::from(page[26]);
        let body: usize = page
            .iter()
            .skip(27)
            .take(pieces)
            .map(|piece| usize::from(*piece))
            .sum();
        let end = (27 + pieces + body).min(page.len());
        page[22..26].fill(0);
        let sum = sum(&page[..end], 32, 0x04c1_1db7);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        start += end;
    }
    bytes
}

/// A cyclic redundancy check of so many bits, the highest first.
fn sum(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    let (top, mask) = (1_u32 << (bits - 1), u32::MAX >> (32 - bits));
    let step = |sum: u32| match sum & top {
        0 => sum << 1,
        _ => sum << 1 ^ polynomial,
    };
    bytes.iter().fold(0, |sum, byte| {
        let sum = sum ^ u32::from(*byte) << (bits - 8);
        (0..8).fold(sum, |sum, _| step(sum)) & mask
    })
}
