//! Turns stored samples into floats with full scale at 1.0, one channel or the mean of all.

use super::g711::{a_law, mu_law};
use super::layout::SampleCoding;

/// Which channel of interleaved samples is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// The mean of all channels.
    Mean,
    /// One channel, counted from 0.
    Channel(usize),
}

/// Appends one value per whole frame of `bytes` to `out`.
pub(super) fn decode(
    bytes: &[u8],
    coding: SampleCoding,
    big_endian: bool,
    channels: usize,
    pick: Pick,
    out: &mut Vec<f32>,
) {
    const I16: f32 = 1.0 / 32_768.0;
    const I24: f32 = 1.0 / 8_388_608.0;
    const I32: f32 = 1.0 / 2_147_483_648.0;
    match (coding, big_endian) {
        (SampleCoding::U8, _) => frames(bytes, channels, pick, out, |[byte]: [u8; 1]| {
            (f32::from(byte) - 128.0) / 128.0
        }),
        (SampleCoding::I8, _) => frames(bytes, channels, pick, out, |byte: [u8; 1]| {
            f32::from(i8::from_le_bytes(byte)) / 128.0
        }),
        (SampleCoding::I16, false) => frames(bytes, channels, pick, out, |bytes: [u8; 2]| {
            f32::from(i16::from_le_bytes(bytes)) * I16
        }),
        (SampleCoding::I16, true) => frames(bytes, channels, pick, out, |bytes: [u8; 2]| {
            f32::from(i16::from_be_bytes(bytes)) * I16
        }),
        (SampleCoding::I24, false) => frames(bytes, channels, pick, out, |[a, b, c]: [u8; 3]| {
            (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 * I24
        }),
        (SampleCoding::I24, true) => frames(bytes, channels, pick, out, |[a, b, c]: [u8; 3]| {
            (i32::from_be_bytes([a, b, c, 0]) >> 8) as f32 * I24
        }),
        (SampleCoding::I32, false) => frames(bytes, channels, pick, out, |bytes: [u8; 4]| {
            i32::from_le_bytes(bytes) as f32 * I32
        }),
        (SampleCoding::I32, true) => frames(bytes, channels, pick, out, |bytes: [u8; 4]| {
            i32::from_be_bytes(bytes) as f32 * I32
        }),
        (SampleCoding::F32, false) => frames(bytes, channels, pick, out, f32::from_le_bytes),
        (SampleCoding::F32, true) => frames(bytes, channels, pick, out, f32::from_be_bytes),
        (SampleCoding::F64, false) => frames(bytes, channels, pick, out, |bytes: [u8; 8]| {
            f64::from_le_bytes(bytes) as f32
        }),
        (SampleCoding::F64, true) => frames(bytes, channels, pick, out, |bytes: [u8; 8]| {
            f64::from_be_bytes(bytes) as f32
        }),
        (SampleCoding::MuLaw, _) => frames(bytes, channels, pick, out, |[byte]: [u8; 1]| {
            f32::from(mu_law(byte)) * I16
        }),
        (SampleCoding::ALaw, _) => frames(bytes, channels, pick, out, |[byte]: [u8; 1]| {
            f32::from(a_law(byte)) * I16
        }),
        // Decoders make these out of packets.
        (
            SampleCoding::ImaAdpcm
            | SampleCoding::MsAdpcm
            | SampleCoding::Flac
            | SampleCoding::Alac
            | SampleCoding::Mp3
            | SampleCoding::Aac
            | SampleCoding::Vorbis,
            _,
        ) => {}
    }
}

fn frames<const BYTES: usize>(
    bytes: &[u8],
    channels: usize,
    pick: Pick,
    out: &mut Vec<f32>,
    sample: impl Fn([u8; BYTES]) -> f32,
) {
    let (samples, _) = bytes.as_chunks::<BYTES>();
    match (channels, pick) {
        (1, _) => out.extend(samples.iter().map(|&bytes| sample(bytes))),
        (2, Pick::Mean) => {
            let (pairs, _) = samples.as_chunks::<2>();
            out.extend(pairs.iter().map(|&[a, b]| 0.5 * (sample(a) + sample(b))));
        }
        (_, Pick::Mean) => {
            let scale = 1.0 / channels as f32;
            out.extend(samples.chunks_exact(channels).map(|frame| {
                let sum: f32 = frame.iter().map(|&bytes| sample(bytes)).sum();
                sum * scale
            }));
        }
        (_, Pick::Channel(channel)) => out.extend(
            samples
                .chunks_exact(channels)
                .filter_map(|frame| frame.get(channel).map(|&bytes| sample(bytes))),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], coding: SampleCoding, big_endian: bool) -> Vec<f32> {
        let mut out = Vec::new();
        decode(bytes, coding, big_endian, 1, Pick::Mean, &mut out);
        out
    }

    #[test]
    fn full_scale_of_every_coding_is_one() {
        assert_eq!(
            all(&[0, 128, 255], SampleCoding::U8, false),
            [-1.0, 0.0, 127.0 / 128.0]
        );
        assert_eq!(
            all(&[0x80, 0, 0x7f], SampleCoding::I8, true),
            [-1.0, 0.0, 127.0 / 128.0]
        );
        assert_eq!(
            all(&[0, 0x80, 0, 0x40], SampleCoding::I16, false),
            [-1.0, 0.5]
        );
        assert_eq!(
            all(&[0x80, 0, 0x40, 0], SampleCoding::I16, true),
            [-1.0, 0.5]
        );
        assert_eq!(
            all(&[0, 0, 0x80, 0, 0, 0xc0], SampleCoding::I24, false),
            [-1.0, -0.5]
        );
        assert_eq!(
            all(&[0x80, 0, 0, 0x40, 0, 0], SampleCoding::I24, true),
            [-1.0, 0.5]
        );
        assert_eq!(all(&[0, 0, 0, 0x80], SampleCoding::I32, false), [-1.0]);
        assert_eq!(all(&[0x40, 0, 0, 0], SampleCoding::I32, true), [0.5]);
        assert_eq!(
            all(&0.25_f32.to_be_bytes(), SampleCoding::F32, true),
            [0.25]
        );
        assert_eq!(
            all(&(-0.25_f64).to_le_bytes(), SampleCoding::F64, false),
            [-0.25]
        );
    }

    #[test]
    fn channels_are_averaged_or_picked() {
        let bytes: Vec<u8> = [100_i16, 300, -100, -500]
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let pick = |channels, pick| {
            let mut out = Vec::new();
            decode(&bytes, SampleCoding::I16, false, channels, pick, &mut out);
            out.iter()
                .map(|value| value * 32_768.0)
                .collect::<Vec<f32>>()
        };
        assert_eq!(pick(2, Pick::Mean), [200.0, -300.0]);
        assert_eq!(pick(2, Pick::Channel(1)), [300.0, -500.0]);
        assert_eq!(pick(4, Pick::Mean), [-50.0]);
        assert_eq!(pick(4, Pick::Channel(2)), [-100.0]);
        assert_eq!(
            pick(3, Pick::Mean),
            [100.0],
            "a part of a frame is left out"
        );
    }
}
