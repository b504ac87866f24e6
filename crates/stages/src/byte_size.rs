//! Sizes of memory as people write them.

/// The units of sizes, with their bytes. Letters may be large or small.
const UNITS: [(&str, f64); 9] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

/// Bytes of a size such as `500MB`, `1.5 GB` or `8GiB`.
///
/// # Errors
/// What is expected, as a lower-case fragment.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let expected = || {
        let units = UNITS.map(|(unit, _)| unit).join(", ");
        format!("expected a number and a unit, such as 500MB, 1.5GB or 8GiB; units are {units}")
    };
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or_else(expected)?;
    let (number, unit) = text.split_at(digits);
    let mut units = UNITS.iter();
    let unit = units.find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()));
    let (_, scale) = unit.ok_or_else(expected)?;
    let number: f64 = number.parse().map_err(|_| expected())?;
    if number <= 0.0 {
        return Err("expected more than 0 bytes".to_owned());
    }
    Ok((number * scale) as u64)
}

/// As [`parse_bytes`], or a bare number of bytes.
///
/// # Errors
/// As [`parse_bytes`].
pub fn parse_size(text: &str) -> Result<u64, String> {
    let number = text.trim().parse();
    number.or_else(|_| parse_bytes(text))
}

/// A number of bytes as people say it.
pub fn bytes_text(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_and_nothing_else() {
        assert_eq!(parse_bytes("500MB"), Ok(500_000_000));
        assert_eq!(parse_bytes("1.5 GB"), Ok(1_500_000_000));
        assert_eq!(parse_bytes("2GiB"), Ok(2 << 30));
        assert_eq!(parse_bytes("3MiB"), Ok(3 << 20));
        for same in ["500kB", "500KB", "500 kb", "0.5MB", "500000B"] {
            assert_eq!(parse_bytes(same), Ok(500_000), "{same}");
        }
        assert_eq!(parse_bytes("2TB"), Ok(2_000_000_000_000));
        assert_eq!(parse_bytes("1KiB"), Ok(1024));
        assert_eq!(parse_size("1000"), Ok(1000));
        assert_eq!(parse_size("1kB"), Ok(1000));
        assert!(parse_size("1.5").is_err());
        for wrong in [
            "",
            "12",
            "GB",
            "1.2.3GB",
            "-1GB",
            "1TB!",
            "0GB",
            "1 pebibyte",
        ] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
        let told = parse_bytes("3 litres").unwrap_err();
        assert!(
            told.ends_with("units are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"),
            "{told}"
        );
    }
}
