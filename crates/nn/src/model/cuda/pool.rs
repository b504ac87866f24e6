//! The driver's pool of device memory, from which every array comes and to which it goes back.

use cudarc::driver::sys::{CUdevice_attribute as Attribute, CUmemPool_attribute as Pool};
use cudarc::driver::{result as driver, sys};

use crate::model::DeviceError;

/// Memory is given and taken in the order of the stream, which some virtual cards cannot.
///
/// # Errors
/// [`DeviceError::Failed`] where this one cannot.
pub fn check_memory_pools(ordinal: usize) -> Result<(), DeviceError> {
    let pools = Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED;
    let supported = driver::device::get(ordinal as i32)
        // SAFETY: the device was just given by the driver.
        .and_then(|device| unsafe { driver::device::get_attribute(device, pools) });
    match supported {
        Ok(0) => Err(DeviceError::Failed {
            what: "opening the device".to_string(),
            reason: "it has no memory pools (cuMemAllocAsync)".to_string(),
        }),
        // What is wrong is reported when the device is opened.
        _ => Ok(()),
    }
}

/// The pool that memory comes from, where the driver has one.
fn memory_pool(device: sys::CUdevice) -> Option<sys::CUmemoryPool> {
    let mut pool = std::ptr::null_mut();
    // SAFETY: the call only fills what it is given.
    let found = unsafe { sys::cuDeviceGetDefaultMemPool(&raw mut pool, device) };
    (found == sys::CUresult::CUDA_SUCCESS).then_some(pool)
}

/// Memory that was freed stays with the process: a step asks for the same again and again.
pub fn keep_freed_memory(device: sys::CUdevice) {
    let threshold = Pool::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    let mut all = u64::MAX;
    if let Some(pool) = memory_pool(device) {
        // SAFETY: the attribute is a number of 64 bits; where the call fails, memory is merely slower.
        unsafe { sys::cuMemPoolSetAttribute(pool, threshold, (&raw mut all).cast()) };
    }
}

/// Gives what was freed and is no longer in use back to the device, so that pieces of it can be put together again.
pub fn give_back_freed_memory(device: sys::CUdevice) {
    if let Some(pool) = memory_pool(device) {
        // SAFETY: the pool is the device's; memory in use stays. Where the call fails, all is as it was.
        unsafe { sys::cuMemPoolTrimTo(pool, 0) };
    }
}

/// Memory that was freed and stayed with the process; none where the driver does not say.
pub fn kept_bytes(device: sys::CUdevice) -> usize {
    let count = |attribute| {
        let mut bytes = 0u64;
        // SAFETY: the attributes below are numbers of 64 bits.
        let status = unsafe {
            sys::cuMemPoolGetAttribute(memory_pool(device)?, attribute, (&raw mut bytes).cast())
        };
        (status == sys::CUresult::CUDA_SUCCESS).then_some(bytes as usize)
    };
    let reserved = count(Pool::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT);
    let used = count(Pool::CU_MEMPOOL_ATTR_USED_MEM_CURRENT);
    reserved
        .zip(used)
        .map_or(0, |(reserved, used)| reserved.saturating_sub(used))
}
