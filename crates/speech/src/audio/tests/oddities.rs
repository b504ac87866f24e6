//! Files that contradict themselves, or have something in front: what other programs met in the wild.

use std::path::Path;

use crate::audio::{AudioError, AudioFormat, REVISION, Waveform, probe, read_from_bytes};

use super::golden::folder;
use super::make::{chunk, fmt, pcm16, riff, wav16};

fn decode(bytes: &[u8]) -> Result<Waveform, AudioError> {
    read_from_bytes(Path::new("made.wav"), bytes, None, None)
}

const PCM: [i16; 4] = [16_384, -8_192, 1, 0];
const FLOATS: [f32; 4] = [0.5, -0.25, 1.0 / 32_768.0, 0.0];

/// A header of 16 bits in one channel, whose blocks are said to have another length.
fn with_block_bytes(block_bytes: u16, bytes_per_s: u32) -> Vec<u8> {
    let mut header = fmt(1, 1, 16_000, 16);
    header[8..12].copy_from_slice(&bytes_per_s.to_le_bytes());
    header[12..14].copy_from_slice(&block_bytes.to_le_bytes());
    riff(&[
        chunk(b"fmt ", &header, false),
        chunk(b"data", &pcm16(&PCM), false),
    ])
}

#[test]
fn bits_decide_where_the_bytes_of_a_block_contradict_them() {
    for block_bytes in [0, 1, 2, 3, 4, 7, 8] {
        // Bytes a second that agree with the bits, with the blocks, and with neither.
        for bytes_per_s in [32_000, 16_000 * u32::from(block_bytes), 7] {
            let wave = decode(&with_block_bytes(block_bytes, bytes_per_s)).expect("decodes");
            assert_eq!(wave.samples, FLOATS, "blocks of {block_bytes} bytes");
        }
    }
    // As libsndfile 1.2 and FFmpeg 5.1 count; 12 and 20 bits are left-justified in 2 and 3 bytes.
    let frames = |tag: u16, channels: u16, bits: u16, container: u16| {
        let mut header = fmt(tag, channels, 16_000, bits);
        let block_bytes = container * channels;
        header[8..12].copy_from_slice(&(16_000 * u32::from(block_bytes)).to_le_bytes());
        header[12..14].copy_from_slice(&block_bytes.to_le_bytes());
        let file = riff(&[
            chunk(b"fmt ", &header, false),
            chunk(b"data", &[0; 240], false),
        ]);
        decode(&file).map(|wave| wave.samples.len())
    };
    for (bits, mono) in [(8, 240), (12, 120), (16, 120), (20, 80), (24, 80), (32, 60)] {
        for container in [1, 2, 3, 8] {
            for channels in [1, 2] {
                let found = frames(1, channels, bits, container).expect("decodes");
                let expected = mono / usize::from(channels);
                assert_eq!(found, expected, "{bits} bits in {container} bytes");
            }
        }
    }
    assert_eq!(frames(3, 1, 32, 8).expect("floats"), 60);
    assert_eq!(frames(3, 2, 64, 4).expect("floats"), 15);
    assert_eq!(frames(7, 1, 8, 2).expect("mu-law"), 240);
    // Programs differ on this one.
    for channels in [1, 2] {
        let error = frames(1, channels, 24, 4).expect_err("unclear").to_string();
        assert!(error.contains("24 bits in blocks of"), "{error}");
    }
}

#[test]
fn blocks_of_adpcm_that_hold_no_sample_are_refused() {
    for (tag, block_bytes) in [(2_u16, 0_u16), (2, 6), (0x11, 0), (0x11, 3)] {
        let mut header = fmt(tag, 1, 16_000, 4);
        header[12..14].copy_from_slice(&block_bytes.to_le_bytes());
        let bytes = riff(&[
            chunk(b"fmt ", &header, false),
            chunk(b"data", &[0; 8], false),
        ]);
        let error = decode(&bytes).expect_err("no blocks").to_string();
        assert!(error.contains("too small for ADPCM"), "{error}");
    }
}

#[test]
fn what_was_read_otherwise_by_the_first_version_has_a_revision() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.wav");
    let revision = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
        match probe(&path) {
            Ok(info) => info.revision,
            Err(error) => error.revision(),
        }
    };
    assert_eq!(revision(&with_block_bytes(2, 32_000)), 0);
    assert_eq!(revision(&with_block_bytes(4, 64_000)), REVISION);
    assert_eq!(revision(&with_block_bytes(4, 32_000)), REVISION);
    let plain = wav16(1, 16_000, &PCM);
    assert_eq!(revision(&plain), 0);
    assert_eq!(revision(&plain[..46]), 0);
    assert_eq!(revision(&[&tag()[..], &plain].concat()), REVISION);
    assert_eq!(revision(b"OggS"), REVISION);
}

#[test]
fn two_chunks_of_samples_are_refused() {
    let (first, second) = (pcm16(&PCM), pcm16(&[7, 8]));
    let head = chunk(b"fmt ", &fmt(1, 1, 16_000, 16), false);
    let data = |bytes: &[u8]| chunk(b"data", bytes, false);
    let list = chunk(b"LIST", b"odd", false);
    let error = decode(&riff(&[
        head.clone(),
        data(&first),
        list.clone(),
        data(&second),
    ]));
    let error = error.expect_err("two").to_string();
    assert!(
        error.contains("two `data` chunks, at bytes 36 and 64"),
        "{error}"
    );
    // An empty one is none, and what is not in chunks is no part of the recording.
    let empty = riff(&[head.clone(), data(&first), data(&[])]);
    assert_eq!(decode(&empty).expect("decodes").samples, FLOATS);
    let trailing = [
        riff(&[head, data(&first), list]),
        b"\0\x01data\x10".to_vec(),
    ]
    .concat();
    assert_eq!(decode(&trailing).expect("decodes").samples, FLOATS);
}

#[test]
fn floats_beyond_sense_are_refused_with_their_place() {
    let float = |values: [f32; 3]| {
        riff(&[
            chunk(b"fmt ", &fmt(3, 1, 16_000, 32), false),
            chunk(b"data", &values.map(f32::to_le_bytes).concat(), false),
        ])
    };
    let error = decode(&float([0.0, 0.5, -1e18])).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "made.wav contains a sample of -1e18 (frame 2), where full scale is 1"
    );
    // Floats on the scale of integers are loud, and no more.
    let loud = decode(&float([0.0, 32_767.0, -2e9])).expect("decodes");
    assert_eq!(loud.samples, [0.0, 32_767.0, -2e9]);
}

/// An ID3v2 tag of 5 bytes.
fn tag() -> [u8; 15] {
    *b"ID3\x03\0\0\0\0\0\x05title"
}

#[test]
fn a_tag_in_front_is_looked_behind() {
    let wav = [&tag()[..], &wav16(1, 16_000, &PCM)].concat();
    assert_eq!(decode(&wav).expect("decodes").samples, FLOATS);
    for (file, format) in [
        ("mono16.flac", AudioFormat::Flac),
        ("untagged.mp3", AudioFormat::Mp3),
        ("mono.aac", AudioFormat::Adts),
        ("ms.w64", AudioFormat::W64),
        ("mono.ogg", AudioFormat::Ogg),
    ] {
        let bytes = std::fs::read(folder().join(file)).expect("a golden file");
        let plain = decode(&bytes).expect("decodes");
        let mut id3v1 = b"TAGtitle".to_vec();
        id3v1.resize(128, 0);
        let tagged = [&tag()[..], &[0; 9], &bytes, &id3v1].concat();
        let tagged = match format {
            // These say where they end.
            AudioFormat::W64 => [&tag()[..], &bytes].concat(),
            _ => tagged,
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        std::fs::write(&path, &tagged).expect("written");
        assert_eq!(probe(&path).expect("a header").format, format, "{file}");
        assert_eq!(decode(&tagged).expect(file), plain, "{file}");
    }
    let lone = decode(&tag()).expect_err("nothing behind it");
    assert!(lone.to_string().contains("is empty"), "{lone}");
}

#[test]
fn a_format_is_known_by_its_content_whatever_the_name_says() {
    let folder_of_lies = tempfile::tempdir().expect("a folder");
    for (file, name) in [
        ("mono16.flac", "a.wav"),
        ("mono.mp3", "a.flac"),
        ("mono.m4a", "a.ogg"),
    ] {
        let path = folder_of_lies.path().join(name);
        std::fs::copy(folder().join(file), &path).expect("copied");
        let (lying, honest) = (probe(&path), probe(&folder().join(file)));
        assert_eq!(lying.expect("a header"), honest.expect("a header"));
    }
}
