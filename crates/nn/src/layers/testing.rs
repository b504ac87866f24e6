//! Lengths and closeness for the tests of operations.

use proptest::prelude::*;

/// Lengths of a batch: any, one utterance, a single frame, all equal, or lengths on both sides of a tile's edge.
pub fn lengths(longest: usize, most: usize) -> impl Strategy<Value = Vec<usize>> {
    let any = 1..=longest;
    prop_oneof![
        4 => prop::collection::vec(any.clone(), 1..=most),
        1 => any.clone().prop_map(|n| vec![n]),
        1 => Just(vec![1]),
        2 => (any, 1..=most).prop_map(|(n, count)| vec![n; count]),
        1 => (1..=longest.div_ceil(6)).prop_map(|n| vec![6 * n - 1, 6 * n, 6 * n + 1]),
    ]
}

/// Panics unless every value is within `tolerance` of the expected one, relative to the larger of its size
/// and the root mean square of all. Gives the largest such error.
#[track_caller]
pub fn close_to_size(found: &[f32], expected: &[f32], tolerance: f64) -> f64 {
    assert_eq!(found.len(), expected.len());
    let squares: f64 = expected.iter().map(|e| f64::from(*e).powi(2)).sum();
    let size = (squares / expected.len().max(1) as f64).sqrt();
    let mut worst = 0f64;
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(*f) - f64::from(*e)).abs();
        let scale = size.max(f64::from(e.abs()));
        assert!(
            difference <= tolerance * scale + 1e-30,
            "value {at}: {f} where {e} was expected (size {size})"
        );
        worst = worst.max(difference / (scale + 1e-30));
    }
    worst
}

/// Panics unless every value is within `tolerance` of the expected one, relative to 1 + its size.
#[track_caller]
pub fn close(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f - e).abs() <= tolerance * (1.0 + e.abs()),
            "value {at}: {f} where {e} was expected"
        );
    }
}
