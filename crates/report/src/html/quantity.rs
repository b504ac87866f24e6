//! How numbers are written on the page; those that are missing or not finite show as a dash.

use crate::eval::Interval;

/// Written in place of a missing number.
pub(super) const NONE: &str = "–";

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// A number with a fixed number of decimals and a true minus sign.
pub(super) fn decimal(value: Option<f64>, decimals: usize) -> String {
    finite(value).map_or_else(
        || NONE.to_string(),
        |value| {
            let digits = format!("{:.decimals$}", value.abs());
            let zero = digits.chars().all(|c| matches!(c, '0' | '.'));
            let sign = if value < 0.0 && !zero { "−" } else { "" };
            format!("{sign}{digits}")
        },
    )
}

/// A proportion in % with one decimal.
pub(super) fn percent(proportion: Option<f64>) -> String {
    decimal(proportion.map(|p| 100.0 * p), 1)
}

/// A difference of proportions in points, always with its sign.
pub(super) fn points(difference: Option<f64>) -> String {
    let written = decimal(difference.map(|d| 100.0 * d), 1);
    match finite(difference) {
        Some(value) if value > 0.0 && written != "0.0" => format!("+{written}"),
        _ => written,
    }
}

/// An interval of proportions in %.
pub(super) fn interval(interval: Option<Interval>) -> String {
    match interval {
        Some(Interval { low, high }) if low.is_finite() && high.is_finite() => {
            format!("{}–{}", percent(Some(low)), percent(Some(high)))
        }
        _ => NONE.to_string(),
    }
}

/// An interval of differences in points.
pub(super) fn points_interval(interval: Option<Interval>) -> String {
    match interval {
        Some(Interval { low, high }) if low.is_finite() && high.is_finite() => {
            format!("{} to {}", points(Some(low)), points(Some(high)))
        }
        _ => NONE.to_string(),
    }
}

/// A p-value with three decimals.
pub(super) fn p_value(p: Option<f64>) -> String {
    match finite(p) {
        Some(p) if p < 0.001 => "<0.001".to_string(),
        p => decimal(p, 3),
    }
}

/// Wall time in the largest units that fit.
pub(super) fn duration(seconds: Option<f64>) -> String {
    let Some(seconds) = finite(seconds).filter(|seconds| *seconds >= 0.0) else {
        return NONE.to_string();
    };
    if seconds < 0.0995 {
        format!("{:.0} ms", 1000.0 * seconds)
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else if seconds < 3599.5 {
        let whole = seconds.round() as u64;
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        let minutes = (seconds / 60.0).round() as u64;
        format!("{} h {} min", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(percent(Some(1.0 / 3.0)), "33.3");
        assert_eq!(percent(Some(f64::NAN)), NONE);
        assert_eq!(percent(None), NONE);
        assert_eq!(points(Some(0.052)), "+5.2");
        assert_eq!(points(Some(-0.052)), "−5.2");
        assert_eq!(points(Some(-0.0001)), "0.0");
        assert_eq!(points(Some(f64::INFINITY)), NONE);
        let half = Interval {
            low: -0.1,
            high: 0.5,
        };
        assert_eq!(interval(Some(half)), "−10.0–50.0");
        assert_eq!(points_interval(Some(half)), "−10.0 to +50.0");
        let broken = Interval {
            low: f64::NAN,
            high: 0.5,
        };
        assert_eq!(interval(Some(broken)), NONE);
        assert_eq!(p_value(Some(0.0004)), "<0.001");
        assert_eq!(p_value(Some(0.05)), "0.050");
        assert_eq!(p_value(None), NONE);
    }

    #[test]
    fn durations_take_the_units_that_fit() {
        for (seconds, written) in [
            (0.012, "12 ms"),
            (2.34, "2.3 s"),
            (59.96, "1 min 0 s"),
            (250.2, "4 min 10 s"),
            (3599.7, "1 h 0 min"),
            (7530.0, "2 h 6 min"),
        ] {
            assert_eq!(duration(Some(seconds)), written);
        }
        assert_eq!(duration(None), NONE);
        assert_eq!(duration(Some(-1.0)), NONE);
    }
}
