//! Dates as people read them; UTC, since the machine's time zone is not read.

/// `2026-03-01 12:30:05 UTC` from seconds since 1970, by the civil-from-days algorithm (Howard Hinnant).
pub fn date_text(seconds: u64) -> String {
    let days = (seconds / 86_400) as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// `2026-03-01T12:30:05+00:00`, as ISO 8601 has it.
pub fn iso_date(seconds: u64) -> String {
    let text = date_text(seconds);
    text.replacen(' ', "T", 1).replace(" UTC", "+00:00")
}

/// `2026-03-01 12:30`, for tables that say that it is UTC.
pub fn short_date_text(seconds: u64) -> String {
    date_text(seconds).chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::{date_text, iso_date, short_date_text};

    #[test]
    fn dates_are_those_of_the_date_command() {
        assert_eq!(date_text(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date_text(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(date_text(1_772_368_205), "2026-03-01 12:30:05 UTC");
        assert_eq!(iso_date(1_772_368_205), "2026-03-01T12:30:05+00:00");
        assert_eq!(short_date_text(1_772_368_205), "2026-03-01 12:30");
    }
}
