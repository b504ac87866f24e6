//! Operations of the network: fast versions, each with the naive one that tests compare it with.

pub mod activation;
pub mod conv_block;
pub mod cross_entropy;
pub mod dense;
pub mod dropout;
pub mod gather;
pub mod grad_reverse;
pub mod lstm;
pub mod relu;
pub mod time_pool;

pub(crate) mod tape_op;
#[cfg(test)]
pub(crate) mod testing;
