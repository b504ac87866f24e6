//! Corrects the p-values of one family of comparisons.

use crate::eval::holm;

/// Fills in the corrected p-value of each of a family, given with its own; returns how many there are.
pub(super) fn correct(mut family: Vec<(f64, &mut Option<f64>)>) -> usize {
    let own: Vec<f64> = family.iter().map(|(p, _)| *p).collect();
    for ((_, corrected), found) in family.iter_mut().zip(holm(&own)) {
        **corrected = Some(found);
    }
    own.len()
}
