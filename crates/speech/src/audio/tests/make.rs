//! Makes the bytes of small audio files.

/// A chunk of an IFF file: name, size, payload, padding byte.
pub fn chunk(name: &[u8; 4], payload: &[u8], big_endian: bool) -> Vec<u8> {
    let size = payload.len() as u32;
    let mut bytes = name.to_vec();
    bytes.extend(if big_endian {
        size.to_be_bytes()
    } else {
        size.to_le_bytes()
    });
    bytes.extend(payload);
    if payload.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// A RIFF file from chunks.
pub fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((body.len() as u32 + 4).to_le_bytes());
    bytes.extend(b"WAVE");
    bytes.extend(body);
    bytes
}

/// The 16 bytes of a `fmt ` chunk.
pub fn fmt(tag: u16, channels: u16, rate_hz: u32, bits: u16) -> Vec<u8> {
    let block = channels * bits.div_ceil(8);
    let mut bytes = Vec::new();
    bytes.extend(tag.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((rate_hz * u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes
}

/// A `fmt ` chunk of WAVE_FORMAT_EXTENSIBLE.
pub fn fmt_extensible(tag: u16, channels: u16, rate_hz: u32, bits: u16, valid: u16) -> Vec<u8> {
    let mut bytes = fmt(0xFFFE, channels, rate_hz, bits);
    bytes.extend(22_u16.to_le_bytes());
    bytes.extend(valid.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(tag.to_le_bytes());
    bytes.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    bytes
}

/// 16-bit samples, little-endian.
pub fn pcm16(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

/// A plain 16-bit WAV file.
pub fn wav16(channels: u16, rate_hz: u32, samples: &[i16]) -> Vec<u8> {
    riff(&[
        chunk(b"fmt ", &fmt(1, channels, rate_hz, 16), false),
        chunk(b"data", &pcm16(samples), false),
    ])
}

/// A SPHERE file with a header of 1,024 bytes.
pub fn sphere(fields: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = format!("NIST_1A\n   1024\n{fields}end_head\n").into_bytes();
    bytes.resize(1024, b' ');
    bytes.extend(data);
    bytes
}

/// An AIFF (no compression) or AIFC file at 24,414 Hz.
pub fn aiff(
    compression: Option<&[u8; 4]>,
    channels: u16,
    frames: u32,
    bits: u16,
    data: &[u8],
) -> Vec<u8> {
    let mut comm = channels.to_be_bytes().to_vec();
    comm.extend(frames.to_be_bytes());
    comm.extend(bits.to_be_bytes());
    comm.extend([0x40, 0x0d, 0xbe, 0xbc, 0, 0, 0, 0, 0, 0]);
    if let Some(compression) = compression {
        comm.extend(compression);
        comm.extend([0, 0]);
    }
    let mut sound = vec![0; 8];
    sound.extend(data);
    let mut body = if compression.is_some() {
        b"AIFC".to_vec()
    } else {
        b"AIFF".to_vec()
    };
    body.extend(chunk(b"NAME", b"odd", true));
    body.extend(chunk(b"COMM", &comm, true));
    body.extend(chunk(b"SSND", &sound, true));
    chunk(b"FORM", &body, true)
}
