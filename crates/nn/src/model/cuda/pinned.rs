//! Memory of the host that stays where it is, so that the device copies from it while the host continues.

use std::ffi::c_void;

use cudarc::driver::{DriverError, sys};
use dfdx::tensor::{CpuError, CudaError};

use super::Pointer;

/// Pinned memory of the host; each call needs the context of its card. Its owner gives it back.
pub struct Pinned {
    start: *mut u8,
    bytes: usize,
}

// SAFETY: the memory belongs to this value, and any thread may use it.
unsafe impl Send for Pinned {}

impl Pinned {
    /// So many bytes that hold anything; at least one.
    ///
    /// # Errors
    /// Where the host has no memory left, or must not pin it: that is not a lack of the device's memory.
    pub fn new(bytes: usize) -> Result<Self, CudaError> {
        let mut start: *mut c_void = std::ptr::null_mut();
        // SAFETY: the driver fills the pointer.
        match unsafe { sys::cuMemHostAlloc(&raw mut start, bytes, 0) }.result() {
            Err(DriverError(sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => {
                return Err(CpuError::OutOfMemory.into());
            }
            other => other?,
        }
        Ok(Self {
            start: start.cast(),
            bytes,
        })
    }

    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes `bytes` bytes of values to the place `at`.
    ///
    /// # Safety
    /// No copy from that place may be under way, and `from` must be the start of that many bytes.
    pub unsafe fn write(&mut self, at: usize, from: *const u8, bytes: usize) {
        assert!(
            at + bytes <= self.bytes,
            "a write past the end of pinned memory"
        );
        // SAFETY: the range was checked, and nothing else points into memory of the driver.
        unsafe { std::ptr::copy_nonoverlapping(from, self.start.add(at), bytes) };
    }

    /// Has `stream` copy `bytes` bytes from the place `at` to the device.
    ///
    /// # Errors
    /// What the driver says, of earlier work too.
    ///
    /// # Safety
    /// There must be so much room at `to`, and the place is not written before the copy is done.
    pub unsafe fn send(
        &self,
        at: usize,
        bytes: usize,
        to: Pointer,
        stream: sys::CUstream,
    ) -> Result<(), DriverError> {
        assert!(
            at + bytes <= self.bytes,
            "a copy past the end of pinned memory"
        );
        // SAFETY: the range was checked; the caller vouches for the target.
        unsafe { sys::cuMemcpyHtoDAsync_v2(to, self.start.add(at).cast(), bytes, stream) }.result()
    }

    /// Gives it back once no copy from it is under way; it is not used after.
    pub fn release(&mut self) {
        let start = std::mem::replace(&mut self.start, std::ptr::null_mut());
        self.bytes = 0;
        if !start.is_null() {
            // SAFETY: given back once.
            let _ = unsafe { sys::cuMemFreeHost(start.cast()) };
        }
    }
}
