//! What the driver calls a device.

use std::ffi::CStr;

use cudarc::driver::{result as driver, sys};

use super::{count_devices, failure};
use crate::model::DeviceError;

/// Room for a name and the zero at its end, in bytes.
const ROOM: usize = 128;

/// The name of the device with number `ordinal`; "unknown" where the driver has none for it.
///
/// # Errors
/// As [`count_devices`], or where there is no device of that number.
pub fn device_name(ordinal: usize) -> Result<String, DeviceError> {
    let count = count_devices()?;
    if ordinal >= count {
        return Err(DeviceError::Ordinal {
            asked: ordinal,
            count,
        });
    }
    let device = driver::device::get(ordinal as i32)
        .map_err(|error| failure::tell("looking for the device", &error.into()))?;
    let mut name = [0u8; ROOM];
    // SAFETY: the driver writes at most as many bytes as it is told, the last a zero.
    let status = unsafe { sys::cuDeviceGetName(name.as_mut_ptr().cast(), ROOM as i32 - 1, device) };
    let told = CStr::from_bytes_until_nul(&name).ok();
    let told = told.filter(|_| status == sys::CUresult::CUDA_SUCCESS);
    Ok(told.map_or_else(
        || "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    ))
}
