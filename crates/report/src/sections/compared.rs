//! What the tables of classes and of numbers have in common: gains, means of folds, and how both are explained.

use crate::document::{Cell, Tone};
use crate::eval::Interval;
use crate::number;

/// What the column with means of folds holds.
pub(super) const MEAN_OF_FOLDS: &str = " Mean of folds: each fold scored alone, with the 95 % interval of their mean \
    (Student's t; a rough guide, since folds share training data).";

/// A gain as it is written, with a star and a colour where it is significant after correction; a dash for none.
pub(super) fn gain_cell(gain: Option<(String, f64)>, p_corrected: Option<f64>) -> Cell {
    let Some((written, gain)) = gain else {
        return Cell::toned(format!("{} ", number::NONE), Tone::Faint);
    };
    let significant = p_corrected.is_some_and(|p| p < 0.05);
    let (mark, tone) = match (significant, gain > 0.0) {
        (true, true) => ("*", Tone::Good),
        (true, false) => ("*", Tone::Bad),
        (false, _) => (" ", Tone::Plain),
    };
    Cell::toned(written + mark, tone)
}

/// The mean over folds and half its interval, as `written` by the table; a dash for none.
pub(super) fn mean_of_folds(
    mean: Option<(f64, Option<Interval>)>,
    written: fn(Option<f64>) -> String,
) -> Cell {
    let Some((mean, interval)) = mean else {
        return Cell::toned(number::NONE, Tone::Faint);
    };
    match interval {
        Some(interval) => {
            let half = (interval.high - mean).max(mean - interval.low);
            format!("{} ±{}", written(Some(mean)), written(Some(half))).into()
        }
        None => written(Some(mean)).into(),
    }
}

/// How the sentence on gains ends, after `comparisons` that were corrected together.
pub(super) fn corrected_for(comparisons: usize) -> String {
    match comparisons {
        0 => ".".to_owned(),
        n => format!(
            "; * marks p < 0.05 after Holm's correction for {}.",
            number::counted(n as u64, "comparison")
        ),
    }
}
