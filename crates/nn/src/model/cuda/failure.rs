//! What errors of CUDA mean for the user: too little memory, a device that is of no use any more, or another failure.

use cudarc::cublas::sys as cublas_sys;
use cudarc::driver::{result as driver, sys};
use dfdx::tensor::{CpuError, CudaError};

use crate::model::DeviceError;

use super::libraries;

/// Whether there is too little memory, for us or for cuBLAS.
pub fn is_out_of_memory(error: &CudaError) -> bool {
    match error {
        CudaError::Driver(error) => error.0 == sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY,
        CudaError::Blas(error) => error.0 == cublas_sys::cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED,
        CudaError::Cpu(_) => false,
    }
}

/// What an error means for the user; `what` was being done.
pub fn to_device_error(what: &'static str, error: &CudaError) -> DeviceError {
    if is_out_of_memory(error) {
        return DeviceError::OutOfMemory {
            what: what.to_string(),
            help: "free memory on the device (`nvidia-smi` shows what uses it), or lower `batch`"
                .to_string(),
        };
    }
    let reason = match error {
        CudaError::Driver(error) if is_sticky(error.0) => {
            return DeviceError::Sticky {
                reason: name(*error),
            };
        }
        CudaError::Driver(error) => libraries::with_lacking(name(*error)),
        CudaError::Cpu(CpuError::OutOfMemory) => {
            "the host has no pinned memory left that the device could copy from".to_string()
        }
        error => libraries::with_lacking(error.to_string()),
    };
    DeviceError::Failed {
        what: what.to_string(),
        reason,
    }
}

/// Whether only a new process can use the device again.
fn is_sticky(code: sys::CUresult) -> bool {
    use sys::CUresult as Code;
    matches!(
        code,
        Code::CUDA_ERROR_ILLEGAL_ADDRESS
        | Code::CUDA_ERROR_LAUNCH_TIMEOUT
        | Code::CUDA_ERROR_CONTEXT_IS_DESTROYED
        | Code::CUDA_ERROR_ASSERT
        | Code::CUDA_ERROR_HARDWARE_STACK_ERROR
        | Code::CUDA_ERROR_ILLEGAL_INSTRUCTION
        | Code::CUDA_ERROR_MISALIGNED_ADDRESS
        | Code::CUDA_ERROR_INVALID_ADDRESS_SPACE
        | Code::CUDA_ERROR_INVALID_PC
        | Code::CUDA_ERROR_LAUNCH_FAILED
        | Code::CUDA_ERROR_NVLINK_UNCORRECTABLE
        | Code::CUDA_ERROR_MPS_CLIENT_TERMINATED
        | Code::CUDA_ERROR_ECC_UNCORRECTABLE
        | Code::CUDA_ERROR_EXTERNAL_DEVICE
        // Also what drivers newer than cudarc give: those numbers are of errors that end a process (226, 721).
        | Code::CUDA_ERROR_UNKNOWN
    )
}

/// The driver's own words for an error.
pub fn name(error: driver::DriverError) -> String {
    let known = error.error_string().ok();
    known.and_then(|text| text.to_str().ok()).map_or_else(
        || format!("{error:?}"),
        |text| format!("{text} ({:?})", error.0),
    )
}
