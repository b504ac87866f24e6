//! The C functions of CUDA that cudarc declares, forwarded to libraries that are opened when one is first called.
//!
//! So the program is built without CUDA and starts without it, and a missing library is an error like others: its
//! functions give an error code, and [`check_driver`] and [`check_computing`] say what is missing.

mod cublas;
mod cublaslt;
mod driver;
mod forward;
mod nvrtc;
mod opening;

use std::sync::Mutex;

use pipe_foundation::sync::lock;

use crate::model::DeviceError;
use opening::Found;

pub use opening::{driver_version, nvrtc as compiler};

/// Functions that were called and that an opened library does not have.
static LACKING: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The function called `name`, which ends with a NUL; none where its library is missing or has no such function.
///
/// # Safety
/// `F` must be a pointer to a C function of the signature that `name` has.
unsafe fn find<F: Copy>(library: &Found, name: &'static str) -> Option<F> {
    let opened = library.as_ref().ok()?;
    // SAFETY: as the caller promises.
    let function = unsafe { opened.library.get::<F>(name) };
    if function.is_err() {
        let message = format!("{} has no {}", opened.name, name.trim_end_matches('\0'));
        let mut lacking = lock(&LACKING);
        lacking.push(message);
    }
    function.ok().map(|function| *function)
}

/// What CUDA said, and functions that were called in vain: their calls end with a code that says nothing of them.
pub fn with_lacking(reason: String) -> String {
    let lacking = lock(&LACKING);
    match lacking.as_slice() {
        [] => reason,
        lacking => format!("{reason} ({})", lacking.join(", ")),
    }
}

/// Checks that the driver's library can be opened.
///
/// # Errors
/// [`DeviceError::NoDriver`] with what was tried.
pub fn check_driver() -> Result<(), DeviceError> {
    match opening::driver() {
        Ok(_) => Ok(()),
        Err(tried) => Err(DeviceError::NoDriver {
            reason: tried.clone(),
        }),
    }
}

/// Checks that cuBLAS and the compiler of kernels can be opened.
///
/// # Errors
/// [`DeviceError::NoLibrary`] with what was tried.
pub fn check_computing() -> Result<(), DeviceError> {
    let (what, reason) = match (opening::cublas(), opening::nvrtc()) {
        (Ok(_), Ok(_)) => return Ok(()),
        (Err(tried), Ok(_)) => ("cuBLAS", tried.clone()),
        (Ok(_), Err(tried)) => ("nvrtc", tried.clone()),
        (Err(one), Err(other)) => ("cuBLAS and nvrtc", format!("{one}; {other}")),
    };
    Err(DeviceError::NoLibrary { what, reason })
}

/// File name of the compiler, where it was found.
pub fn compiler_name() -> &'static str {
    let found = compiler().as_ref();
    found.map_or("nvrtc", |opened| opened.name.as_str())
}
