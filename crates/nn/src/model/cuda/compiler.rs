//! From the source of kernels to what the driver loads, by CUDA's run-time compiler.

use std::ffi::CStr;

use cudarc::driver::{result as driver, sys};
use cudarc::nvrtc::result::{
    NvrtcError, compile_program, create_program, destroy_program, get_program_log,
};
use cudarc::nvrtc::sys as nvrtc;

use super::libraries;

/// Compiles `source` for a card of a compute capability such as 90.
///
/// Where the compiler knows the card it makes machine code, which a driver of the same major version loads even if it
/// is older than the compiler. Otherwise it makes PTX for an older card, which the driver translates, and which asks for
/// a driver as new as the compiler.
///
/// # Errors
/// What the compiler says.
pub fn compile(source: &str, capability: usize) -> Result<Vec<u8>, String> {
    let target = target(capability, &targets())?;
    let machine_code = target == capability;
    let kind = if machine_code { "sm" } else { "compute" };
    let failed = |error: NvrtcError| format!("{}: {error:?}", libraries::compiler_name());
    let program = Program(create_program(source).map_err(failed)?);
    // SAFETY: the program was just made.
    let compiled =
        unsafe { compile_program(program.0, &[format!("--gpu-architecture={kind}_{target}")]) };
    compiled.map_err(|error| format!("{}\n{}", failed(error), program.log()))?;
    match machine_code {
        true => program.read(nvrtc::nvrtcGetCUBINSize, nvrtc::nvrtcGetCUBIN),
        // Ends with a NUL.
        false => program.read(nvrtc::nvrtcGetPTXSize, nvrtc::nvrtcGetPTX),
    }
    .map_err(failed)
}

/// A program of the compiler.
struct Program(nvrtc::nvrtcProgram);

impl Program {
    fn log(&self) -> String {
        // SAFETY: the program lives.
        let log = unsafe { get_program_log(self.0) }.unwrap_or_default();
        let log: Vec<u8> = log.into_iter().map(|letter| letter as u8).collect();
        let text = CStr::from_bytes_until_nul(&log).map(CStr::to_string_lossy);
        text.map(|text| text.trim().to_string()).unwrap_or_default()
    }

    /// Reads what was made, by a function that gives its size and one that gives its bytes.
    fn read(
        &self,
        size: unsafe extern "C" fn(nvrtc::nvrtcProgram, *mut usize) -> nvrtc::nvrtcResult,
        bytes: unsafe extern "C" fn(
            nvrtc::nvrtcProgram,
            *mut std::ffi::c_char,
        ) -> nvrtc::nvrtcResult,
    ) -> Result<Vec<u8>, NvrtcError> {
        let mut length = 0;
        // SAFETY: the number is written to a place for it.
        unsafe { size(self.0, &raw mut length) }.result()?;
        let mut image = vec![0u8; length];
        // SAFETY: there is room for as many bytes as were reported.
        unsafe { bytes(self.0, image.as_mut_ptr().cast()) }.result()?;
        Ok(image)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: made once, and not used after.
        let _ = unsafe { destroy_program(self.0) };
    }
}

/// What to compile for: cards run what was made for older ones, so a compiler need not know the newest.
fn target(capability: usize, targets: &[usize]) -> Result<usize, String> {
    let suiting = targets.iter().copied().filter(|&own| own <= capability);
    match (suiting.max(), targets.iter().min()) {
        (Some(target), _) => Ok(target),
        // The compiler does not say; it will where it refuses.
        (None, None) => Ok(capability),
        (None, Some(oldest)) => Err(format!(
            "the GPU has compute capability {}, but {} generates code for {} and above",
            dotted(capability),
            libraries::compiler_name(),
            dotted(*oldest)
        )),
    }
}

fn dotted(capability: usize) -> String {
    format!("{}.{}", capability / 10, capability % 10)
}

/// Compute capabilities that the compiler knows; none where it does not say.
fn targets() -> Vec<usize> {
    let mut count = 0;
    // SAFETY: the number is written to a place for it.
    let status = unsafe { nvrtc::nvrtcGetNumSupportedArchs(&raw mut count) };
    let length = usize::try_from(count).unwrap_or(0);
    if status != nvrtc::nvrtcResult::NVRTC_SUCCESS || length == 0 {
        return Vec::new();
    }
    let mut targets = vec![0; length];
    // SAFETY: there is room for as many numbers as were reported.
    let status = unsafe { nvrtc::nvrtcGetSupportedArchs(targets.as_mut_ptr()) };
    if status != nvrtc::nvrtcResult::NVRTC_SUCCESS {
        return Vec::new();
    }
    let numbers = targets.into_iter().map(usize::try_from);
    numbers.flatten().collect()
}

/// Why the driver does not take what the compiler made.
pub fn refusal(error: driver::DriverError) -> String {
    let version = libraries::driver_version();
    match (error.0, version) {
        (sys::CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION, Some(version)) => format!(
            "the driver supports CUDA {}.{} and rejects code from {}: update the driver, or put libraries of that CUDA or an older one first in LD_LIBRARY_PATH",
            version / 1000,
            version % 1000 / 10,
            libraries::compiler_name()
        ),
        _ => format!("{error:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernels::{SOURCE, names};
    use super::*;

    #[test]
    fn code_is_made_for_the_newest_cards_that_compiler_and_card_know() {
        assert_eq!(target(90, &[75, 80, 90, 100]), Ok(90));
        assert_eq!(target(121, &[75, 80, 120, 90]), Ok(120));
        assert_eq!(target(87, &[80, 86, 89]), Ok(86));
        assert_eq!(target(90, &[]), Ok(90));
        let error = target(70, &[75, 80]).unwrap_err();
        assert!(
            error.contains("capability 7.0,") && error.contains("7.5 and above"),
            "{error}"
        );
    }

    /// Skipped, aloud, where there is no compiler or that of `tests/cuda_emulator`, which makes nothing.
    #[test]
    fn the_compiler_of_cuda_takes_every_kernel_for_every_card() {
        let name = match libraries::compiler() {
            Ok(opened) => &opened.name,
            Err(tried) => return pipe_foundation::test_support::skipped(tried),
        };
        let targets = targets();
        for wanted in [75, 80, 86, 89, 90, 100, 120] {
            let image = compile(&SOURCE, wanted).unwrap();
            if image.starts_with(b"emulated") {
                return eprintln!("not tried: {name} compiles nothing");
            }
            let target = target(wanted, &targets).unwrap();
            let machine_code = image.starts_with(b"\x7fELF");
            assert_eq!(machine_code, target == wanted, "{wanted}");
            let text = String::from_utf8_lossy(&image);
            for kernel in names() {
                let entry = match machine_code {
                    true => format!(".text.{kernel}\0"),
                    false => format!(".visible .entry {kernel}("),
                };
                assert!(text.contains(&entry), "{wanted}: {kernel}");
            }
            let kernels = names().count();
            println!(
                "{name}: {kernels} kernels for compute capability {}",
                dotted(target)
            );
        }
        let unknown = compile(&SOURCE, 10).unwrap_err();
        assert!(unknown.contains("and above"), "{unknown}");
        let error = compile("extern \"C\" __global__ void k() { wrong(); }", 90).unwrap_err();
        assert!(error.contains("wrong"), "{error}");
    }
}
