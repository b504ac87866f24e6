//! Picking rows and reading features on the device, where a batch is only numbers of what is stored there.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;
