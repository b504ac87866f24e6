//! The two laws of telephony: 16-bit samples as bytes, and back (ITU-T G.711).

/// One G.711 mu-law byte as 16-bit linear PCM.
pub fn mu_law(byte: u8) -> i16 {
    let code = !byte;
    let exponent = (code >> 4) & 7;
    let magnitude = (((i16::from(code & 0x0f) << 3) + 0x84) << exponent) - 0x84;
    if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// One G.711 A-law byte as 16-bit linear PCM.
pub fn a_law(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let exponent = (code >> 4) & 7;
    let mantissa = (i16::from(code & 0x0f) << 4) + 8;
    let magnitude = match exponent {
        0 => mantissa,
        _ => (mantissa + 0x100) << (exponent - 1),
    };
    if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// The mu-law byte of a 16-bit sample, of which 14 bits count.
pub fn mu_law_byte(sample: i16) -> u8 {
    let value = sample >> 2;
    // The bias makes every segment twice as wide as the one before, and the last ends at 8191.
    let magnitude = value.unsigned_abs().min(8158) + 33;
    let segment = magnitude.ilog2() - 5;
    let code = (segment as u8) << 4 | (magnitude >> (segment + 1)) as u8 & 0x0f;
    match value < 0 {
        true => !code & 0x7f,
        false => !code,
    }
}

/// The A-law byte of a 16-bit sample, of which 13 bits count.
pub fn a_law_byte(sample: i16) -> u8 {
    let value = sample >> 3;
    let magnitude = if value < 0 { !value } else { value };
    // The two lowest segments are equally wide.
    let segment = (magnitude.max(16) as u16).ilog2() - 4;
    let code = (segment as u8) << 4 | (magnitude >> segment.max(1)) as u8 & 0x0f;
    match value < 0 {
        true => code ^ 0x55,
        false => code ^ 0xd5,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Values of ITU-T G.711, tables 1a and 2a, at 16 bits.
    #[test]
    fn companding_laws() {
        assert_eq!(
            [0x00, 0x80, 0xff, 0x7f, 0xf0].map(mu_law),
            [-32124, 32124, 0, 0, 120]
        );
        assert_eq!(
            [0x55, 0xd5, 0x2a, 0xaa, 0x80].map(a_law),
            [-8, 8, -32256, 32256, 5504]
        );
    }

    /// Where the byte changes from one sample to the next, by `tests/golden/g711.py`.
    #[derive(Deserialize)]
    struct Golden {
        mu_law: Vec<(i16, u8)>,
        a_law: Vec<(i16, u8)>,
    }

    #[test]
    fn every_sample_has_the_byte_of_the_reference() {
        let golden: Golden =
            serde_json::from_str(include_str!("../../tests/golden/g711.json")).unwrap();
        for (changes, byte) in [
            (golden.mu_law, mu_law_byte as fn(i16) -> u8),
            (golden.a_law, a_law_byte),
        ] {
            let mut expected = 0;
            let mut changes = changes.into_iter().peekable();
            for sample in i16::MIN..=i16::MAX {
                if let Some((_, byte)) = changes.next_if(|(first, _)| *first == sample) {
                    expected = byte;
                }
                assert_eq!(byte(sample), expected, "{sample}");
            }
            assert!(changes.next().is_none());
        }
    }

    #[test]
    fn a_byte_that_is_decoded_and_coded_is_the_same() {
        for byte in 0..=255 {
            assert_eq!(a_law_byte(a_law(byte)), byte);
            // Mu-law has two zeros.
            if byte != 0x7f {
                assert_eq!(mu_law_byte(mu_law(byte)), byte);
            }
        }
    }
}
