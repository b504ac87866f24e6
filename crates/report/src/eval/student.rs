//! Student's t distribution, and the interval of a mean.
//!
//! Written with [`pipe_foundation::exact`] so that every machine prints the same intervals.

use std::f64::consts::PI;

use pipe_foundation::exact::{exp, ln};

use super::Interval;

/// Two-sided p-value of a statistic `t` with `df` degrees of freedom (`2 * scipy.stats.t.sf(abs(t), df)`).
///
/// The regularised incomplete beta function I_x(df / 2, 1 / 2) at x = df / (df + t²). 0 for an infinite `t`.
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let square = t * t;
    let (a, b) = (df / 2.0, 0.5);
    let (x, rest) = (df / (df + square), square / (df + square));
    if rest == 0.0 {
        return 1.0;
    }
    // x^a (1 - x)^b / B(a, b)
    let factor = exp(a * ln_near_one(x, rest) + b * ln(rest) - ln_beta_half(a));
    // The fraction converges fast only on its side of the mean.
    if x < (a + 1.0) / (a + b + 2.0) {
        factor * beta_fraction(x, a, b) / a
    } else {
        1.0 - factor * beta_fraction(rest, b, a) / b
    }
    .clamp(0.0, 1.0)
}

/// The 97.5 % quantile of Student's t (`scipy.stats.t.ppf(0.975, df)`), for `df` of at least 1.
pub fn t_quantile_975(df: f64) -> f64 {
    const TAIL: f64 = 0.05;
    let (mut low, mut high) = (1.9, 12.8);
    let mut t = 1.96 + 2.4 / df;
    for _ in 0..100 {
        let error = t_two_sided(t, df) - TAIL;
        if error > 0.0 {
            low = t;
        } else {
            high = t;
        }
        // Newton's step: the derivative of the p-value is twice the density, negated.
        let density =
            exp(-(df + 1.0) / 2.0 * ln(1.0 + t * t / df) - ln_beta_half(df / 2.0)) / df.sqrt();
        let mut next = t + error / (2.0 * density);
        if !(low..=high).contains(&next) {
            next = (low + high) / 2.0;
        }
        if (next - t).abs() <= 1e-13 * t {
            return next;
        }
        t = next;
    }
    t
}

/// Arithmetic mean; none of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Squared standard error of a mean: the sample variance by the number of values; none below two values.
pub(super) fn variance_of_mean(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let (n, mean) = (values.len() as f64, mean(values)?);
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    Some(squares / (n - 1.0) / n)
}

/// Values below which their mean has no interval: Student's t with one degree of freedom reaches from 0 to 100 % for runs
/// that differ by a few points, and to nothing for two that happen to agree.
pub(crate) const LEAST_FOR_INTERVAL: usize = 3;

/// 95 % confidence interval of the mean of independent proportions, such as the UAs of several seeds; none of fewer than
/// [`LEAST_FOR_INTERVAL`].
///
/// Student's t with n - 1 degrees of freedom (`scipy.stats.t.interval(0.95, n - 1, mean, sem)`), cut to 0..=1.
pub fn mean_interval(values: &[f64]) -> Option<Interval> {
    mean_interval_within(values, 0.0)
}

/// As [`mean_interval`], of values in `lowest`..=1.
pub fn mean_interval_within(values: &[f64], lowest: f64) -> Option<Interval> {
    if values.len() < LEAST_FOR_INTERVAL {
        return None;
    }
    let half = t_quantile_975(values.len() as f64 - 1.0) * variance_of_mean(values)?.sqrt();
    let mean = mean(values)?;
    Some(Interval {
        low: (mean - half).max(lowest),
        high: (mean + half).min(1.0),
    })
}

/// Lower tail of the normal distribution at `-x`, for 0 <= x <= 6: absolute error below 1e-14.
pub(super) fn normal_tail(x: f64) -> f64 {
    let square = x * x;
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term > 1e-18 * sum {
        odd += 2.0;
        term *= square / odd;
        sum += term;
    }
    0.5 - exp(-square / 2.0) / (2.0 * PI).sqrt() * sum
}

/// ln x where 1 - x is known exactly, so that nothing is lost near 1.
fn ln_near_one(x: f64, rest: f64) -> f64 {
    if rest > 0.01 {
        return ln(x);
    }
    let mut sum = 0.0;
    for n in (1..=10).rev() {
        sum = rest * (1.0 / f64::from(n) + sum);
    }
    -sum
}

/// ln B(a, 1/2) = ln Γ(a) + ln Γ(1/2) - ln Γ(a + 1/2).
fn ln_beta_half(a: f64) -> f64 {
    // Γ(a) / Γ(a + 1/2), moved to where its asymptotic series holds: Γ(a) = Γ(a + 1) / a.
    let (mut a, mut product) = (a, 1.0);
    while a < 20.0 {
        product *= (a + 0.5) / a;
        a += 1.0;
    }
    // Γ(a + 1/2) / Γ(a) as an asymptotic series around a - 1/4, which has even powers only.
    let w = a - 0.25;
    let v = 1.0 / (w * w);
    let series = [
        -174_317.0 / 134_217_728.0,
        631.0 / 524_288.0,
        -19.0 / 8192.0,
        1.0 / 64.0,
    ]
    .into_iter()
    .fold(0.0, |sum, coefficient| (sum + coefficient) * v);
    ln(product) + 0.5 * ln(PI) - 0.5 * ln(w) - ln(1.0 + series)
}

/// The continued fraction of the incomplete beta function (Lentz's method).
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for n in 1..10_000 {
        let m = f64::from(n);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        value *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}
