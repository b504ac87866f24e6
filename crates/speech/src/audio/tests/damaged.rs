//! Compressed recordings that are damaged or made up: an error or samples, soon, whatever the bytes are.

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::audio::{AudioError, AudioReader, read_from_bytes};

use super::golden::folder;

/// A file of each format and coding.
const FILES: [&str; 15] = [
    "mono16.flac",
    "stereo24.flac",
    "piped.flac",
    "mono.mp3",
    "untagged.mp3",
    "slow.mp3",
    "mono.ogg",
    "stereo.ogg",
    "mono.m4a",
    "fragments.m4a",
    "alac.m4a",
    "mono.aac",
    "ima_stereo.riff",
    "ms_mono.riff",
    "ms.w64",
];

fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(folder().join(file)).expect("a golden file")
}

/// Reads all of it, and a segment; what comes out has to be finite and no more than the header promises.
fn survives(bytes: &[u8], segment: Option<(f64, f64)>) -> Result<(), TestCaseError> {
    let name = Path::new("mutated");
    let started = Instant::now();
    for segment in [None, segment] {
        let Ok(mut reader) = AudioReader::new(
            crate::audio::source::Source::from_bytes(name, bytes).unwrap(),
            segment,
            None,
        ) else {
            continue;
        };
        let promised = reader.samples();
        let mut samples = Vec::new();
        // A file of these sizes has no more sound than that.
        while samples.len() < 1 << 24 && reader.block(&mut samples).unwrap_or(false) {}
        prop_assert!(samples.len() as u64 <= promised);
        prop_assert!(samples.iter().all(|sample| sample.is_finite()));
    }
    // Thousands of times what it takes, so that only what has no end is met.
    prop_assert!(started.elapsed() < Duration::from_secs(60));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn mutated_files_end_in_samples_or_an_error(
        which in 0..FILES.len(),
        // Half of the changes are in headers.
        edits in prop::collection::vec((prop_oneof![0..600_usize, 0..16_000_usize], prop_oneof![any::<u8>(), Just(0), Just(0xff)]), 0..10),
        keep in prop_oneof![Just(usize::MAX), 0..16_000_usize],
        segment in prop::option::of((0.0..1.0_f64, 0.0..1.5_f64)),
    ) {
        let mut bytes = bytes(FILES[which]);
        for (at, byte) in edits {
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
        }
        bytes.truncate(keep.max(1));
        survives(&bytes, segment)?;
    }

    #[test]
    fn made_up_files_end_in_samples_or_an_error(
        magic in 0..7_usize,
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let heads: [&[u8]; 7] = [
            b"fLaC\x80\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x03\xe8\x00\xf0",
            b"OggS\0\x02",
            b"\0\0\0\x18ftypM4A \0\0\0\0M4A \0\0\0\0\0\0\x01\0moov",
            b"\xff\xfb\x90\x64",
            b"\xff\xf1\x50\x80\x03\x9f\xfc",
            b"ID3\x03\0\0\0\0\0\x05aaaaa\xff\xe3\x18\xc4",
            &crate::audio::w64::RIFF,
        ];
        bytes.splice(0..0, heads[magic].iter().copied());
        survives(&bytes, None)?;
    }
}

/// What is lost is noticed: a copy that was interrupted must not become a shorter recording.
#[test]
fn files_that_are_cut_short_are_refused() {
    for file in FILES {
        // Bare streams do not say how long they are, and blocks of a file without a length neither.
        let is_open_ended = ["untagged.mp3", "mono.aac", "piped.flac"].contains(&file);
        let whole = bytes(file);
        for share in [0.3, 0.6, 0.9, 0.98] {
            let cut = &whole[..(whole.len() as f64 * share) as usize];
            match read_from_bytes(Path::new("cut"), cut, None, None) {
                Ok(wave) => {
                    assert!(is_open_ended, "{file} at {share}: {}", wave.samples.len());
                }
                Err(AudioError::NoSamples { .. }) => assert!(is_open_ended, "{file} at {share}"),
                Err(error) => assert!(
                    matches!(
                        error,
                        AudioError::CutShort { .. }
                            | AudioError::EndsEarly { .. }
                            | AudioError::Truncated { .. }
                            | AudioError::Damaged { .. }
                    ),
                    "{file} at {share}: {error}"
                ),
            }
        }
    }
}

#[test]
fn changed_bytes_of_checked_formats_are_noticed() {
    for file in ["mono16.flac", "three.flac", "mono.ogg"] {
        let whole = bytes(file);
        for step in 1..20 {
            let mut changed = whole.clone();
            // Behind the metadata, of which not every byte counts.
            let at = 9000 + (whole.len() - 9000) * step / 20;
            changed[at] ^= 0x55;
            let error = read_from_bytes(Path::new("changed"), &changed, None, None);
            assert!(error.is_err(), "{file} at {at}");
        }
    }
}

/// A header may promise years of silence in a few bytes: what it promises is not made room for.
#[test]
fn memory_does_not_follow_the_header() {
    let mut file = bytes("mono16.flac");
    // The upper bits of the number of samples, in the block behind the magic.
    file[8 + 13] |= 0x0f;
    file[8 + 14] = 0xff;
    let error = read_from_bytes(Path::new("long"), &file, None, None).expect_err("cut short");
    match error {
        AudioError::CutShort {
            promised_frames,
            present_frames,
            ..
        } => assert!(promised_frames > 1 << 35 && present_frames == 4800),
        other => panic!("{other}"),
    }
}

#[test]
fn several_recordings_in_one_ogg_file_are_refused() {
    let one = bytes("mono.ogg");
    let error = read_from_bytes(Path::new("two"), &[&one[..], &one].concat(), None, None)
        .expect_err("two of them");
    assert!(
        error
            .to_string()
            .contains("several recordings one after another"),
        "{error}"
    );
}

#[test]
fn a_table_of_times_that_would_be_walked_over_for_each_packet_is_refused() {
    let mut file = bytes("mono.m4a");
    let at = file.windows(4).position(|name| name == b"stts");
    let at = at.expect("a table of times");
    file[at + 8..at + 12].copy_from_slice(&100_000_u32.to_be_bytes());
    let error = read_from_bytes(Path::new("times"), &file, None, None).expect_err("refused");
    assert!(error.to_string().contains("a table of times"), "{error}");
}
