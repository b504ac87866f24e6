//! How a device is opened: context, dfdx's device, cuBLAS, our kernels, one after the other.

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

use cudarc::cublas::{result as cublas, sys as cublas_sys};
use cudarc::driver::CudaDevice;
use cudarc::driver::sys::CUdevice_attribute as Attribute;
use dfdx::tensor::{Cuda, CudaError};
use pipe_foundation::sync::lock;

use crate::model::DeviceError;
use crate::model::cuda::algorithms::Algorithms;
use crate::model::cuda::failure::to_device_error;
use crate::model::cuda::kernels::Kernels;
use crate::model::cuda::pool::{check_memory_pools, keep_freed_memory};
use crate::model::cuda::ring::Ring;
use crate::model::cuda::timeline::Timeline;
use crate::model::cuda::{count_devices, libraries};

use super::Card;

impl Card {
    /// The device with number `ordinal`, opened once for the whole process.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn shared(ordinal: usize, tf32: bool) -> Result<Arc<Self>, DeviceError> {
        static OPEN: Mutex<Vec<(usize, bool, Arc<Card>)>> = Mutex::new(Vec::new());
        let mut open = lock(&OPEN);
        if let Some((.., card)) = open.iter().find(|own| (own.0, own.1) == (ordinal, tf32)) {
            return Ok(Arc::clone(card));
        }
        let card = Self::open(ordinal, tf32)?;
        open.push((ordinal, tf32, Arc::clone(&card)));
        Ok(card)
    }

    /// Opens the device with number `ordinal`; with `tf32`, products round their factors to ten bits of mantissa.
    ///
    /// # Errors
    /// No driver, no such device, a library that is missing, or a device that does not work.
    pub fn open(ordinal: usize, tf32: bool) -> Result<Arc<Self>, DeviceError> {
        let count = count_devices()?;
        if ordinal >= count {
            return Err(DeviceError::Ordinal {
                asked: ordinal,
                count,
            });
        }
        libraries::check_computing()?;
        check_memory_pools(ordinal)?;
        let failed = |what: &'static str| move |error: CudaError| to_device_error(what, &error);
        let open = || -> Result<_, CudaError> {
            let device = CudaDevice::new(ordinal)?;
            let dfdx = Cuda::try_build(ordinal, 0)?;
            let blas = cublas::create_handle()?;
            let capability = 10
                * device.attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?
                + device.attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
            let sms = device.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
            keep_freed_memory(*device.cu_device());
            Ok((device, dfdx, blas, capability, sms))
        };
        let (device, dfdx, blas, capability, sms) = open().map_err(failed("opening the device"))?;
        if tf32 {
            // SAFETY: the handle was just made.
            let status = unsafe {
                cublas_sys::cublasSetMathMode(
                    blas,
                    cublas_sys::cublasMath_t::CUBLAS_TF32_TENSOR_OP_MATH,
                )
            };
            status
                .result()
                .map_err(|error| failed("switching to TF32")(error.into()))?;
        }
        let capability = capability.unsigned_abs() as usize;
        let algorithms = Algorithms::new(tf32, capability).map_err(|error| match error {
            CudaError::Blas(error) => DeviceError::Failed {
                what: "opening cublasLt".to_string(),
                reason: libraries::with_lacking(format!("{error:?}")),
            },
            error => failed("taking memory for cuBLAS")(error),
        })?;
        let (workspace, workspace_bytes) = algorithms.workspace();
        // SAFETY: the handle was just made, and computes in the stream of the algorithms.
        let given = unsafe {
            cublas_sys::cublasSetWorkspace_v2(blas, workspace as *mut c_void, workspace_bytes)
        };
        given
            .result()
            .map_err(|error| failed("giving cuBLAS memory")(error.into()))?;
        let kernels = Kernels::new(capability).map_err(|reason| DeviceError::Failed {
            what: "compiling the kernels".to_string(),
            reason: libraries::with_lacking(reason),
        })?;
        let ring = Ring::new().map_err(|error| to_device_error("pinning host memory", &error))?;
        Ok(Arc::new(Self {
            ordinal,
            device: ManuallyDrop::new(device),
            dfdx: ManuallyDrop::new(dfdx),
            blas,
            algorithms,
            kernels,
            sms: sms.unsigned_abs() as usize,
            at_once: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            turn: Mutex::new(()),
            timeline: Timeline::default(),
            ring: Mutex::new(ring),
            broken: AtomicBool::new(false),
        }))
    }
}
