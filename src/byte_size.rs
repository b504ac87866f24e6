//! Sizes of memory as people write them.

/// Bytes of a size such as `500MB`, `1.5GB` or `8GiB`.
///
/// # Errors
/// What is expected, as a lower-case fragment.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let expected = || "expected a number and a unit, such as 500MB, 1.5GB or 8GiB".to_owned();
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or_else(expected)?;
    let (number, unit) = text.split_at(digits);
    let scale = match unit.trim() {
        "MB" => 1e6,
        "GB" => 1e9,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        _ => return Err(expected()),
    };
    let number: f64 = number.parse().map_err(|_| expected())?;
    if number <= 0.0 {
        return Err("expected more than 0 bytes".to_owned());
    }
    Ok((number * scale) as u64)
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
        for wrong in ["", "12", "GB", "1.2.3GB", "-1GB", "1TB!", "0GB", "1 gb"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
