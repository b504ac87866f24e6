//! The frame of losses on the device: what rows lose, added up, and their slopes. On the processor it is
//! `tape_op::unary`.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;
