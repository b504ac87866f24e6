//! How numbers are written.

pub(crate) use pipe_foundation::grouped as count;

use crate::eval::Interval;

/// Written in place of a missing number.
pub(crate) const NONE: &str = "-";

/// A proportion in % with one decimal.
pub(crate) fn percent(proportion: Option<f64>) -> String {
    proportion.map_or_else(|| NONE.to_string(), |p| fixed(100.0 * p, 1))
}

/// A proportion in % with a standard deviation.
pub(crate) fn with_deviation(proportion: f64, deviation: f64) -> String {
    format!("{:.1} ±{:.1}", 100.0 * proportion, 100.0 * deviation)
}

/// A difference of two proportions in points.
pub(crate) fn points(value: f64) -> String {
    signed(100.0 * value, 1)
}

/// An interval of a difference, in points.
pub(crate) fn points_interval(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || NONE.to_string(),
        |Interval { low, high }| format!("{} to {}", points(low), points(high)),
    )
}

/// A p-value with three decimals.
pub(crate) fn p_value(p: Option<f64>) -> String {
    match p {
        None => NONE.to_string(),
        Some(p) if p < 0.0005 => "<0.001".to_string(),
        Some(p) => format!("{p:.3}"),
    }
}

/// An interval of proportions in %.
pub(crate) fn interval(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || NONE.to_string(),
        |Interval { low, high }| format!("{}–{}", fixed(100.0 * low, 1), fixed(100.0 * high, 1)),
    )
}

/// A coefficient, or an error in some unit.
pub(crate) fn coefficient(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_string(), plain)
}

/// A difference of coefficients, or a coefficient whose sign matters.
pub(crate) fn coefficient_gain(value: f64) -> String {
    signed(value, 3)
}

/// Three decimals.
fn plain(value: f64) -> String {
    fixed(value, 3)
}

/// A number with so many decimals, without the sign of one that they show as zero.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if is_zero(digits) => digits.to_owned(),
        _ => text,
    }
}

/// A number always with its sign, but for one that so many decimals show as zero.
fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:+.decimals$}");
    match text.get(1..) {
        Some(digits) if is_zero(digits) => digits.to_owned(),
        _ => text,
    }
}

fn is_zero(digits: &str) -> bool {
    digits.chars().all(|digit| matches!(digit, '0' | '.'))
}

/// An interval of coefficients.
pub(crate) fn coefficient_interval(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || NONE.to_string(),
        |Interval { low, high }| format!("{} to {}", plain(low), plain(high)),
    )
}

/// A count with its noun, in the plural unless the count is 1.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(percent(Some(1.0 / 3.0)), "33.3");
        assert_eq!(percent(None), "-");
        assert_eq!(points(-0.031), "-3.1");
        assert_eq!(points(0.05), "+5.0");
        assert_eq!(points(-0.0004), "0.0");
        assert_eq!(points(0.0), "0.0");
        assert_eq!(percent(Some(-0.0001)), "0.0");
        let interval = Interval {
            low: -0.012,
            high: 0.034,
        };
        assert_eq!(points_interval(Some(interval)), "-1.2 to +3.4");
        assert_eq!(points_interval(None), "-");
        let interval_of = |low, high| super::interval(Some(Interval { low, high }));
        assert_eq!(interval_of(-0.0002, 0.5), "0.0–50.0");
        assert_eq!(p_value(Some(0.0004)), "<0.001");
        assert_eq!(coefficient(Some(-0.0004)), "0.000");
        assert_eq!(coefficient(Some(-0.0006)), "-0.001");
        assert_eq!(coefficient_gain(-0.0004), "0.000");
        assert_eq!(coefficient_gain(0.0125), "+0.013");
        let interval = Interval {
            low: -0.5,
            high: -0.0001,
        };
        assert_eq!(coefficient_interval(Some(interval)), "-0.500 to 0.000");
        assert_eq!(p_value(Some(0.0123)), "0.012");
        assert_eq!(p_value(None), "-");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "speaker"), "1 speaker");
        assert_eq!(counted(2800, "utterance"), "2,800 utterances");
    }
}
