//! Times as tables write them, in seconds.

/// Spellings of "no time", without case.
const NO_TIME: [&str; 9] = ["", "nat", "nan", "none", "null", "na", "n/a", "<na>", "-"];

/// Units of a number and their seconds.
const UNITS: [(&str, f64); 9] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("sec", 1.0),
    ("min", 60.0),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// The seconds that `text` means: `1.5`, `1,5`, `1.5s`, `1500ms`, `mm:ss`, `hh:mm:ss.fff`, `0 days 00:00:01.5` as pandas
/// writes differences of times, or `P0DT0H0M1.5S` (ISO 8601). Nothing for an empty text and other spellings of no time.
///
/// # Errors
/// A fragment to follow the name of the column, where it is no time or below 0.
pub(crate) fn seconds(text: &str) -> Result<Option<f64>, String> {
    let text = text.trim();
    if NO_TIME.iter().any(|none| text.eq_ignore_ascii_case(none)) {
        return Ok(None);
    }
    match parse(text) {
        Some(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(Some(seconds.abs())),
        Some(seconds) if seconds < 0.0 => Err(format!("is before 0: {text}")),
        _ => Err(format!(
            "is not a time such as 1.5, 1500ms, 00:01.5 or 0 days 00:00:01.5: {text}"
        )),
    }
}

/// As [`seconds`], of the end of a segment, where -1 means the end of the recording, as in Kaldi.
///
/// # Errors
/// As [`seconds`].
pub(crate) fn end_seconds(text: &str) -> Result<Option<f64>, String> {
    match number(text.trim()) {
        Some(-1.0) => Ok(None),
        _ => seconds(text),
    }
}

/// A length of time as people read it: seconds where it is short, and minutes and seconds otherwise.
pub(crate) fn in_words(seconds: f64) -> String {
    match seconds < 60.0 {
        true => format!("{} s", (seconds * 1e6).round() / 1e6),
        false => {
            let minutes = (seconds / 60.0).floor();
            let rest = ((seconds - minutes * 60.0) * 1e6).round() / 1e6;
            format!("{minutes} min {rest} s")
        }
    }
}

fn parse(text: &str) -> Option<f64> {
    if let Some(seconds) = number(text) {
        return Some(seconds);
    }
    let lower = text.to_lowercase();
    if let Some(duration) = lower.strip_prefix('p') {
        return iso_duration(duration);
    }
    if let Some((days, rest)) = lower.split_once("day") {
        let days = number(days.trim())?;
        let clock = rest.strip_prefix('s').unwrap_or(rest).trim();
        let clock = clock.strip_prefix(['+', ',']).unwrap_or(clock).trim();
        let seconds = match clock.is_empty() {
            true => 0.0,
            false => unsigned_clock(clock)?,
        };
        return Some(days * 86_400.0 + seconds);
    }
    if lower.contains(':') {
        return match lower.strip_prefix('-') {
            Some(clock) => Some(-unsigned_clock(clock)?),
            None => unsigned_clock(&lower),
        };
    }
    let (unit, seconds) = UNITS.iter().find(|(unit, _)| lower.ends_with(unit))?;
    let value = number(lower.strip_suffix(unit)?.trim_end())?;
    // Not multiplied by 0.001: 1.5 s in milliseconds is to be the same number as in seconds.
    Some(match *seconds < 1.0 {
        true => value / (1.0 / seconds).round(),
        false => value * seconds,
    })
}

/// A number, with a comma instead of the point in some languages.
fn number(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || "+-.,eE".contains(c);
    if !text.chars().all(plain) {
        return None;
    }
    match text.split_once(',') {
        Some((_, fraction)) if fraction.contains([',', '.']) => None,
        Some((whole, fraction)) => format!("{whole}.{fraction}").parse().ok(),
        None => text.parse().ok(),
    }
}

/// `mm:ss` or `hh:mm:ss`, with a fraction of seconds.
fn unsigned_clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').map(str::trim).collect();
    let (hours, minutes, seconds) = match parts[..] {
        [minutes, seconds] => ("0", minutes, seconds),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let whole = |part: &str| part.parse::<u32>().ok().map(f64::from);
    let (hours, minutes) = (whole(hours)?, whole(minutes)?);
    let seconds = number(seconds).filter(|seconds| (0.0..60.0).contains(seconds))?;
    // Minutes above 59 are usual without hours.
    let valid = parts.len() == 2 || minutes < 60.0;
    valid.then_some(hours * 3600.0 + minutes * 60.0 + seconds)
}

/// `3dt0h1m2.5s`, what follows the `P` of ISO 8601, in lower case.
fn iso_duration(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    let mut rest = text;
    let mut in_time = false;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('t') {
            (rest, in_time) = (after, true);
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let value = number(&rest[..end])?;
        let unit = match (rest.as_bytes().get(end)?, in_time) {
            (b'd', false) => 86_400.0,
            (b'h', true) => 3600.0,
            (b'm', true) => 60.0,
            (b's', true) => 1.0,
            _ => return None,
        };
        seconds += value * unit;
        rest = &rest[end + 1..];
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_time_in_many_spellings() {
        for text in [
            "1.5",
            "1,5",
            " 1.50 ",
            "15e-1",
            "1.5s",
            "1.5 sec",
            "1500ms",
            "1500 MS",
            "1500000us",
            "00:01.5",
            "0:00:01.5",
            "00:00:01,500",
            "0 days 00:00:01.500000",
            "0 days, 0:00:01.5",
            "P0DT0H0M1.5S",
            "pt1.5s",
        ] {
            assert_eq!(seconds(text), Ok(Some(1.5)), "{text}");
        }
        for text in ["3661", "1:01:01", "61:01", "0 days 01:01:01", "3661 s"] {
            assert_eq!(seconds(text), Ok(Some(3661.0)), "{text}");
        }
        assert_eq!(seconds("1 day 00:00:01"), Ok(Some(86_401.0)));
        assert_eq!(seconds("2 min"), Ok(Some(120.0)));
        assert_eq!(seconds("-0.0").map(|s| s.map(f64::to_bits)), Ok(Some(0)));
    }

    #[test]
    fn no_time_and_an_open_end() {
        for text in ["", " ", "NaT", "nan", "None", "<NA>"] {
            assert_eq!(seconds(text), Ok(None), "{text}");
            assert_eq!(end_seconds(text), Ok(None), "{text}");
        }
        for text in ["-1", "-1.0"] {
            assert_eq!(end_seconds(text), Ok(None), "{text}");
        }
        assert_eq!(end_seconds("2"), Ok(Some(2.0)));
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for text in ["-1", "-0:01", "-1 days +23:59:59", "-1ms"] {
            assert_eq!(seconds(text), Err(format!("is before 0: {text}")));
        }
        for text in [
            "x",
            "inf",
            "1e999",
            "1,000.5",
            "1,2,3",
            "1:2:3:4",
            "1:60",
            "1:60:00",
            "1::2",
            "s",
            "days",
            "p1y",
            "p1m",
            "1.5 hours ago",
            "+:1",
            ":",
        ] {
            let told = seconds(text).unwrap_err();
            assert!(told.starts_with("is not a time"), "{text}: {told}");
        }
    }

    #[test]
    fn lengths_are_reported_in_the_unit_that_fits() {
        assert_eq!(in_words(0.1 + 0.2), "0.3 s");
        assert_eq!(in_words(75.5), "1 min 15.5 s");
    }
}
