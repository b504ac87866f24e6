//! The list of the losses of tasks.

use super::loss::Loss;

/// Every loss, in the order in which `pipe schema` lists them.
pub const LOSSES: &[Loss] = &[
    super::soft_cross_entropy::LOSS,
    super::focal::LOSS,
    super::concordance::LOSS,
    super::squared_error::LOSS,
    super::absolute_error::LOSS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different() {
        for (at, loss) in LOSSES.iter().enumerate() {
            assert!(LOSSES[..at].iter().all(|other| other.name != loss.name));
        }
    }
}
