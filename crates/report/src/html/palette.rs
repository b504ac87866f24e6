//! Style classes and markers of methods, differences, proportions and losses.

use crate::Method;

use super::svg::Marker;

/// Levels of the diverging scale; the middle one is no difference.
pub(super) const DIVERGING: usize = 11;
/// Levels of the sequential scale.
const SEQUENTIAL: usize = 10;
/// Colours of the categories; `page.css` has as many.
pub(super) const CATEGORIES: usize = 8;

/// Class and mark of a method.
pub(super) fn method(method: Option<Method>) -> (&'static str, Marker) {
    match method {
        Some(Method::Baseline) => ("m0", Marker::Disc),
        Some(Method::Mtl) => ("m1", Marker::Square),
        Some(Method::Gr) => ("m2", Marker::Triangle),
        Some(Method::Ad) => ("m3", Marker::Diamond),
        None => ("m4", Marker::Disc),
    }
}

/// Level of a difference on a scale that ends at ±`limit`.
pub(super) fn diverging(value: f64, limit: f64) -> usize {
    let middle = DIVERGING / 2;
    if !value.is_finite() || limit <= 0.0 {
        return middle;
    }
    // Each level is equally wide; the middle one lies around 0.
    let level = (value / limit * (middle as f64 + 0.5)).clamp(-(middle as f64), middle as f64);
    (level.round() + middle as f64) as usize
}

/// Level of a proportion.
pub(super) fn sequential(proportion: f64) -> usize {
    if proportion.is_finite() {
        ((proportion * SEQUENTIAL as f64) as usize).min(SEQUENTIAL - 1)
    } else {
        0
    }
}

/// Class of a loss: the emotion, the attribute heads by name, their total.
pub(super) fn series(name: &str) -> &'static str {
    match name {
        "emotion" => "s0",
        "corpus" => "s1",
        "speaker" => "s2",
        "gender" => "s3",
        "language" => "s4",
        "total" => "s5",
        _ => "s6",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_symmetric_and_stay_on_the_scale() {
        assert_eq!(diverging(0.0, 0.1), 5);
        assert_eq!(diverging(0.1, 0.1), 10);
        assert_eq!(diverging(-0.1, 0.1), 0);
        assert_eq!(diverging(9.0, 0.1), 10);
        assert_eq!(diverging(f64::NAN, 0.1), 5);
        assert_eq!(diverging(0.1, 0.0), 5);
        for value in [0.004, 0.03, 0.07] {
            assert_eq!(diverging(value, 0.1) + diverging(-value, 0.1), 10);
        }
        assert_eq!(
            (sequential(0.0), sequential(0.55), sequential(1.0)),
            (0, 5, 9)
        );
        assert_eq!(sequential(f64::NAN), 0);
    }
}
