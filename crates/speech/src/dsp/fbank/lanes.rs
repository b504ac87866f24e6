//! Eight frames side by side: a number type of eight floats that `rustfft` transforms like one.
//!
//! Only additions, multiplications and divisions of IEEE 754 singles occur, never a fused multiply-add, so features
//! are the same bits whatever vector unit a processor has.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use rustfft::num_traits::{FromPrimitive, Num, One, Signed, Zero};

/// Frames in one batch.
pub(super) const LANES: usize = 8;

/// One number of each of eight frames.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(32))]
pub(super) struct Lanes(pub [f32; LANES]);

impl Lanes {
    /// All zero.
    pub const ZERO: Lanes = Lanes([0.0; LANES]);

    /// The same number in every lane.
    #[inline(always)]
    pub fn splat(value: f32) -> Lanes {
        Lanes([value; LANES])
    }

    #[inline(always)]
    fn map(self, f: impl Fn(f32) -> f32) -> Lanes {
        let mut out = self.0;
        for value in &mut out {
            *value = f(*value);
        }
        Lanes(out)
    }

    #[inline(always)]
    fn zip(self, other: Lanes, f: impl Fn(f32, f32) -> f32) -> Lanes {
        let mut out = self.0;
        for (value, other) in out.iter_mut().zip(other.0) {
            *value = f(*value, other);
        }
        Lanes(out)
    }

    /// The larger one; the floor where the value is NaN.
    #[inline(always)]
    pub fn max(self, floor: Lanes) -> Lanes {
        self.zip(
            floor,
            |value, floor| if value > floor { value } else { floor },
        )
    }

    #[inline(always)]
    pub fn sqrt(self) -> Lanes {
        self.map(f32::sqrt)
    }

    /// Natural logarithm of positive normal numbers, within 1 in the last place or so.
    ///
    /// x = 2^k m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m - 1) / (m + 1), by its series: the first
    /// term left out is below 2e-9 of the sum.
    #[inline(always)]
    pub fn ln(self) -> Lanes {
        const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
        self.map(|x| {
            let bits = x.to_bits();
            let k = (bits.wrapping_sub(SQRT_HALF_BITS) as i32) >> 23;
            let m = f32::from_bits(bits.wrapping_sub((k as u32) << 23));
            let s = (m - 1.0) / (m + 1.0);
            let z = s * s;
            let series = 1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0)));
            k as f32 * std::f32::consts::LN_2 + (2.0 * s + 2.0 * s * (z * series))
        })
    }
}

macro_rules! lanewise {
    ($($operation:ident $method:ident $operator:tt),*) => {$(
        impl $operation for Lanes {
            type Output = Lanes;
            #[inline(always)]
            fn $method(self, other: Lanes) -> Lanes {
                self.zip(other, |a, b| a $operator b)
            }
        }
    )*};
}
lanewise!(Add add +, Sub sub -, Mul mul *, Div div /, Rem rem %);

impl Neg for Lanes {
    type Output = Lanes;
    #[inline(always)]
    fn neg(self) -> Lanes {
        self.map(|value| -value)
    }
}

impl Zero for Lanes {
    #[inline(always)]
    fn zero() -> Lanes {
        Lanes::ZERO
    }
    fn is_zero(&self) -> bool {
        *self == Lanes::ZERO
    }
}

impl One for Lanes {
    #[inline(always)]
    fn one() -> Lanes {
        Lanes::splat(1.0)
    }
}

impl Num for Lanes {
    type FromStrRadixErr = <f32 as Num>::FromStrRadixErr;
    fn from_str_radix(text: &str, radix: u32) -> Result<Lanes, Self::FromStrRadixErr> {
        f32::from_str_radix(text, radix).map(Lanes::splat)
    }
}

impl Signed for Lanes {
    fn abs(&self) -> Lanes {
        self.map(f32::abs)
    }
    fn abs_sub(&self, other: &Lanes) -> Lanes {
        self.zip(*other, |a, b| (a - b).max(0.0))
    }
    fn signum(&self) -> Lanes {
        self.map(f32::signum)
    }
    fn is_positive(&self) -> bool {
        self.0.iter().all(|value| *value > 0.0)
    }
    fn is_negative(&self) -> bool {
        self.0.iter().all(|value| *value < 0.0)
    }
}

impl FromPrimitive for Lanes {
    fn from_i64(value: i64) -> Option<Lanes> {
        Some(Lanes::splat(value as f32))
    }
    fn from_u64(value: u64) -> Option<Lanes> {
        Some(Lanes::splat(value as f32))
    }
    fn from_f32(value: f32) -> Option<Lanes> {
        Some(Lanes::splat(value))
    }
    fn from_f64(value: f64) -> Option<Lanes> {
        Some(Lanes::splat(value as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_is_that_of_double_precision() {
        let mut x = f32::EPSILON;
        let mut worst = 0.0_f64;
        while x < 1e18 {
            let exact = f64::from(x).ln();
            let error = (f64::from(Lanes::splat(x).ln().0[3]) - exact).abs();
            worst = worst.max(error / exact.abs().max(1.0));
            x *= 1.000_37;
        }
        assert!(worst < 2e-7, "{worst}");
        assert_eq!(Lanes::splat(1.0).ln(), Lanes::ZERO);
    }
}
