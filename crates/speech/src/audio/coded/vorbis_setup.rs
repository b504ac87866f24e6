//! How much memory the setup of a Vorbis stream asks for: a few bits of it can describe a large codebook, of which there
//! may be 256 (Vorbis I specification, sections 3.2.1 and 4.2.4).

use symphonia::core::io::{BitReaderRtl, ReadBitsRtl};

use super::fault::{CONVERT, Fault};

/// Values of all codebooks together. Those of libvorbis have some ten thousands.
const MOST_VALUES: u64 = 1 << 22;

/// What an entry without values takes, in values.
const ENTRY: u64 = 4;

/// Makes sure that the codebooks of a setup packet are not larger than those of any encoder. What is wrong with them
/// besides is left to the decoder.
pub(super) fn check(setup: &[u8]) -> Result<(), Fault> {
    let mut values = 0;
    let mut bits = BitReaderRtl::new(setup.get(7..).unwrap_or_default());
    let Ok(count) = bits.read_bits_leq32(8) else {
        return Ok(());
    };
    for _ in 0..=count {
        let Some(more) = codebook_values(&mut bits) else {
            return Ok(());
        };
        values += more;
        if values > MOST_VALUES {
            return Err(Fault::Unsupported(
                "codebooks larger than any encoder makes".to_string(),
                CONVERT,
            ));
        }
    }
    Ok(())
}

/// Steps over a codebook, and says how many values it takes; none where it is damaged.
fn codebook_values(bits: &mut BitReaderRtl<'_>) -> Option<u64> {
    let _sync = bits.read_bits_leq32(24).ok()?;
    let dimensions = bits.read_bits_leq32(16).ok()?;
    let entries = bits.read_bits_leq32(24).ok()?;
    if u64::from(entries) * ENTRY > MOST_VALUES {
        return Some(u64::from(entries) * ENTRY);
    }
    let is_ordered = bits.read_bool().ok()?;
    if is_ordered {
        let mut listed = 0;
        bits.ignore_bits(5).ok()?;
        while listed < entries {
            let width = u32::BITS - (entries - listed).leading_zeros();
            // A codeword length that no entry has costs bits too, so that this ends.
            listed += bits.read_bits_leq32(width).ok()?;
        }
    } else {
        let is_sparse = bits.read_bool().ok()?;
        for _ in 0..entries {
            if !is_sparse || bits.read_bool().ok()? {
                bits.ignore_bits(5).ok()?;
            }
        }
    }
    let scalar = u64::from(entries) * ENTRY;
    let all = u64::from(entries) * u64::from(dimensions);
    let listed = match bits.read_bits_leq32(4).ok()? {
        0 => return Some(scalar),
        1 => u64::from(root(entries, dimensions)),
        _ => all,
    };
    bits.ignore_bits(64).ok()?;
    let width = u64::from(bits.read_bits_leq32(4).ok()? + 1);
    let _is_sequence = bits.read_bool().ok()?;
    let mut left = listed.saturating_mul(width);
    while left > 0 && all <= MOST_VALUES {
        let step = left.min(1 << 16);
        bits.ignore_bits(step as u32).ok()?;
        left -= step;
    }
    Some(scalar + all)
}

/// The greatest number whose power of `dimensions` is not more than `entries`.
fn root(entries: u32, dimensions: u32) -> u32 {
    let fits = |number: u32| {
        let power = u64::from(number).checked_pow(dimensions);
        power.is_some_and(|power| power <= u64::from(entries))
    };
    (1..=entries).take_while(|&number| fits(number)).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits in the order of Vorbis: the lowest of each number first.
    #[derive(Default)]
    struct Bits(Vec<bool>);

    impl Bits {
        fn put(&mut self, number: u64, width: u32) {
            self.0
                .extend((0..width).map(|bit| number.checked_shr(bit).unwrap_or_default() & 1 == 1));
        }

        fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| {
                bits.iter()
                    .rev()
                    .fold(0, |byte, &bit| byte << 1 | u8::from(bit))
            };
            self.0.chunks(8).map(byte).collect()
        }
    }

    /// A setup with as many codebooks of 2^17 codewords of 17 bits, each of which stands for `dimensions` values.
    fn setup(count: u64, dimensions: u64) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.put(count - 1, 8);
        for _ in 0..count {
            bits.put(0x56_4342, 24);
            bits.put(dimensions, 16);
            bits.put(1 << 17, 24);
            bits.put(1, 1);
            bits.put(16, 5);
            bits.put(1 << 17, 18);
            bits.put(1, 4);
            bits.put(0, 64);
            bits.put(0, 4);
            bits.put(0, 1);
            bits.put(0, root(1 << 17, dimensions as u32));
        }
        [b"\x05vorbis".to_vec(), bits.bytes()].concat()
    }

    #[test]
    fn codebooks_that_would_fill_the_memory_are_refused() {
        assert!(setup(256, 32).len() < 8_000);
        assert!(matches!(
            check(&setup(256, 32)),
            Err(Fault::Unsupported(..))
        ));
        assert!(matches!(check(&setup(1, 32)), Err(Fault::Unsupported(..))));
        assert!(check(&setup(2, 2)).is_ok());
        assert!(matches!(check(&setup(8, 2)), Err(Fault::Unsupported(..))));
        for cut in [0, 3, 9, 20] {
            assert!(check(&setup(2, 2)[..cut]).is_ok());
        }
    }

    #[test]
    fn roots_are_those_of_the_specification() {
        for (entries, dimensions, expected) in [(6_561, 8, 3), (6_560, 8, 2), (81, 2, 9), (1, 5, 1)]
        {
            assert_eq!(root(entries, dimensions), expected);
        }
        assert_eq!(root(1 << 17, 32), 1);
    }
}
