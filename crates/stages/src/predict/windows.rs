//! How a recording is cut into windows, each predicted as a recording of its own.

use miette::Diagnostic;
use thiserror::Error;

/// Windows of one length at one distance, in samples.
///
/// They start at 0, hop, 2 hop and so on, as long as they are wholly within the recording. Where samples are left at
/// its end, and windows leave no gaps, one more window is moved back so that it ends with the recording. A recording no
/// longer than one window is one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    length: usize,
    hop: usize,
}

/// Lengths that make no windows.
#[derive(Debug, Error, Diagnostic, PartialEq)]
#[error("{option} {seconds} s is not valid: {reason}")]
#[diagnostic(
    code(predict::windows),
    help("give a length in seconds, such as {option} 2.5")
)]
pub struct WindowError {
    /// The option.
    pub option: &'static str,
    /// Its value.
    pub seconds: f64,
    /// What is wrong.
    pub reason: String,
}

impl Windows {
    /// Windows of `length_s` every `hop_s` seconds, of at least `shortest` samples, at a rate.
    ///
    /// # Errors
    /// A length that is not a number, too short, or longer than 10,000 hours.
    pub fn new(
        length_s: f64,
        hop_s: f64,
        rate_hz: u32,
        shortest: usize,
    ) -> Result<Self, WindowError> {
        let samples = |option: &'static str, seconds: f64, least: usize| {
            let fail = |reason: String| WindowError {
                option,
                seconds,
                reason,
            };
            // Written so that NaN is refused as well.
            if !(seconds > 0.0 && seconds <= 3.6e7) {
                return Err(fail("expected more than 0, and at most 36000000".into()));
            }
            let samples = (seconds * f64::from(rate_hz)).round() as usize;
            if samples < least {
                let least_s = least as f64 / f64::from(rate_hz);
                return Err(fail(format!("the minimum is {least_s} s for this model")));
            }
            Ok(samples)
        };
        Ok(Self {
            length: samples("--window-s", length_s, shortest.max(1))?,
            hop: samples("--hop-s", hop_s, 1)?,
        })
    }

    /// Samples of a window.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Number of windows in a recording of `len` samples.
    pub fn count(&self, len: usize) -> usize {
        match len.checked_sub(self.length) {
            None => 1,
            Some(rest) => 1 + rest / self.hop + usize::from(self.has_tail(rest)),
        }
    }

    /// Samples of the window at `index`, from 0.
    pub fn range(&self, len: usize, index: usize) -> std::ops::Range<usize> {
        let Some(last) = len.checked_sub(self.length) else {
            return 0..len;
        };
        let start = index.saturating_mul(self.hop).min(last);
        start..start + self.length
    }

    /// Whether regular windows leave samples at the end, `rest` samples beyond the first window.
    fn has_tail(&self, rest: usize) -> bool {
        self.hop <= self.length && !rest.is_multiple_of(self.hop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranges(length: usize, hop: usize, len: usize) -> Vec<std::ops::Range<usize>> {
        let windows = Windows { length, hop };
        (0..windows.count(len))
            .map(|index| windows.range(len, index))
            .collect()
    }

    #[test]
    fn the_last_window_ends_with_the_recording() {
        assert_eq!(ranges(4, 2, 8), [0..4, 2..6, 4..8]);
        assert_eq!(ranges(4, 2, 9), [0..4, 2..6, 4..8, 5..9]);
        for len in [1, 3, 4] {
            let only = ranges(4, 4, len);
            assert_eq!((only.len(), only[0].clone()), (1, 0..len));
        }
        assert_eq!(ranges(4, 4, 5), [0..4, 1..5]);
        assert_eq!(ranges(2, 5, 9), [0..2, 5..7]);
    }

    #[test]
    fn lengths_are_seconds() {
        let windows = Windows::new(0.5, 0.25, 16_000, 400).unwrap();
        assert_eq!((windows.length, windows.hop), (8000, 4000));
        for (length_s, hop_s) in [
            (0.0, 1.0),
            (-1.0, 1.0),
            (f64::NAN, 1.0),
            (f64::INFINITY, 1.0),
            (0.02, 1.0),
            (1.0, 0.0),
            (1.0, 1e-9),
        ] {
            assert!(Windows::new(length_s, hop_s, 16_000, 400).is_err());
        }
    }

    proptest! {
        #[test]
        fn windows_without_gaps_cover_everything(length in 1usize..50, hop in 1usize..50, len in 1usize..200) {
            let all = ranges(length, hop, len);
            prop_assert!(all.iter().all(|r| r.end <= len && r.len() == length.min(len)));
            prop_assert!(all.windows(2).all(|pair| pair[0].start < pair[1].start));
            if hop <= length {
                prop_assert!(all.windows(2).all(|pair| pair[1].start <= pair[0].end));
                prop_assert_eq!(all.last().map(|r| r.end), Some(len));
            }
        }
    }
}
