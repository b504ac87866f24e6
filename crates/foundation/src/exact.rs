//! Elementary functions from IEEE basic operations alone, so that every machine comes to the same bits.
//!
//! The standard library's `exp` and `cos` call the platform's libm, whose last bit differs between
//! systems. Additions, multiplications, divisions, rounding and square roots do not, and Rust neither
//! reorders nor fuses them.

use std::f64::consts::{LN_2, LOG2_10, LOG2_E, TAU};

/// Within one unit in the last place, by the `libm` crate's port of musl.
pub use libm::{cos, log as ln, pow, sin, tan};

/// 2 to the power of `x`, relative error below 1e-14 for |x| <= 1000; clamped beyond.
#[inline]
fn exp2(x: f64) -> f64 {
    let x = x.clamp(-1000.0, 1000.0);
    let whole = x.round();
    let y = (x - whole) * LN_2;
    // Taylor series of exp on |y| <= 0.35, in Horner form.
    let mut sum = 1.0;
    for n in (1..=14).rev() {
        sum = 1.0 + sum * y / f64::from(n);
    }
    let power = f64::from_bits(((1023 + whole as i64) as u64) << 52);
    sum * power
}

/// e to the power of `x`.
#[inline]
pub fn exp(x: f64) -> f64 {
    exp2(x * LOG2_E)
}

/// The amplitude factor of a level in decibels.
#[inline]
pub fn amplitude(level_db: f64) -> f64 {
    exp2(level_db * LOG2_10 / 20.0)
}

/// The frequency factor of an interval in semitones.
#[inline]
pub fn semitones(interval_st: f64) -> f64 {
    exp2(interval_st / 12.0)
}

/// The cosine of an angle in turns, absolute error below 1e-13.
#[inline]
pub fn cos_turns(turns: f64) -> f64 {
    let folded = (turns - turns.round()).abs(); // 0..=0.5
    let (quarter, sign) = if folded > 0.25 {
        (0.5 - folded, -1.0)
    } else {
        (folded, 1.0)
    };
    let square = (quarter * TAU) * (quarter * TAU);
    let mut sum = 1.0;
    for n in (1..=10).rev() {
        let n = f64::from(2 * n);
        sum = 1.0 - sum * square / (n * (n - 1.0));
    }
    sign * sum
}

/// The sine of an angle in turns.
#[inline]
pub fn sin_turns(turns: f64) -> f64 {
    cos_turns(turns - 0.25)
}

/// 0 below 0, 1 above 1, and a cubic with level ends between.
#[inline]
pub fn smoothstep(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_agree_with_libm() {
        for i in -4000..=4000 {
            let x = f64::from(i) * 0.0137;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 1e-13, "exp2({x})");
            assert!((exp(x) / x.exp() - 1.0).abs() < 2e-13, "exp({x})");
            assert!((cos_turns(x) - (TAU * x).cos()).abs() < 1e-12, "cos({x})");
            assert!((sin_turns(x) - (TAU * x).sin()).abs() < 1e-12, "sin({x})");
        }
        for i in 1..=4000 {
            let x = f64::from(i) * 0.0137;
            for x in [x, exp(x), exp(-x)] {
                let error = (ln(x) - x.ln()).abs();
                assert!(error < 1e-14 * x.ln().abs().max(1.0), "ln({x})");
            }
        }
        assert_eq!(ln(1.0), 0.0);
        assert!((amplitude(20.0) - 10.0).abs() < 1e-12);
        assert!((semitones(12.0) - 2.0).abs() < 1e-14);
        assert_eq!(exp2(5000.0), exp2(1000.0));
    }

    /// A change of these bits needs a new version of every stage that makes tables or first values with them.
    #[test]
    fn the_bits_of_the_port_stay() {
        let mut hasher = blake3::Hasher::new();
        for i in 1..2000 {
            let x = f64::from(i) * 0.0173;
            for value in [ln(x), cos(x), sin(x), tan(x), pow(x, 0.85), exp(-x)] {
                hasher.update(&value.to_le_bytes());
            }
        }
        let digest = hasher.finalize().to_hex();
        assert_eq!(&digest[..16], "7afeff543cd6bcd9");
    }

    #[test]
    fn smoothstep_is_clamped_and_symmetric() {
        assert_eq!(smoothstep(-1.0), 0.0);
        assert_eq!(smoothstep(2.0), 1.0);
        assert!((smoothstep(0.3) + smoothstep(0.7) - 1.0).abs() < 1e-15);
    }
}
