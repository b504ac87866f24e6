//! The functions of nvrtc, the compiler of CUDA, that cudarc and we call.

use std::ffi::{c_char, c_int};
use std::ops::RangeInclusive;

use cudarc::nvrtc::sys::{self, *};

use super::forward::forward;
use super::opening::nvrtc;

/// The numbers of `nvrtcResult`.
const KNOWN: [RangeInclusive<u32>; 1] = [0..=11];

forward! {
    nvrtc, sys -> nvrtcResult, nvrtcResult::NVRTC_ERROR_INTERNAL_ERROR, KNOWN, nvrtcResult::NVRTC_ERROR_INTERNAL_ERROR;

    nvrtcVersion(major: *mut c_int, minor: *mut c_int);
    nvrtcGetNumSupportedArchs(count: *mut c_int);
    nvrtcGetSupportedArchs(capabilities: *mut c_int);
    nvrtcCreateProgram(
        program: *mut nvrtcProgram, source: *const c_char, name: *const c_char, headers: c_int,
        sources: *const *const c_char, names: *const *const c_char
    );
    nvrtcDestroyProgram(program: *mut nvrtcProgram);
    nvrtcCompileProgram(program: nvrtcProgram, count: c_int, options: *const *const c_char);
    nvrtcGetPTXSize(program: nvrtcProgram, bytes: *mut usize);
    nvrtcGetPTX(program: nvrtcProgram, ptx: *mut c_char);
    nvrtcGetCUBINSize(program: nvrtcProgram, bytes: *mut usize);
    nvrtcGetCUBIN(program: nvrtcProgram, image: *mut c_char);
    nvrtcGetProgramLogSize(program: nvrtcProgram, bytes: *mut usize);
    nvrtcGetProgramLog(program: nvrtcProgram, log: *mut c_char);
}
