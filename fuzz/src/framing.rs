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
