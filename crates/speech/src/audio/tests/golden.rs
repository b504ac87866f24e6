//! Small files in every format against what other decoders make of them; tests/golden/audio/make.py writes them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::audio::{AudioError, AudioReader, probe, read};

/// A file and what is expected of it.
#[derive(Deserialize)]
struct Case {
    file: String,
    rate_hz: u32,
    channels: u16,
    frames: u64,
    /// BLAKE3 of each channel's samples, where the coding leaves no choice of rounding.
    digests: Option<Vec<String>>,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/audio")
}

fn cases() -> Vec<Case> {
    let text = std::fs::read(folder().join("expected.json")).expect("the cases");
    serde_json::from_slice(&text).expect("cases")
}

fn channel(case: &Case, channel: u16) -> Vec<f32> {
    let path = folder().join(&case.file);
    match read(&path, None, Some(channel)) {
        Ok(wave) => wave.samples,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn headers_say_what_is_in_the_files() {
    for case in cases() {
        let info = probe(&folder().join(&case.file)).expect("a header");
        assert_eq!(
            (info.rate_hz, info.channels, info.frames),
            (case.rate_hz, case.channels, case.frames),
            "{}",
            case.file
        );
        let is_old = case.file.ends_with(".rf64") || case.file == "pcm24in32.riff";
        assert_eq!(info.revision == 0, is_old, "{}", case.file);
    }
}

#[test]
fn codings_without_a_choice_of_rounding_are_decoded_to_the_bit() {
    for case in cases() {
        let Some(digests) = &case.digests else {
            continue;
        };
        for (index, digest) in digests.iter().enumerate() {
            let samples = channel(&case, index as u16);
            assert_eq!(samples.len() as u64, case.frames, "{}", case.file);
            let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
            let found = blake3::hash(&bytes).to_hex().to_string();
            assert_eq!(&found, digest, "{} channel {index}", case.file);
        }
    }
}

/// Lossy codings leave the rounding open: a third of a step of 16 bits. Delay and padding are those of the reference.
#[test]
fn lossy_codings_are_decoded_as_elsewhere() {
    const TOLERANCE: f32 = 1e-5;
    for case in cases().iter().filter(|case| case.digests.is_none()) {
        let bytes = std::fs::read(folder().join(format!("{}.f32", case.file))).expect("reference");
        let (words, _) = bytes.as_chunks::<4>();
        let expected: Vec<f32> = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
        let found = channel(case, 0);
        assert_eq!(found.len() as u64, case.frames, "{}", case.file);
        let worst = expected
            .iter()
            .zip(&found)
            .map(|(expected, found)| (expected - found).abs())
            .fold(0.0, f32::max);
        assert!(worst < TOLERANCE, "{}: {worst:e}", case.file);
    }
}

/// A segment has the samples that it has when the file is decoded from its start. Only where AAC has a mark in place of
/// noise (perceptual noise substitution), as in one of the files, the noise is drawn anew.
#[test]
fn segments_are_those_of_the_whole_file() {
    for case in cases() {
        let path = folder().join(&case.file);
        let whole = read(&path, None, None).expect("a recording").samples;
        let tolerance = if case.file == "mono.m4a" { 0.05 } else { 0.0 };
        for step in 0..40_u64 {
            let start = case.frames * step / 41 + step % 3;
            let end = (start + 1 + 307 * (step % 7)).min(case.frames);
            let seconds = |frame: u64| frame as f64 / f64::from(case.rate_hz);
            let part = read(&path, Some((seconds(start), seconds(end))), None)
                .expect("a segment")
                .samples;
            let expected = &whole[start as usize..end as usize];
            assert_eq!(part.len(), expected.len(), "{}", case.file);
            for (index, (found, expected)) in part.iter().zip(expected).enumerate() {
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{}: {found} for {expected} at {index} of {start} to {end}",
                    case.file
                );
            }
        }
    }
}

#[test]
fn channels_are_averaged_as_elsewhere() {
    for case in cases().iter().filter(|case| case.channels > 1) {
        let path = folder().join(&case.file);
        let mean = read(&path, None, None).expect("a recording").samples;
        let channels: Vec<Vec<f32>> = (0..case.channels).map(|at| channel(case, at)).collect();
        for (index, mean) in mean.iter().enumerate() {
            let sum: f32 = channels.iter().map(|samples| samples[index]).sum();
            let expected = sum / f32::from(case.channels);
            assert!((mean - expected).abs() < 1e-7, "{} {index}", case.file);
        }
        let error = read(&path, None, Some(case.channels)).expect_err("no such channel");
        assert!(matches!(error, AudioError::NoSuchChannel { .. }), "{error}");
    }
}

#[test]
fn blocks_are_those_of_the_whole_file() {
    for case in cases() {
        let path = folder().join(&case.file);
        let whole = read(&path, None, None).expect("a recording").samples;
        let mut reader = AudioReader::open(&path, None, None).expect("a recording");
        let mut blocks = Vec::new();
        let mut before = 0;
        while reader.block(&mut blocks).expect("a block") {
            assert!((1..=65_536).contains(&(blocks.len() - before)));
            before = blocks.len();
        }
        assert_eq!(blocks, whole, "{}", case.file);
    }
}

#[test]
fn opus_is_refused_with_what_to_do() {
    let error = probe(&folder().join("refused.opus")).expect_err("not read");
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    assert!(error.to_string().contains("Ogg with Opus"), "{error}");
    assert!(help.unwrap_or_default().contains("ffmpeg -i"));
}
