//! The fully connected layer on the device. On the processor it is `dense_tape`.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;
