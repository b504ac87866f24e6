//! The driver's functions that cudarc, dfdx and we call.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_void};
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use cudarc::driver::sys::{self, *};

use super::forward::forward;
use super::opening::driver;

/// The numbers of `CUresult`.
const KNOWN: [RangeInclusive<u32>; 15] = [
    0..=8,
    34..=34,
    46..=46,
    100..=102,
    200..=202,
    205..=224,
    300..=304,
    400..=401,
    500..=500,
    600..=600,
    700..=705,
    708..=720,
    800..=810,
    900..=912,
    999..=999,
];

forward! {
    driver, sys -> CUresult, CUresult::CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND, KNOWN, CUresult::CUDA_ERROR_UNKNOWN;

    cuInit(flags: c_uint);
    cuDriverGetVersion(version: *mut c_int);

    cuDeviceGet(device: *mut CUdevice, ordinal: c_int);
    cuDeviceGetAttribute(value: *mut c_int, attribute: CUdevice_attribute, device: CUdevice);
    cuDeviceGetCount(count: *mut c_int);
    cuDeviceGetDefaultMemPool(pool: *mut CUmemoryPool, device: CUdevice);
    cuDeviceGetName(name: *mut c_char, length: c_int, device: CUdevice);
    cuDeviceTotalMem_v2(bytes: *mut usize, device: CUdevice);
    cuDevicePrimaryCtxRelease_v2(device: CUdevice);
    cuDevicePrimaryCtxRetain(context: *mut CUcontext, device: CUdevice);

    cuCtxGetCurrent(context: *mut CUcontext);
    cuCtxSetCurrent(context: CUcontext) => unless_current(context);
    cuCtxSynchronize();

    cuEventCreate(event: *mut CUevent, flags: c_uint);
    cuEventDestroy_v2(event: CUevent);
    cuEventElapsedTime(milliseconds: *mut f32, start: CUevent, end: CUevent);
    cuEventQuery(event: CUevent);
    cuEventRecord(event: CUevent, stream: CUstream);
    cuEventSynchronize(event: CUevent);

    cuStreamCreate(stream: *mut CUstream, flags: c_uint);
    cuStreamDestroy_v2(stream: CUstream);
    cuStreamSynchronize(stream: CUstream);
    cuStreamWaitEvent(stream: CUstream, event: CUevent, flags: c_uint);

    cuMemAlloc_v2(memory: *mut CUdeviceptr, bytes: usize);
    cuMemAllocAsync(memory: *mut CUdeviceptr, bytes: usize, stream: CUstream);
    cuMemFree_v2(memory: CUdeviceptr);
    cuMemFreeAsync(memory: CUdeviceptr, stream: CUstream) => never_failed;
    cuMemFreeHost(memory: *mut c_void);
    cuMemGetInfo_v2(free: *mut usize, total: *mut usize);
    cuMemHostAlloc(memory: *mut *mut c_void, bytes: usize, flags: c_uint);
    cuMemPoolGetAttribute(pool: CUmemoryPool, attribute: CUmemPool_attribute, value: *mut c_void);
    cuMemPoolSetAttribute(pool: CUmemoryPool, attribute: CUmemPool_attribute, value: *mut c_void);
    cuMemPoolTrimTo(pool: CUmemoryPool, bytes: usize);
    cuMemcpyDtoD_v2(to: CUdeviceptr, from: CUdeviceptr, bytes: usize);
    cuMemcpyDtoDAsync_v2(to: CUdeviceptr, from: CUdeviceptr, bytes: usize, stream: CUstream);
    cuMemcpyDtoH_v2(to: *mut c_void, from: CUdeviceptr, bytes: usize);
    cuMemcpyDtoHAsync_v2(to: *mut c_void, from: CUdeviceptr, bytes: usize, stream: CUstream);
    cuMemcpyHtoD_v2(to: CUdeviceptr, from: *const c_void, bytes: usize);
    cuMemcpyHtoDAsync_v2(to: CUdeviceptr, from: *const c_void, bytes: usize, stream: CUstream);
    cuMemsetD8_v2(to: CUdeviceptr, value: c_uchar, bytes: usize);
    cuMemsetD8Async(to: CUdeviceptr, value: c_uchar, bytes: usize, stream: CUstream);

    cuDestroyExternalMemory(memory: CUexternalMemory);
    cuExternalMemoryGetMappedBuffer(
        memory: *mut CUdeviceptr, from: CUexternalMemory, buffer: *const CUDA_EXTERNAL_MEMORY_BUFFER_DESC
    );
    cuImportExternalMemory(memory: *mut CUexternalMemory, from: *const CUDA_EXTERNAL_MEMORY_HANDLE_DESC);

    cuModuleGetFunction(function: *mut CUfunction, module: CUmodule, name: *const c_char);
    cuModuleLoad(module: *mut CUmodule, path: *const c_char);
    cuModuleLoadData(module: *mut CUmodule, image: *const c_void);
    cuModuleUnload(module: CUmodule);

    cuFuncSetAttribute(function: CUfunction, attribute: CUfunction_attribute, value: c_int);
    cuLaunchKernel(
        function: CUfunction, grid_x: c_uint, grid_y: c_uint, grid_z: c_uint, block_x: c_uint, block_y: c_uint,
        block_z: c_uint, shared_bytes: c_uint, stream: CUstream, arguments: *mut *mut c_void, extra: *mut *mut c_void
    );
    cuOccupancyAvailableDynamicSMemPerBlock(
        bytes: *mut usize, function: CUfunction, blocks: c_int, block_size: c_int
    );
    cuOccupancyMaxActiveBlocksPerMultiprocessor(
        blocks: *mut c_int, function: CUfunction, block_size: c_int, shared_bytes: usize
    );
    cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        blocks: *mut c_int, function: CUfunction, block_size: c_int, shared_bytes: usize, flags: c_uint
    );
    cuOccupancyMaxActiveClusters(clusters: *mut c_int, function: CUfunction, config: *const CUlaunchConfig);
    cuOccupancyMaxPotentialBlockSize(
        grid_size: *mut c_int, block_size: *mut c_int, function: CUfunction, shared_bytes_of_size: CUoccupancyB2DSize,
        shared_bytes: usize, limit: c_int
    );
    cuOccupancyMaxPotentialBlockSizeWithFlags(
        grid_size: *mut c_int, block_size: *mut c_int, function: CUfunction, shared_bytes_of_size: CUoccupancyB2DSize,
        shared_bytes: usize, limit: c_int, flags: c_uint
    );
    cuOccupancyMaxPotentialClusterSize(size: *mut c_int, function: CUfunction, config: *const CUlaunchConfig);

    cuProfilerStart();
    cuProfilerStop();
}

thread_local! {
    /// The address of the context that was last made this thread's.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// No failure to make a context this thread's that it already was: it still is, and the error is one of work before,
/// which the next call reports too. cudarc panics where this fails in a drop, and a second panic ends the process.
fn unless_current(context: CUcontext) -> impl Fn(CUresult) -> CUresult {
    move |status| {
        let address = context.addr();
        if status == CUresult::CUDA_SUCCESS {
            CURRENT.set(address);
        } else if address != 0 && CURRENT.get() == address {
            return CUresult::CUDA_SUCCESS;
        }
        status
    }
}

/// No failure to give memory back, as with [`unless_current`].
fn never_failed(_: CUresult) -> CUresult {
    CUresult::CUDA_SUCCESS
}

/// How the driver gives a name or a description of an error.
type Describe = unsafe extern "C" fn(CUresult, *mut *const c_char) -> CUresult;

/// Writes the driver's words to `text`, or words of ours: cudarc panics where there are none.
///
/// # Safety
/// `text` must be valid for a write.
unsafe fn describe(
    found: Option<Describe>,
    error: CUresult,
    text: *mut *const c_char,
    otherwise: &'static CStr,
) -> CUresult {
    // SAFETY: what the caller promises is what the function asks.
    let known = found.map(|function| unsafe { function(error, text) });
    if known != Some(CUresult::CUDA_SUCCESS) {
        // SAFETY: as the caller promises.
        unsafe { text.write(otherwise.as_ptr()) };
    }
    CUresult::CUDA_SUCCESS
}

/// # Safety
/// As [`describe`]. The name is that of the driver's function, which nothing else in this program defines.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorName(error: CUresult, text: *mut *const c_char) -> CUresult {
    const _: Describe = sys::cuGetErrorName;
    static FOUND: OnceLock<Option<Describe>> = OnceLock::new();
    // SAFETY: the type is that of the function.
    let found = FOUND.get_or_init(|| unsafe { super::find(driver(), "cuGetErrorName\0") });
    // SAFETY: as the caller promises.
    unsafe { describe(*found, error, text, c"CUDA_ERROR") }
}

/// # Safety
/// As [`describe`]. The name is that of the driver's function, which nothing else in this program defines.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorString(error: CUresult, text: *mut *const c_char) -> CUresult {
    const _: Describe = sys::cuGetErrorString;
    static FOUND: OnceLock<Option<Describe>> = OnceLock::new();
    // SAFETY: the type is that of the function.
    let found = FOUND.get_or_init(|| unsafe { super::find(driver(), "cuGetErrorString\0") });
    // SAFETY: as the caller promises.
    unsafe { describe(*found, error, text, c"an error without a description") }
}
