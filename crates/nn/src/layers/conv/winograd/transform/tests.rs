//! The transforms against convolution as it is defined, against each other, and both builds to the bit.

use pipe_foundation::test_support::noise;

use super::*;

#[test]
fn six_outputs_of_five_taps() {
    let (frames, taps) = (noise(POINTS, 1), noise(TAPS, 2));
    let d: [[f32; 1]; POINTS] = std::array::from_fn(|j| [frames[j]]);
    let g: [[f32; 1]; TAPS] = std::array::from_fn(|k| [taps[k]]);
    let (v, u) = (from_frames(&d), from_taps(&g));
    let found = to_outputs(&std::array::from_fn(|p| [v[p][0] * u[p][0]]));
    for t in 0..TILE {
        let expected: f32 = (0..TAPS).map(|k| frames[t + k] * taps[k]).sum();
        assert!((found[t][0] - expected).abs() < 1e-5, "{t}");
    }
}

/// <T x, y> = <x, Tᵀ y> for each transform and the one used as its transpose.
#[test]
fn transposes_are_transposes() {
    let inner = |a: &[Lane<1>], b: &[Lane<1>]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f64::from(a[0]) * f64::from(b[0])).sum()
    };
    let values = |seed: u32| noise(POINTS, seed);
    let lanes = |seed: u32| -> [Lane<1>; POINTS] { std::array::from_fn(|j| [values(seed)[j]]) };
    let (x, y) = (lanes(1), lanes(2));
    let outputs: [Lane<1>; TILE] = std::array::from_fn(|j| x[j]);
    let taps: [Lane<1>; TAPS] = std::array::from_fn(|j| x[j]);
    for (left, right) in [
        (inner(&from_frames(&x), &y), inner(&x, &to_frames(&y))),
        (
            inner(&from_outputs(&outputs), &y),
            inner(&outputs, &to_outputs(&y)),
        ),
        (inner(&from_taps(&taps), &y), inner(&taps, &to_taps(&y))),
    ] {
        assert!(
            (left - right).abs() < 1e-4 * (1.0 + left.abs()),
            "{left} {right}"
        );
    }
}

#[test]
fn both_builds_give_the_same_bits() {
    let (channels, tiles, rows) = (13, 3, 20);
    let source = noise(POINTS * tiles * channels, 3);
    let run = |portable: bool| {
        let mut all = Vec::new();
        let mut out = vec![0.0; POINTS * tiles * channels];
        let zeros = vec![0.0; channels];
        let f = if portable {
            transform_frames_portable
        } else {
            transform_frames
        };
        f(
            &source[..rows * channels],
            &zeros,
            channels,
            0,
            tiles,
            &mut out,
        );
        all.extend_from_slice(&out);
        let f = if portable {
            transform_outputs_portable
        } else {
            transform_outputs
        };
        f(&source, channels, 0, tiles, &mut out);
        all.extend_from_slice(&out);
        let f = if portable {
            transform_products_portable
        } else {
            transform_products
        };
        f(&source, channels, 0, tiles, &mut out);
        all.extend_from_slice(&out);
        let f = if portable {
            add_frames_portable
        } else {
            add_frames
        };
        f(&source, channels, 0, tiles, &mut out, channels, rows);
        all.extend_from_slice(&out);
        let f = if portable {
            transform_taps_portable
        } else {
            transform_taps
        };
        f(&source, tiles * channels, &mut out);
        all.extend_from_slice(&out);
        let f = if portable {
            gather_taps_portable
        } else {
            gather_taps
        };
        f(&source, tiles * channels, &mut out, tiles * channels);
        all.extend_from_slice(&out);
        all.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(run(false), run(true));
}
