//! Operations of the network: fast versions, each with the naive one that tests compare it with.

pub mod absolute_error;
pub mod activation;
pub mod class_loss;
pub mod concordance;
pub mod conv_block;
pub mod cross_entropy;
pub mod dense;
pub mod dropout;
pub mod focal;
pub mod gather;
pub mod grad_reverse;
pub mod lstm;
mod regression_loss;
pub mod relu;
pub mod soft_cross_entropy;
pub mod squared_error;
pub mod time_pool;

pub(crate) mod tape_op;
#[cfg(test)]
mod golden_losses;
#[cfg(test)]
pub(crate) mod testing;
