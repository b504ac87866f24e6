//! SPHERE, AIFF and AIFC, and segments of them.

use std::path::Path;

use crate::audio::{AudioError, AudioFormat, SampleCoding, Waveform, probe, read, read_from_bytes};

use super::make::{aiff, pcm16, sphere, wav16};

fn decode(bytes: &[u8]) -> Result<Waveform, AudioError> {
    read_from_bytes(Path::new("made"), bytes, None, None)
}

const HEAD: &str = "database_id -s4 EPST\nchannel_count -i 2\nsample_count -i 2\nsample_rate -i 22050\n\
                    sample_n_bytes -i 2\nsample_sig_bits -i 16\n";

#[test]
fn sphere_obeys_the_byte_order() {
    let data = [0x40, 0, 0, 0, 0, 0, 0xe0, 0];
    let big = sphere(
        &format!("{HEAD}sample_byte_format -s2 10\nsample_coding -s3 pcm\n"),
        &data,
    );
    let wave = decode(&big).expect("decodes");
    assert_eq!((wave.samples, wave.rate_hz), (vec![0.25, -0.125], 22_050));
    let little = sphere(&format!("{HEAD}sample_byte_format -s2 01\n"), &data);
    let wave = decode(&little).expect("decodes");
    assert_eq!(wave.samples, [32.0 / 32_768.0, 112.0 / 32_768.0]);
    let neither = sphere(&format!("{HEAD}sample_byte_format -s2 11\n"), &data);
    let error = decode(&neither).expect_err("no order");
    assert!(
        error.to_string().contains("sample_byte_format is \"11\""),
        "{error}"
    );
}

#[test]
fn sphere_laws_and_compression() {
    let fields = "channel_count -i 1\nsample_rate -r 8000.000000\nsample_n_bytes -i 1\n";
    let law = |name: &str| {
        decode(&sphere(
            &format!("{fields}sample_coding -s4 {name}\n"),
            &[0x80; 3],
        ))
    };
    assert_eq!(
        law("ulaw").map(|w| w.samples[0] * 32_768.0).ok(),
        Some(32_124.0)
    );
    assert_eq!(
        law("alaw").map(|w| w.samples[0] * 32_768.0).ok(),
        Some(5_504.0)
    );
    let shorten = law("pcm,embedded-shorten-v2.00").expect_err("compressed");
    assert!(
        shorten.to_string().contains("embedded-shorten"),
        "{shorten}"
    );
    assert!(matches!(shorten, AudioError::UnsupportedCoding { .. }));
}

#[test]
fn sphere_headers_that_lie() {
    let cut = sphere(&format!("{HEAD}sample_byte_format -s2 10\n"), &[0; 7]);
    assert!(matches!(
        decode(&cut),
        Err(AudioError::Truncated {
            promised_bytes: 8,
            present_bytes: 7,
            ..
        })
    ));
    let huge = HEAD.replace("sample_count -i 2", "sample_count -i 18446744073709551615");
    let huge = sphere(&format!("{huge}sample_byte_format -s2 10\n"), &[0; 8]);
    assert!(matches!(decode(&huge), Err(AudioError::Truncated { .. })));
    let mut size = sphere(HEAD, &[]);
    size[8..16].copy_from_slice(b"9999999\n");
    assert!(matches!(decode(&size), Err(AudioError::Malformed { .. })));
    let no_end = b"NIST_1A\n     64\nchannel_count -i 1\n".to_vec();
    let no_end = [no_end, vec![b' '; 64]].concat();
    let error = decode(&no_end).expect_err("no end");
    assert!(error.to_string().contains("end_head"), "{error}");
}

#[test]
fn aiff_under_a_wav_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("YAF_germ_angry.wav");
    std::fs::write(&path, aiff(None, 1, 2, 16, &[0x40, 0, 0xe0, 0])).expect("written");
    let info = probe(&path).expect("probed");
    assert_eq!(
        (info.format, info.rate_hz, info.frames),
        (AudioFormat::Aiff, 24_414, 2)
    );
    assert_eq!(
        read(&path, None, None).map(|w| w.samples).ok(),
        Some(vec![0.5, -0.25])
    );
}

#[test]
fn aifc_codings() {
    let case = |compression: &[u8; 4], bits: u16, data: &[u8]| {
        let bytes = aiff(Some(compression), 1, 1, bits, data);
        decode(&bytes).expect("decodes").samples[0]
    };
    assert_eq!(case(b"sowt", 16, &[0, 0x40]), 0.5);
    assert_eq!(case(b"twos", 16, &[0x40, 0]), 0.5);
    assert_eq!(case(b"NONE", 24, &[0x40, 0, 0]), 0.5);
    assert_eq!(case(b"NONE", 12, &[0x40, 0]), 0.5);
    assert_eq!(case(b"NONE", 8, &[0x40]), 0.5);
    assert_eq!(case(b"raw ", 8, &[0xc0]), 0.5);
    assert_eq!(case(b"fl32", 32, &0.5_f32.to_be_bytes()), 0.5);
    assert_eq!(case(b"fl64", 64, &0.5_f64.to_be_bytes()), 0.5);
    assert_eq!(case(b"alaw", 16, &[0x80]), 5_504.0 / 32_768.0);
    let error = decode(&aiff(Some(b"ima4"), 1, 1, 16, &[0; 34])).expect_err("compressed");
    assert!(error.to_string().contains("ima4"), "{error}");
    let cut = decode(&aiff(None, 2, 4_000_000_000, 16, &[0; 34]));
    assert!(matches!(cut, Err(AudioError::Truncated { .. })));
}

#[test]
fn segments_are_cut_at_the_nearest_sample() {
    let ramp: Vec<i16> = (0..2_000).collect();
    let wav = wav16(1, 1_000, &ramp);
    let part = |start, end| {
        let wave = read_from_bytes(Path::new("ramp"), &wav, Some((start, end)), None)?;
        Ok::<_, AudioError>((wave.samples[0] * 32_768.0, wave.samples.len()))
    };
    assert_eq!(part(0.5004, 0.7496).ok(), Some((500.0, 250)));
    assert_eq!(part(1.9, 2.05).ok(), Some((1_900.0, 100)));
    assert_eq!(part(1.9, f64::INFINITY).ok(), Some((1_900.0, 100)));
    for (start, end) in [
        (0.5, 0.5),
        (-0.1, 1.0),
        (1.0, 2.2),
        (f64::NAN, 1.0),
        (0.0, f64::NAN),
        (2.0, 2.05),
        (2.0, f64::INFINITY),
        (f64::INFINITY, f64::INFINITY),
    ] {
        assert!(
            matches!(part(start, end), Err(AudioError::BadSegment { .. })),
            "{start} {end}"
        );
    }
}

/// A sparse file as large as EPST's: a segment near its end must not cost the whole file.
#[test]
fn a_segment_of_a_large_sphere_file_is_read_alone() {
    use std::io::{Seek, SeekFrom, Write};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cc_001.sph");
    let frames: u64 = 48_500_000;
    let head = HEAD.replace("sample_count -i 2", &format!("sample_count -i {frames}"));
    let head = sphere(&format!("{head}sample_byte_format -s2 10\n"), &[]);
    let mut file = std::fs::File::create(&path).expect("created");
    file.write_all(&head).expect("header");
    file.set_len(1024 + 4 * frames).expect("sized");
    file.seek(SeekFrom::Start(1024 + 4 * 22_050 * 2_000))
        .expect("sought");
    file.write_all(&[0x40, 0, 0x20, 0]).expect("one frame");
    drop(file);
    let info = probe(&path).expect("probed");
    assert_eq!(
        (info.frames, info.channels, info.coding),
        (frames, 2, SampleCoding::I16)
    );
    let before = bytes_read();
    let wave = read(&path, Some((2_000.0, 2_001.0)), Some(1)).expect("read");
    assert_eq!(
        (wave.samples.len(), wave.samples[0], wave.samples[1]),
        (22_050, 0.25, 0.0)
    );
    if let (Some(before), Some(after)) = (before, bytes_read()) {
        let read = after - before;
        assert!((88_200..1 << 20).contains(&read), "{read} B of 194 MB");
    }
}

/// How many bytes this thread has read from files, where the system (Linux) says so.
fn bytes_read() -> Option<u64> {
    let counters = std::fs::read_to_string("/proc/thread-self/io").ok()?;
    let line = counters
        .lines()
        .find_map(|line| line.strip_prefix("rchar: "));
    line?.parse().ok()
}

#[test]
fn samples_survive_block_boundaries() {
    let samples: Vec<i16> = (0..400_000).map(|i| (i * 31 % 20_011) as i16).collect();
    let fields = "channel_count -i 1\nsample_rate -i 16000\nsample_n_bytes -i 2\nsample_byte_format -s2 01\n";
    let wave = decode(&sphere(fields, &pcm16(&samples))).expect("decodes");
    let back: Vec<i16> = wave.samples.iter().map(|s| (s * 32_768.0) as i16).collect();
    assert_eq!(back, samples);
}
