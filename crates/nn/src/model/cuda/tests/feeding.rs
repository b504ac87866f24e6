//! How values get to the device: features from the host, many batches one after the other, arrays of any size.

use crate::layers::testing::close_to_size;
use crate::model::cuda::chain::Chain;
use crate::model::cuda::feed::Feed;
use crate::model::cuda::ring::{SEGMENT, SEGMENTS};
use crate::model::ops::gather::cuda_kernel as gather;

use super::*;

/// Batches of many sizes, large ones after small ones, and more of them than the feed has slots.
///
/// The first has no utterance that is made longer with zeros: while the biases are zero, as at the start, rounding
/// would decide on which side of zero its values are, and so whether ReLU lets a gradient through.
const MANY: [&[usize]; 11] = [
    &[0],
    &[3, 0],
    &[0, 5, 2],
    &[2],
    &[5, 4, 3, 2, 1, 0],
    &[3, 0, 5, 1, 2],
    &[4, 4, 1],
    &[2, 5],
    &[0, 1, 2, 3, 4, 5, 2, 2],
    &[1],
    &[5, 3],
];

/// An utterance with frames and bins hidden, other ones for each place.
fn masked(at: usize) -> Masked {
    let frames = FRAMES[at];
    Masked {
        at,
        times: vec![at.min(frames)..(at + 3).min(frames), frames / 2..frames / 2],
        bands: vec![0..at % 2, at % 3 + 1..at % 3 + 2],
        // With the first of the batch, which may be the utterance itself.
        blend: (at % 2 == 1).then_some(Blended {
            partner: 0,
            share: 0.7,
        }),
    }
}

#[test]
fn features_of_a_batch_are_blended_and_then_masked() {
    let Some(card) = card() else { return };
    let (bins, layers) = encoders().swap_remove(1);
    let shape = EncoderShape::new(&layers, bins).unwrap();
    let chain = Chain::new(&shape).unwrap();
    let data = data(bins, &FRAMES);
    let views = data.views();
    // Of a longer one, of a shorter one, of itself; and one that is not blended.
    let batch = [3, 5, 2, 1].map(masked);
    let resident = Corpus::new(&card, &views).unwrap();
    let feed = Feed::new(&card).unwrap();
    for corpus in [&resident, &Corpus::on_host(views.clone())] {
        let share = corpus.share(&batch);
        let packing = chain.lay(card.sms(), &share.frames, &share.sources).packing;
        let packed = Packed::new(&feed, packing, &share.brought).unwrap();
        let source = share.there.unwrap_or_else(|| packed.brought());
        let found = gather::features(&card, &packed, source, bins, 0.5).unwrap();
        let mut expected = Vec::new();
        for own in &batch {
            let frames = views[own.at].frames;
            let value = |t: usize, bin: usize| {
                let hidden = own.times.iter().any(|range| range.contains(&t))
                    || own.bands.iter().any(|range| range.contains(&bin));
                let plain = views[own.at].values[t * bins + bin];
                let blended = own.blend.map(|Blended { partner, share }| {
                    let other = &views[batch[partner].at];
                    let other = other.values[t % other.frames * bins + bin];
                    share * plain + (1.0 - share) * other
                });
                if hidden {
                    0.5
                } else {
                    blended.unwrap_or(plain)
                }
            };
            expected.extend((0..frames).flat_map(|t| (0..bins).map(move |bin| value(t, bin))));
        }
        close_to_size(&found.read().unwrap(), &expected, 1e-6);
    }
}

#[test]
fn features_on_the_host_give_the_same_bits_as_on_the_device() {
    let Some(card) = card() else { return };
    for (bins, layers) in encoders() {
        let shape = EncoderShape::new(&layers, bins).unwrap();
        let data = data(bins, &FRAMES);
        let resident = Corpus::new(&card, &data.views()).unwrap();
        let on_host = Corpus::on_host(data.views());
        let course = Course {
            batches: &MANY,
            how: hows()[1],
        };
        let run = |corpus: &Corpus<'_>, masked: fn(usize) -> Masked| {
            on_device(
                &card,
                (&shape, &[0, 1, 2, 3, 4, 5, 6, 7]),
                &data,
                course,
                corpus,
                masked,
            )
        };
        let bits = |states: &[TrainingState]| states.iter().map(bits).collect::<Vec<_>>();
        let (expected, there) = run(&resident, masked);
        let (found, here) = run(&on_host, masked);
        assert_eq!(found, expected);
        assert!(
            bits(&here) == bits(&there),
            "states differ by where the features were"
        );
        assert_ne!(
            run(&on_host, whole).0,
            expected,
            "masks must change what is learned"
        );
        let group = Group::new(&card, here).unwrap();
        assert_eq!(
            group.predict(&on_host).unwrap(),
            group.predict(&resident).unwrap()
        );
    }
}

#[test]
fn many_batches_from_the_host_agree_with_the_processor() {
    let Some(card) = card() else { return };
    let (bins, layers) = encoders().swap_remove(0);
    let shape = EncoderShape::new(&layers, bins).unwrap();
    let data = data(bins, &FRAMES);
    let course = Course {
        batches: &MANY,
        how: hows()[2],
    };
    let on_host = Corpus::on_host(data.views());
    agree(&card, &shape, &data, course, &on_host);
}

#[test]
fn arrays_of_any_size_come_whole_through_the_ring() {
    let Some(card) = card() else { return };
    let values = SEGMENT / size_of::<f32>();
    let sizes = [
        1,
        17,
        values - 20,
        5,
        values,
        3,
        2 * values + 1,
        values * SEGMENTS + 100,
        1,
    ];
    let arrays = sizes.map(|size| noise(size, size as u32));
    // All are written before any is read: reading waits, which would hide a segment that is taken again too soon.
    let memories: Vec<Memory> = arrays
        .iter()
        .map(|array| Memory::of(&card, array).unwrap())
        .collect();
    for (memory, array) in memories.iter().zip(&arrays) {
        assert!(memory.read().unwrap() == *array, "{} values", array.len());
    }
    let mut counted = Memory::<u32>::zeros(&card, 300_000).unwrap();
    let runs: Vec<Vec<u32>> = (0..3000u32).map(|run| vec![run; 100]).collect();
    for (run, values) in runs.iter().enumerate() {
        counted.write(run * 100, values).unwrap();
    }
    assert_eq!(counted.read().unwrap(), runs.concat());
}
