//! Arrays of numbers as features `[frames, values]`.

use pipe_foundation::Features;

/// How numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// IEEE 754 half precision.
    F16,
    /// The upper half of a single.
    Bf16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// A signed whole number of so many bytes.
    Signed(usize),
    /// An unsigned whole number of so many bytes.
    Unsigned(usize),
}

impl Number {
    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Signed(bytes) | Self::Unsigned(bytes) => bytes,
        }
    }

    /// The values of `bytes`, the nearest singles.
    pub fn decode(self, bytes: &[u8], big_endian: bool) -> Vec<f32> {
        let size = self.bytes();
        let value = |chunk: &[u8]| {
            let mut word = [0; 8];
            word[..size].copy_from_slice(chunk);
            if big_endian {
                word[..size].reverse();
            }
            let bits = u64::from_le_bytes(word);
            match self {
                Self::F16 => half(bits as u16),
                Self::Bf16 => f32::from_bits((bits as u32) << 16),
                Self::F32 => f32::from_bits(bits as u32),
                Self::F64 => f64::from_bits(bits) as f32,
                Self::Signed(_) => {
                    let unused = 64 - 8 * size as u32;
                    (((bits << unused) as i64) >> unused) as f32
                }
                Self::Unsigned(_) => bits as f32,
            }
        };
        bytes.chunks_exact(size).map(value).collect()
    }
}

/// A half as a single.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // Below the smallest normal one, 2^-24 apart.
        0 => fraction as f32 / 16_777_216.0,
        31 => f32::from_bits(0x7f80_0000 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    match bits >> 15 {
        0 => magnitude,
        _ => -magnitude,
    }
}

/// Features of an array: `[values]` is one frame, and leading axes of length 1 do not count.
///
/// # Errors
/// In words, where it is no vector or matrix, is empty, or has values that are not finite.
pub fn features(shape: &[usize], values: Vec<f32>) -> Result<Features, String> {
    let ones = shape.iter().take(shape.len().saturating_sub(2));
    let skipped = ones.take_while(|length| **length == 1).count();
    let (frames, bins) = match shape[skipped..] {
        [bins] => (1, bins),
        [frames, bins] => (frames, bins),
        _ => {
            return Err(format!(
                "expected an array [values] or [frames, values], found {shape:?}"
            ));
        }
    };
    if frames == 0 || bins == 0 {
        return Err(format!("the array is empty: {shape:?}"));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let (frame, value) = (at / bins, at % bins);
        return Err(format!("value {value} of frame {frame} is {}", values[at]));
    }
    Ok(Features {
        frames,
        bins,
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_they_stand_for() {
        // Examples of IEEE 754: one, the largest, the smallest normal and subnormal, and minus two.
        for (bits, expected) in [
            (0x3c00, 1.0),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0xc000, -2.0),
            (0x0000, 0.0),
        ] {
            assert_eq!(half(bits), expected, "{bits:#x}");
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }

    #[test]
    fn whole_numbers_have_their_signs_and_either_order() {
        assert_eq!(Number::Signed(2).decode(&[0xfe, 0xff], false), [-2.0]);
        assert_eq!(Number::Signed(2).decode(&[0xff, 0xfe], true), [-2.0]);
        assert_eq!(Number::Unsigned(1).decode(&[200], false), [200.0]);
        assert_eq!(Number::Bf16.decode(&[0x80, 0x3f], false), [1.0]);
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        assert_eq!(features(&[1, 2, 2], vec![0.0; 4]).unwrap().frames, 2);
        assert_eq!(features(&[3], vec![0.0; 3]).unwrap().frames, 1);
        for (shape, values) in [
            (&[][..], vec![1.0]),
            (&[2, 2, 2], vec![0.0; 8]),
            (&[0, 3], vec![]),
            (&[2], vec![1.0, f32::NAN]),
        ] {
            assert!(features(shape, values).is_err(), "{shape:?}");
        }
    }
}
