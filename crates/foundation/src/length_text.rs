//! Lengths of recordings as people read them.

/// A length in seconds, in the unit that fits: `1.8 s`, `12.5 min`, `5.257 h`.
pub fn length_text(seconds: f64) -> String {
    // A sum of nothing is -0.
    let seconds = seconds.max(0.0) + 0.0;
    if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else if seconds < 3597.0 {
        format!("{:.1} min", seconds / 60.0)
    } else {
        format!("{:.3} h", seconds / 3600.0)
    }
}

#[cfg(test)]
mod tests {
    use super::length_text;

    #[test]
    fn lengths_take_the_unit_that_fits() {
        for (seconds, written) in [
            (-0.0, "0.0 s"),
            (1.8, "1.8 s"),
            (59.96, "1.0 min"),
            (750.0, "12.5 min"),
            (3599.9, "1.000 h"),
            (18_925.2, "5.257 h"),
        ] {
            assert_eq!(length_text(seconds), written);
        }
    }
}
