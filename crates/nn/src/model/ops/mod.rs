//! Operations of the network: fast versions, each with the naive one that tests compare it with.

pub mod absolute_error;
pub mod class_loss;
pub mod concordance;
pub mod coral;
pub mod cross_entropy;
pub mod dense;
pub mod dropout;
pub mod entropy_weights;
pub mod focal;
pub mod gather;
pub mod grad_reverse;
mod group_penalty;
pub mod loss;
pub mod losses;
pub mod mmd;
pub mod multilinear_map;
mod regression_loss;
pub mod relu;
pub mod row_loss;
pub mod soft_cross_entropy;
pub mod squared_error;

pub(crate) mod tape_op;
#[cfg(test)]
mod golden_case;
#[cfg(test)]
mod golden_losses;
#[cfg(test)]
mod golden_penalties;
