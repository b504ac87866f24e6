//! The devices that the driver knows: how many they are, and their names.

use std::ffi::CStr;

use cudarc::driver::{result as driver, sys};

use crate::model::DeviceError;

use super::{failure, libraries};

/// Room for a name and the zero at its end, in bytes.
const ROOM: usize = 128;

/// Devices that the driver knows.
///
/// # Errors
/// [`DeviceError::NoDriver`] where there is no driver or it does not start, [`DeviceError::NoDevice`] where it finds
/// none.
pub fn count_devices() -> Result<usize, DeviceError> {
    libraries::check_driver()?;
    let none = |error: driver::DriverError| match error.0 {
        sys::CUresult::CUDA_ERROR_NO_DEVICE => DeviceError::NoDevice,
        _ => DeviceError::NoDriver {
            reason: libraries::with_lacking(failure::name(error)),
        },
    };
    let count = driver::init()
        .and_then(|()| driver::device::get_count())
        .map_err(none)?;
    match usize::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(DeviceError::NoDevice),
    }
}

/// The name of the device with number `ordinal`; "unknown" where the driver has none for it.
///
/// # Errors
/// No driver, or no device of that number.
pub fn device_name(ordinal: usize) -> Result<String, DeviceError> {
    let count = count_devices()?;
    if ordinal >= count {
        return Err(DeviceError::Ordinal {
            asked: ordinal,
            count,
        });
    }
    let device = driver::device::get(ordinal as i32)
        .map_err(|error| failure::to_device_error("looking for the device", &error.into()))?;
    let mut name = [0u8; ROOM];
    // SAFETY: the driver writes at most as many bytes as it is given room for, the last a zero.
    let status = unsafe { sys::cuDeviceGetName(name.as_mut_ptr().cast(), ROOM as i32 - 1, device) };
    let name = CStr::from_bytes_until_nul(&name).ok();
    let name = name.filter(|_| status == sys::CUresult::CUDA_SUCCESS);
    Ok(name.map_or_else(
        || "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    ))
}
