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
        // The length of its first box begins with zeros, as what may be behind a tag.
        ("mono.m4a", AudioFormat::Mp4),
        ("alac.m4a", AudioFormat::Mp4),
    ] {
        let bytes = std::fs::read(folder().join(file)).expect("a golden file");
        let plain = decode(&bytes).expect("decodes");
        let mut id3v1 = b"TAGtitle".to_vec();
        id3v1.resize(128, 0);
        let tagged = [&tag()[..], &[0; 9], &bytes, &id3v1].concat();
        let tagged = match format {
            // These say where they end.
            AudioFormat::W64 | AudioFormat::Mp4 => [&tag()[..], &bytes].concat(),
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
fn recordings_that_were_joined_byte_by_byte_are_refused_unless_all_of_them_are_read() {
    let golden = |file: &str| std::fs::read(folder().join(file)).expect("a golden file");
    let joined = |one: &[u8], between: &[u8], other: &[u8]| {
        decode(&[one, between, other].concat()).map(|wave| wave.samples.len())
    };
    let (mp3, flac, ogg) = (
        golden("mono.mp3"),
        golden("mono16.flac"),
        golden("mono.ogg"),
    );
    // The tag of the first tells its length, and nothing of the second, which may have a tag of its own in front.
    for between in [&[][..], &tag()] {
        let error = joined(&mp3, between, &mp3).expect_err("two");
        let at = mp3.len() + between.len();
        let expected = format!(
            "made.wav has several recordings in MP3 one after another, the second from byte {at} on"
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.revision(), REVISION);
    }
    let error = joined(&flac, &[], &flac).expect_err("two").to_string();
    assert!(error.contains("several recordings in FLAC"), "{error}");
    let error = joined(&ogg, &[], &ogg).expect_err("two").to_string();
    assert!(
        error.contains("several recordings one after another"),
        "{error}"
    );
    // Whatever else is behind a recording in MP3 is none.
    let alone = decode(&mp3).expect("decodes").samples.len();
    assert_eq!(
        joined(&mp3, b"something of a program", &[0; 500]).expect("one"),
        alone
    );
    // Without a length, all frames are read, as FFmpeg does.
    for (file, frames) in [("untagged.mp3", 27_648), ("mono.aac", 17_408)] {
        let bytes = golden(file);
        assert_eq!(joined(&bytes, &[], &[]).expect("one"), frames, "{file}");
        assert_eq!(
            joined(&bytes, &[], &bytes).expect("both"),
            2 * frames,
            "{file}"
        );
    }
}

#[test]
fn numbers_of_64_bits_that_32_cannot_hold_are_told_as_that() {
    let values = [0.5_f64, 1e300];
    let bytes = riff(&[
        chunk(b"fmt ", &fmt(3, 1, 16_000, 64), false),
        chunk(b"data", &values.map(f64::to_le_bytes).concat(), false),
    ]);
    let error = decode(&bytes).expect_err("too large").to_string();
    assert!(error.contains("not a finite number of 32 bits"), "{error}");
}

#[test]
fn what_is_cut_or_not_read_in_ogg_says_how_much_and_what_to_do() {
    let ogg = std::fs::read(folder().join("mono.ogg")).expect("a golden file");
    let present = ogg.len() - 100;
    let error = decode(&ogg[..present]).expect_err("cut").to_string();
    let expected = format!(
        "made.wav is cut short: it ends at byte {present}, in the middle of what Ogg files must have, which goes on to byte {}",
        ogg.len()
    );
    assert_eq!(error, expected);
    // The first page of FLAC in Ogg.
    let mut page = b"OggS\0\x02".to_vec();
    page.extend([0; 20]);
    page.extend([1, 8]);
    page.extend(b"\x7fFLAC\x01\0\0");
    let error = decode(&page).expect_err("FLAC");
    let help = miette::Diagnostic::help(&error).expect("help").to_string();
    assert!(error.to_string().contains("Ogg with FLAC"), "{error}");
    assert!(help.contains("-c copy X.flac"), "{help}");
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
