//! How numbers are written.

use crate::eval::{Interval, Metrics};

/// What stands where there is no number.
pub(super) const NONE: &str = "-";

/// A proportion in % with one decimal.
pub(super) fn percent(proportion: Option<f64>) -> String {
    proportion.map_or_else(|| NONE.to_string(), |p| format!("{:.1}", 100.0 * p))
}

/// A value with its standard error, both proportions, in %.
pub(super) fn with_error(value: f64, standard_error: f64) -> String {
    format!("{:.1} ±{:.1}", 100.0 * value, 100.0 * standard_error)
}

/// A difference of two proportions with its standard error, in points.
pub(super) fn difference(value: f64, standard_error: f64) -> String {
    format!("{:+.1} ±{:.1}", 100.0 * value, 100.0 * standard_error)
}

/// The UA of some metrics with its standard error in %.
pub(super) fn ua(metrics: &Metrics) -> String {
    match (metrics.ua, metrics.ua_standard_error) {
        (Some(ua), Some(error)) => with_error(ua, error),
        _ => NONE.to_string(),
    }
}

/// An interval of proportions in %.
pub(super) fn interval(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || NONE.to_string(),
        |Interval { low, high }| format!("{:.1}–{:.1}", 100.0 * low, 100.0 * high),
    )
}

/// A count with commas between thousands.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, which takes an s unless the count is 1.
pub(super) fn of(number: u64, noun: &str) -> String {
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
        assert_eq!(with_error(0.5, 0.011), "50.0 ±1.1");
        assert_eq!(difference(-0.031, 0.029), "-3.1 ±2.9");
        assert_eq!(difference(0.05, 0.0), "+5.0 ±0.0");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(of(1, "speaker"), "1 speaker");
        assert_eq!(of(2800, "utterance"), "2,800 utterances");
    }
}
