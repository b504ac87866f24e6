//! Rates of sampling that are supported.

/// Rates in Hz that recordings may have, and that can be converted from and to. Telephony starts at 8,000 Hz, and no
/// converter of sound is faster than 768,000 Hz: a header that says something else is damaged.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;
