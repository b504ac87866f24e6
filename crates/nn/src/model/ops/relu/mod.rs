//! Rectified linear units on the device. On the processor they are dfdx's.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;
