//! WAV: chunks, codings, lengths, and agreement with `hound`.

use std::path::Path;

use crate::audio::{
    AudioError, WavEncoding, Waveform, probe, read, read_from_bytes, write_wav, write_wav_as,
};

use super::make::{chunk, fmt, fmt_extensible, pcm16, riff, wav16};

fn decode(bytes: &[u8]) -> Result<Waveform, AudioError> {
    read_from_bytes(Path::new("made.wav"), bytes, None, None)
}

fn samples(bytes: &[u8]) -> Vec<f32> {
    decode(bytes).expect("decodes").samples
}

const PCM: [i16; 3] = [16_384, -8_192, 1];
const FLOATS: [f32; 3] = [0.5, -0.25, 1.0 / 32_768.0];

#[test]
fn chunks_before_the_samples_are_walked() {
    let data = chunk(b"data", &pcm16(&PCM), false);
    let fmt = chunk(b"fmt ", &fmt(1, 1, 16_000, 16), false);
    for extra in [
        chunk(b"PAD ", &[0; 4000], false),
        chunk(b"FLLR", &[0; 4044], false),
        chunk(b"LIST", b"odd", false),
        chunk(b"\0\0\0\x01", &[7; 5], false),
        chunk(b"junk", &[], false),
    ] {
        let bytes = riff(&[
            extra.clone(),
            fmt.clone(),
            extra.clone(),
            data.clone(),
            extra,
        ]);
        assert_eq!(samples(&bytes), FLOATS);
    }
}

#[test]
fn a_forgotten_padding_byte_is_noticed() {
    let mut odd = chunk(b"LIST", b"odd", false);
    odd.pop();
    let bytes = riff(&[
        chunk(b"fmt ", &fmt(1, 1, 16_000, 16), false),
        odd,
        chunk(b"data", &pcm16(&PCM), false),
    ]);
    assert_eq!(samples(&bytes), FLOATS);
}

#[test]
fn every_coding() {
    let file = |fmt: Vec<u8>, data: Vec<u8>| {
        samples(&riff(&[
            chunk(b"fmt ", &fmt, false),
            chunk(b"data", &data, false),
        ]))
    };
    assert_eq!(
        file(fmt(1, 1, 8_000, 8), vec![192, 96, 128]),
        [0.5, -0.25, 0.0]
    );
    let pcm24 = vec![0, 0, 0x40, 0, 0, 0xe0];
    assert_eq!(file(fmt(1, 1, 8_000, 24), pcm24.clone()), [0.5, -0.25]);
    assert_eq!(
        file(fmt_extensible(1, 1, 8_000, 24, 24), pcm24),
        [0.5, -0.25]
    );
    let pcm32 = vec![0, 0, 0, 0x40, 0, 0, 0, 0xe0];
    assert_eq!(file(fmt(1, 1, 8_000, 32), pcm32.clone()), [0.5, -0.25]);
    assert_eq!(
        file(fmt_extensible(1, 1, 8_000, 32, 24), pcm32),
        [0.5, -0.25]
    );
    let float32: Vec<u8> = [0.5_f32, -0.25]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_eq!(file(fmt(3, 1, 8_000, 32), float32.clone()), [0.5, -0.25]);
    assert_eq!(
        file(fmt_extensible(3, 1, 8_000, 32, 32), float32),
        [0.5, -0.25]
    );
    let float64: Vec<u8> = [0.5_f64, -0.25]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_eq!(file(fmt(3, 1, 8_000, 64), float64), [0.5, -0.25]);
    // Mu-law and A-law codes of +5,504 and about +5,500 at 16 bits.
    assert_eq!(file(fmt(6, 1, 8_000, 8), vec![0x80]), [5504.0 / 32_768.0]);
    assert_eq!(file(fmt(7, 1, 8_000, 8), vec![0x80]), [32_124.0 / 32_768.0]);
    // A longer `fmt ` chunk than the format needs.
    let long = [fmt(1, 1, 8_000, 16), vec![4, 0, 1, 2, 3, 4]].concat();
    assert_eq!(file(long, pcm16(&PCM)), FLOATS);
}

#[test]
fn stereo_is_averaged_and_channels_are_picked() {
    let bytes = wav16(2, 48_000, &[16_384, 0, 0, 8_192]);
    let name = Path::new("s.wav");
    let pick = |channel| read_from_bytes(name, &bytes, None, channel).map(|w| w.samples);
    assert_eq!(pick(None).ok(), Some(vec![0.25, 0.125]));
    assert_eq!(pick(Some(1)).ok(), Some(vec![0.0, 0.25]));
    assert!(matches!(
        pick(Some(2)),
        Err(AudioError::NoSuchChannel { channels: 2, .. })
    ));
}

#[test]
fn big_endian_and_64_bit_relatives() {
    let mut fmt_be = Vec::new();
    fmt_be.extend([0, 1, 0, 1]);
    fmt_be.extend(16_000_u32.to_be_bytes());
    fmt_be.extend(32_000_u32.to_be_bytes());
    fmt_be.extend([0, 2, 0, 16]);
    let mut rifx = b"RIFX\0\0\0\x2aWAVE".to_vec();
    rifx.extend(chunk(b"fmt ", &fmt_be, true));
    rifx.extend(chunk(b"data", &[0x40, 0, 0xe0, 0, 0, 1], true));
    assert_eq!(samples(&rifx), FLOATS);

    let mut rf64 = b"RF64\xff\xff\xff\xffWAVE".to_vec();
    let sizes: Vec<u8> = [80_u64, 6, 3]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .chain([0; 4])
        .collect();
    rf64.extend(chunk(b"ds64", &sizes, false));
    rf64.extend(chunk(b"fmt ", &fmt(1, 1, 16_000, 16), false));
    rf64.extend(b"data\xff\xff\xff\xff");
    rf64.extend(pcm16(&PCM));
    assert_eq!(samples(&rf64), FLOATS);
}

/// Rewrites the RIFF and data sizes of a plain file (44 bytes of header).
fn with_sizes(riff_size: u32, data_size: u32, samples: &[i16]) -> Vec<u8> {
    let mut bytes = wav16(1, 16_000, samples);
    bytes[4..8].copy_from_slice(&riff_size.to_le_bytes());
    bytes[40..44].copy_from_slice(&data_size.to_le_bytes());
    bytes
}

#[test]
fn lengths_that_programs_write_into_pipes() {
    for (riff_size, data_size) in [
        (u32::MAX, u32::MAX),
        (0, 0),
        (u32::MAX, 0),
        (0x7fff_f024, 0x7fff_f000),
    ] {
        assert_eq!(samples(&with_sizes(riff_size, data_size, &PCM)), FLOATS);
    }
}

#[test]
fn a_truncated_file_is_an_error_with_both_lengths() {
    let mut bytes = wav16(1, 16_000, &[7; 100]);
    bytes.truncate(44 + 150);
    let error = decode(&bytes).expect_err("cut short");
    assert_eq!(
        error.to_string(),
        "made.wav is cut short: its header promises 200 bytes of samples, but it has 150"
    );
}

#[test]
fn a_header_that_is_cut_short_and_one_that_is_too_small_are_reported_apart() {
    let mut cut = wav16(1, 16_000, &[7; 100]);
    cut.truncate(30);
    let error = decode(&cut).expect_err("cut within fmt").to_string();
    assert!(
        error.contains("the file ends within its `fmt ` chunk"),
        "{error}"
    );
    let small = riff(&[chunk(b"fmt ", &[0; 14], false)]);
    let error = decode(&small).expect_err("too small").to_string();
    assert!(
        error.contains("has 14 bytes, expected at least 16"),
        "{error}"
    );
}

#[test]
fn no_samples_is_an_error_and_can_be_probed() {
    let error = decode(&wav16(1, 16_000, &[])).expect_err("nothing in it");
    assert!(matches!(error, AudioError::NoSamples { .. }));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("none.wav");
    std::fs::write(&path, wav16(1, 16_000, &[])).expect("written");
    assert_eq!(probe(&path).map(|info| info.frames).ok(), Some(0));
}

#[test]
fn half_a_frame_at_the_end_is_left_out() {
    let bytes = riff(&[
        chunk(b"fmt ", &fmt(1, 1, 16_000, 16), false),
        chunk(b"data", &[0, 0x40, 9], false),
    ]);
    assert_eq!(samples(&bytes), [0.5]);
}

#[test]
fn infinities_and_compression_are_refused() {
    let float = |value: f32| {
        riff(&[
            chunk(b"fmt ", &fmt(3, 1, 16_000, 32), false),
            chunk(
                b"data",
                &[0.0_f32, value].map(f32::to_le_bytes).concat(),
                false,
            ),
        ])
    };
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert!(matches!(
            decode(&float(value)),
            Err(AudioError::NotFinite { frame: 1, .. })
        ));
    }
    assert_eq!(samples(&float(1.5)), [0.0, 1.5]);
    let adpcm = riff(&[
        chunk(b"fmt ", &fmt(2, 1, 16_000, 8), false),
        chunk(b"data", &[0; 8], false),
    ]);
    let error = decode(&adpcm).expect_err("ADPCM");
    assert!(error.to_string().contains("format tag 0x0002"), "{error}");
}

#[test]
fn agrees_with_hound() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("h.wav");
    for bits in [8_u16, 16, 24, 32] {
        let spec = hound::WavSpec {
            channels: 3,
            sample_rate: 44_100,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let peak = 1_i64 << (bits - 1);
        let mut writer = hound::WavWriter::create(&path, spec).expect("created");
        for i in 0..300_i64 {
            writer
                .write_sample(((i * 7_919 * peak / 300) % peak) as i32)
                .expect("a sample");
        }
        writer.finalize().expect("finished");
        let mut reader = hound::WavReader::open(&path).expect("opened");
        let theirs: Vec<f32> = reader
            .samples::<i32>()
            .map(|sample| sample.expect("a sample") as f32 / peak as f32)
            .collect();
        for channel in 0..3 {
            let ours = read(&path, None, Some(channel as u16))
                .expect("read")
                .samples;
            let theirs: Vec<f32> = theirs.iter().skip(channel).step_by(3).copied().collect();
            assert_eq!(ours, theirs, "{bits} bits");
        }
    }
}

#[test]
fn written_files_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.wav");
    let waveform = Waveform {
        samples: vec![0.1, -0.7, 1.5, -2.0, 0.0],
        rate_hz: 22_050,
    };
    write_wav(&path, &waveform).expect("written");
    assert_eq!(read(&path, None, None).ok().as_ref(), Some(&waveform));
    write_wav_as(&path, &waveform, WavEncoding::Pcm16).expect("written");
    let back = read(&path, None, None).expect("read").samples;
    let expected = [3277.0, -22_938.0, 32_767.0, -32_768.0, 0.0].map(|v: f32| v / 32_768.0);
    assert_eq!(back, expected);
    let nowhere = folder.path().join("no/such/folder.wav");
    assert!(matches!(
        write_wav(&nowhere, &waveform),
        Err(AudioError::Io { .. })
    ));
}
