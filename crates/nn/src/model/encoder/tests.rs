//! The whole encoder: finite differences, padding, and the same bits whatever the threads.

use pipe_foundation::Features;
use pipe_foundation::test_support::noise;

use crate::layers::REGISTERED;
use crate::layers::testing::close;
use crate::model::spec::Layer;

use super::*;

fn encoder(layers: &str, bins: usize) -> Encoder {
    let layers: Vec<Layer> = serde_json::from_str(layers).unwrap();
    Encoder::new(EncoderShape::new(&layers, bins).unwrap())
}

fn utterances(lengths: &[usize], bins: usize, seed: u32) -> Vec<Features> {
    lengths
        .iter()
        .enumerate()
        .map(|(at, &frames)| Features {
            frames,
            bins,
            values: noise(frames * bins, seed + at as u32),
        })
        .collect()
}

fn run(encoder: &Encoder, values: &[f32], batch: &[Features], threads: usize) -> Vec<f32> {
    run_with(Some(7), encoder, values, batch, threads)
}

/// Without a `seed`, as for a prediction.
fn run_with(
    seed: Option<u64>,
    encoder: &Encoder,
    values: &[f32],
    batch: &[Features],
    threads: usize,
) -> Vec<f32> {
    let workers = Workers::new(threads).unwrap();
    let mut pass = EncoderPass::default();
    let views: Vec<_> = batch.iter().map(Features::view).collect();
    encoder.pack(values, &mut pass, seed, &workers);
    encoder
        .forward(values, &views, &mut pass, &workers)
        .unwrap()
}

fn gradient(
    encoder: &Encoder,
    values: &[f32],
    batch: &[Features],
    slope: &[f32],
    threads: usize,
) -> Vec<f32> {
    let workers = Workers::new(threads).unwrap();
    let mut pass = EncoderPass::default();
    let views: Vec<_> = batch.iter().map(Features::view).collect();
    let mut gradient = vec![0.0; values.len()];
    // Twice through the same buffers: old contents must not matter.
    for lengths in [&views[..1], &views[..]] {
        encoder.pack(values, &mut pass, Some(7), &workers);
        let out = encoder
            .forward(values, lengths, &mut pass, &workers)
            .unwrap();
        gradient.fill(0.0);
        encoder.backward(&mut pass, &slope[..out.len()], &mut gradient, &workers);
    }
    gradient
}

const KINDS: [&str; 7] = [
    r#"[{"layer":"time_pool","how":"mean"}]"#,
    r#"[{"layer":"conv","channels":5,"width":5,"padding":2,"pool_width":3,"pool_stride":2},{"layer":"conv","channels":4,"width":3,"padding":1,"pool_width":3,"pool_stride":2},{"layer":"lstm","units":3,"bidirectional":true},{"layer":"time_pool","how":"last_states"}]"#,
    r#"[{"layer":"conv","channels":5,"width":4,"padding":1,"pool_width":2},{"layer":"lstm","units":3,"bidirectional":true,"layers":2},{"layer":"time_pool","how":"mean"}]"#,
    r#"[{"layer":"lstm","units":4,"layers":2},{"layer":"time_pool","how":"last_states"}]"#,
    r#"[{"layer":"conv","channels":6,"width":3},{"layer":"conv","channels":5,"width":1,"pool_width":2,"pool_stride":3},{"layer":"time_pool","how":"mean"}]"#,
    r#"[{"layer":"time_pool","how":"mean"},{"layer":"linear","units":5},{"layer":"linear","units":4}]"#,
    r#"[{"layer":"linear","units":4},{"layer":"lstm","units":3},{"layer":"conv","channels":4,"width":3,"padding":2},{"layer":"lstm","units":2,"bidirectional":true},{"layer":"linear","units":5},{"layer":"time_pool","how":"mean"},{"layer":"linear","units":4}]"#,
];

/// All of these, and an example of each kind of layer.
fn kinds() -> impl Iterator<Item = &'static str> {
    let examples = REGISTERED.iter().map(|kind| kind.example);
    KINDS.into_iter().chain(examples)
}

#[test]
fn finite_differences_of_every_kind_of_encoder() {
    for (kind, layers) in kinds().enumerate() {
        let encoder = encoder(layers, 3);
        let count = encoder.layout().len;
        let values: Vec<f32> = noise(count, 11).iter().map(|v| 0.6 * v).collect();
        let batch = utterances(&[1, 9, 22, 9, 15], 3, 5);
        let width = encoder.shape().embedding();
        let slope = noise(batch.len() * width, 17);
        let found = gradient(&encoder, &values, &batch, &slope, 2);
        let loss = |values: &[f32]| -> f64 {
            let out = run(&encoder, values, &batch, 1);
            out.iter()
                .zip(&slope)
                .map(|(o, s)| f64::from(*o) * f64::from(*s))
                .sum()
        };
        let mut off = 0;
        for at in 0..count {
            let agrees = |step: f32| {
                let mut moved = values.clone();
                moved[at] += step;
                let up = loss(&moved);
                moved[at] -= 2.0 * step;
                let slope = (up - loss(&moved)) / f64::from(2.0 * step);
                (slope - f64::from(found[at])).abs() <= 2e-3 * (1.0 + slope.abs())
            };
            // A maximum or a ReLU that switches within a step makes its difference wrong; within both it seldom does.
            if !agrees(2e-3) && !agrees(4e-4) {
                off += 1;
            }
        }
        assert!(
            off * 50 <= count,
            "kind {kind}: {off} of {count} slopes differ"
        );
    }
}

#[test]
fn other_utterances_in_the_batch_never_change_one() {
    for layers in kinds() {
        let encoder = encoder(layers, 3);
        let values = noise(encoder.layout().len, 3);
        let batch = utterances(
            &[
                40, 0, 17, 2, 33, 8, 5, 60, 12, 3, 21, 4, 7, 9, 30, 11, 25, 6,
            ],
            3,
            1,
        );
        let together = run_with(None, &encoder, &values, &batch, 2);
        let width = encoder.shape().embedding();
        for (at, alone) in batch.iter().enumerate() {
            let alone = run_with(None, &encoder, &values, std::slice::from_ref(alone), 1);
            assert_eq!(alone, together[at * width..][..width], "utterance {at}");
        }
    }
}

#[test]
fn short_utterances_are_lengthened_by_zero_frames() {
    let encoder = encoder(KINDS[1], 3);
    let values = noise(encoder.layout().len, 3);
    let mut short = utterances(&[2], 3, 1);
    let out = run(&encoder, &values, &short, 1);
    let minimum = encoder.shape().minimum_frames();
    short[0].frames = minimum;
    short[0].values.resize(minimum * 3, 0.0);
    close(&out, &run(&encoder, &values, &short, 1), 0.0);
}

#[test]
fn threads_do_not_change_a_bit() {
    for layers in kinds() {
        let encoder = encoder(layers, 3);
        let values = noise(encoder.layout().len, 3);
        let lengths: Vec<usize> = (0..37).map(|n| 1 + n * 7 % 50).collect();
        let batch = utterances(&lengths, 3, 1);
        let slope = noise(37 * encoder.shape().embedding(), 2);
        let one = gradient(&encoder, &values, &batch, &slope, 1);
        for threads in [2, 4] {
            assert_eq!(one, gradient(&encoder, &values, &batch, &slope, threads));
        }
    }
}

#[test]
fn features_that_do_not_fit_are_refused() {
    let encoder = encoder(KINDS[3], 3);
    let wrong = FeaturesView {
        frames: 2,
        bins: 4,
        values: &[0.0; 8],
    };
    assert!(matches!(
        encoder.check(&wrong),
        Err(ModelError::Bins {
            found: 4,
            expected: 3
        })
    ));
    let short = FeaturesView {
        frames: 2,
        bins: 3,
        values: &[0.0; 5],
    };
    assert!(matches!(
        encoder.check(&short),
        Err(ModelError::Features { .. })
    ));
}
