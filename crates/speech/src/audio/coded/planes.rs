//! One channel out of what a decoder gives, in the arithmetic of uncompressed samples.

use symphonia::core::audio::{Audio, AudioBuffer, GenericAudioBufferRef};

use crate::audio::pcm::Pick;

/// Appends frames `from..to` of a decoded buffer to `out`. Full scale becomes 1.0; the same samples in a WAV file give
/// the same numbers.
pub fn append(
    buffer: &GenericAudioBufferRef<'_>,
    from: usize,
    to: usize,
    pick: Pick,
    out: &mut Vec<f32>,
) {
    const I32: f32 = 1.0 / 2_147_483_648.0;
    match buffer {
        GenericAudioBufferRef::F32(buffer) => frames(buffer, from, to, pick, out, |value| value),
        GenericAudioBufferRef::S32(buffer) => {
            frames(buffer, from, to, pick, out, |value| value as f32 * I32);
        }
        // No decoder that is built in gives anything else.
        other => {
            let mut interleaved: Vec<f32> = Vec::new();
            other.copy_to_vec_interleaved(&mut interleaved);
            let channels = other.num_planes().max(1);
            out.extend(
                interleaved
                    .chunks_exact(channels)
                    .skip(from)
                    .take(to - from)
                    .map(|frame| match pick {
                        Pick::Mean => mean(frame.iter().copied(), channels),
                        Pick::Channel(channel) => frame.get(channel).copied().unwrap_or_default(),
                    }),
            );
        }
    }
}

fn frames<S: symphonia::core::audio::sample::Sample>(
    buffer: &AudioBuffer<S>,
    from: usize,
    to: usize,
    pick: Pick,
    out: &mut Vec<f32>,
    sample: impl Fn(S) -> f32,
) {
    let plane = |index: usize| {
        let plane = buffer.plane(index).unwrap_or_default();
        plane.get(from..to).unwrap_or_default()
    };
    let channels = buffer.num_planes();
    match (channels, pick) {
        (_, Pick::Channel(channel)) => {
            out.extend(plane(channel).iter().map(|&value| sample(value)));
        }
        (1, Pick::Mean) => out.extend(plane(0).iter().map(|&value| sample(value))),
        (2, Pick::Mean) => {
            let pairs = plane(0).iter().zip(plane(1));
            out.extend(pairs.map(|(&a, &b)| 0.5 * (sample(a) + sample(b))));
        }
        (_, Pick::Mean) => {
            let planes: Vec<&[S]> = (0..channels).map(plane).collect();
            out.extend((0..to - from).map(|index| {
                let values = planes.iter().filter_map(|plane| plane.get(index));
                mean(values.map(|&value| sample(value)), channels)
            }));
        }
    }
}

fn mean(values: impl Iterator<Item = f32>, channels: usize) -> f32 {
    let sum: f32 = values.sum();
    sum * (1.0 / channels as f32)
}
