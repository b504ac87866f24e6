//! Vectorisable exponential, logistic function and hyperbolic tangent.
//!
//! One source, compiled portably and for AVX2 with FMA by the callers; both give the same bits.

use pipe_foundation::vectorised;

/// `exp(x)` for x in [-87, 88], clamped outside it; relative error below 2e-7.
///
/// Cephes-style reduction to [-ln 2 / 2, ln 2 / 2] and a polynomial of degree 6.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_HIGH, x);
    let r = n.mul_add(-LN_2_LOW, r);
    let mut p = 1.0f32 / 720.0;
    p = p.mul_add(r, 1.0 / 120.0);
    p = p.mul_add(r, 1.0 / 24.0);
    p = p.mul_add(r, 1.0 / 6.0);
    p = p.mul_add(r, 0.5);
    p = p.mul_add(r, 1.0);
    p = p.mul_add(r, 1.0);
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127)
        << 23;
    p * f32::from_bits(exponent)
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `tanh(x) = 2 sigmoid(2 x) - 1`, with the odd series near zero where that loses digits.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let far = 2.0 / (1.0 + exp(-2.0 * x)) - 1.0;
    let square = x * x;
    // x - x^3/3 + 2x^5/15 - 17x^7/315 + 62x^9/2835
    let mut p = 62.0f32 / 2835.0;
    p = p.mul_add(square, -17.0 / 315.0);
    p = p.mul_add(square, 2.0 / 15.0);
    p = p.mul_add(square, -1.0 / 3.0);
    let near = (p * square).mul_add(x, x);
    if x.abs() < 0.25 { near } else { far }
}

vectorised! {
    /// [`tanh`] of each value.
    pub fn tanh_each / tanh_each_portable (values: &mut [f32]) {
        for value in values {
            *value = tanh(*value);
        }
    }
}

vectorised! {
    /// [`exp`] of each value less `largest`.
    pub fn exp_each / exp_each_portable (values: &mut [f32], largest: f32) {
        for value in values {
            *value = exp(*value - largest);
        }
    }
}

/// The values as probabilities: `exp(x)` over the sum of all of them.
pub fn softmax(values: &mut [f32]) {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    exp_each(values, largest);
    let sum: f32 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_double_precision() {
        for step in -40_000..=40_000 {
            let x = step as f32 * 2e-3;
            let wide = f64::from(x);
            assert!(
                (f64::from(exp(x)) / wide.exp() - 1.0).abs() < 3e-7,
                "exp {x}"
            );
            let s = 1.0 / (1.0 + (-wide).exp());
            assert!((f64::from(sigmoid(x)) - s).abs() < 2e-7, "sigmoid {x}");
            assert!((f64::from(tanh(x)) - wide.tanh()).abs() < 3e-7, "tanh {x}");
        }
        for step in 1..1000 {
            let x = step as f32 * 2.5e-4;
            assert!(
                (f64::from(tanh(x)) / f64::from(x).tanh() - 1.0).abs() < 1e-6,
                "tanh {x}"
            );
        }
    }

    #[test]
    fn extremes_stay_finite_and_nan_stays_nan() {
        assert_eq!(sigmoid(1e30), 1.0);
        assert!(sigmoid(-1e30) < 1e-37);
        assert_eq!(tanh(1e30), 1.0);
        assert_eq!(tanh(-1e30), -1.0);
        assert!(sigmoid(f32::NAN).is_nan());
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn both_builds_give_the_same_bits() {
        use pipe_foundation::test_support::noise;
        let values: Vec<f32> = noise(67, 3).iter().map(|v| 9.0 * v).collect();
        let (mut fast, mut portable) = (values.clone(), values.clone());
        tanh_each(&mut fast);
        tanh_each_portable(&mut portable);
        assert_eq!(fast, portable);
        let (mut fast, mut portable) = (values.clone(), values);
        exp_each(&mut fast, 2.0);
        exp_each_portable(&mut portable, 2.0);
        assert_eq!(fast, portable);
        softmax(&mut fast);
        assert!((fast.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
