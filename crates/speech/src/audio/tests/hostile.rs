//! Damaged and malicious files: an error or samples, never a panic, never more memory than the file's size allows.

use std::path::Path;

use pipe_foundation::test_support::InterruptsAfter;
use proptest::prelude::*;

use crate::audio::{AudioError, AudioReader, probe, read, read_from_bytes};

use super::make::{aiff, chunk, fmt, fmt_extensible, pcm16, riff, sphere, wav16};

fn originals() -> Vec<Vec<u8>> {
    let samples: Vec<i16> = (0..64).map(|i| i * 300).collect();
    let fields = "channel_count -i 2\nsample_count -i 32\nsample_rate -i 22050\nsample_n_bytes -i 2\n\
                  sample_byte_format -s2 10\nsample_coding -s3 pcm\n";
    let mut files = vec![
        wav16(2, 16_000, &samples),
        riff(&[
            chunk(b"LIST", b"odd", false),
            chunk(b"fmt ", &fmt_extensible(1, 1, 48_000, 24, 24), false),
            chunk(b"data", &pcm16(&samples), false),
        ]),
        riff(&[
            chunk(b"fmt ", &fmt(3, 1, 44_100, 64), false),
            chunk(b"data", &pcm16(&samples), false),
        ]),
        sphere(fields, &pcm16(&samples)),
        aiff(None, 1, 64, 16, &pcm16(&samples)),
        aiff(Some(b"fl32"), 1, 32, 32, &pcm16(&samples)),
    ];
    let rf64 = [b"RF64".to_vec(), files[0][4..].to_vec()].concat();
    let rifx = [b"RIFX".to_vec(), files[0][4..].to_vec()].concat();
    files.extend([rf64, rifx]);
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn mutated_files_never_panic(
        which in 0..8_usize,
        edits in prop::collection::vec((0..200_usize, prop_oneof![any::<u8>(), Just(0), Just(0xff), Just(b'9')]), 0..12),
        keep in 0..1400_usize,
        segment in prop::option::of((-1.0..3.0_f64, -1.0..3.0_f64)),
        channel in prop::option::of(0..3_u16),
    ) {
        let mut bytes = originals().swap_remove(which);
        for (at, byte) in edits {
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
        }
        bytes.truncate(keep.max(1));
        if let Ok(wave) = read_from_bytes(Path::new("mutated"), &bytes, segment, channel) {
            prop_assert!(!wave.samples.is_empty() && wave.rate_hz > 0);
            prop_assert!(wave.samples.len() <= bytes.len());
            prop_assert!(wave.samples.iter().all(|sample| sample.is_finite()));
        }
    }

    #[test]
    fn random_bytes_never_panic(magic in 0..6_usize, mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let heads: [&[u8]; 6] = [b"RIFF....WAVE", b"RIFX....WAVE", b"RF64....WAVE", b"FORM....AIFF", b"NIST_1A\n    200\n", b""];
        bytes.splice(0..0, heads[magic].iter().copied());
        let _ = read_from_bytes(Path::new("random"), &bytes, None, None);
    }
}

#[test]
fn the_originals_decode() {
    for (index, bytes) in originals().iter().enumerate().take(6) {
        let result = read_from_bytes(Path::new("original"), bytes, None, None);
        // Random 16-bit data read as 64-bit floats may hold anything but must be answered.
        assert!(
            result.is_ok() || index == 2 || index == 5,
            "{index}: {result:?}"
        );
    }
}

#[test]
fn a_flood_of_chunks_is_refused() {
    let many = vec![chunk(b"junk", &[], false); 5_000];
    let error = read_from_bytes(Path::new("flood"), &riff(&many), None, None).expect_err("refused");
    assert!(error.to_string().contains("1024 chunks"), "{error}");
}

#[test]
fn folders_and_missing_files_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(probe(folder.path()), Err(AudioError::Io { .. })));
    assert!(matches!(
        probe(&folder.path().join("none.wav")),
        Err(AudioError::Io { .. })
    ));
    let path = folder.path().join("empty.wav");
    std::fs::write(&path, b"").expect("written");
    assert!(matches!(probe(&path), Err(AudioError::EmptyFile { .. })));
    std::fs::write(
        &path,
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    )
    .expect("written");
    assert!(matches!(
        probe(&path),
        Err(AudioError::GitLfsPointer { .. })
    ));
}

#[test]
fn rates_that_no_recording_has_are_refused() {
    for rate_hz in [1, 999, 768_001, 2_000_000_000] {
        let bytes = wav16(1, rate_hz, &[0; 64]);
        let error = read_from_bytes(Path::new("odd"), &bytes, None, None).expect_err("refused");
        assert!(
            matches!(error, AudioError::UnsupportedRate { .. }),
            "{error}"
        );
    }
    for rate_hz in [1_000, 768_000] {
        let bytes = wav16(1, rate_hz, &[0; 64]);
        assert!(read_from_bytes(Path::new("odd"), &bytes, None, None).is_ok());
    }
}

#[test]
fn the_most_channels_that_there_can_be_are_averaged_within_blocks_of_one_frame() {
    let samples = vec![16_384; 3 * 32_767];
    let bytes = wav16(32_767, 16_000, &samples);
    let wave = read_from_bytes(Path::new("wide"), &bytes, None, None).expect("a recording");
    assert_eq!(wave.samples.len(), 3);
    assert!(
        wave.samples
            .iter()
            .all(|sample| (sample - 0.5).abs() < 1e-3)
    );
}

#[test]
fn a_named_pipe_is_refused_without_waiting_for_its_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe.wav");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    for path in [pipe.as_path(), Path::new("/dev/zero")] {
        let error = probe(path).expect_err("no file");
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }
}

#[test]
fn a_file_is_read_block_by_block_as_at_once_and_can_be_interrupted_between_them() {
    let samples: Vec<i16> = (0..300_000_i64)
        .map(|i| (i * 7919 % 20_011) as i16)
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.wav");
    std::fs::write(&path, wav16(1, 16_000, &samples)).expect("written");
    let whole = read(&path, None, None).expect("a recording");
    let open = || AudioReader::open(&path, None, None).expect("a recording");
    let (mut reader, mut blocks, mut count) = (open(), Vec::new(), 0);
    assert_eq!((reader.samples(), reader.duration_s()), (300_000, 18.75));
    while reader.block(&mut blocks).expect("a block") {
        count += 1;
    }
    assert_eq!((blocks, count), (whole.samples, 5));
    for looks in 0..5 {
        let error = open()
            .rest(&InterruptsAfter::new(looks))
            .expect_err("interrupted");
        assert!(matches!(error, AudioError::Interrupted { .. }), "{error}");
    }
}
