//! Where training and evaluation compute: the processor, or a CUDA device.

use std::fmt;

use miette::Diagnostic;
use thiserror::Error;

/// Where training and evaluation compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// A CUDA device.
    Cuda {
        /// Its number, from 0, as the driver counts.
        ordinal: usize,
        /// Whether products are made in TF32: faster, and with 10 bits of mantissa instead of 23.
        tf32: bool,
    },
}

impl Device {
    /// [`Device::key_name`] of all kinds of devices.
    pub const KEY_NAMES: [Option<&str>; 3] = [None, Some("cuda"), Some("cuda, TF32")];

    /// What distinguishes its results from those of the processor in keys; the processor needs nothing.
    ///
    /// The number is left out: which of several devices computed does not matter for a result.
    pub fn key_name(self) -> Option<&'static str> {
        match self {
            Self::Cpu => None,
            Self::Cuda { tf32: false, .. } => Some("cuda"),
            Self::Cuda { tf32: true, .. } => Some("cuda, TF32"),
        }
    }

    /// True for a CUDA device.
    pub fn is_cuda(self) -> bool {
        matches!(self, Self::Cuda { .. })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda { ordinal, tf32 } => {
                write!(f, "cuda:{ordinal}")?;
                f.write_str(if *tf32 { ", TF32" } else { "" })
            }
        }
    }
}

/// Why a device cannot be used, or failed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum DeviceError {
    /// The program was built without CUDA.
    #[error("this build of pipe has no CUDA support, but a CUDA device was requested")]
    #[diagnostic(
        code(device::not_built),
        help(
            "build it with `cargo build --release --features cuda`, or compute with --device cpu"
        )
    )]
    NotBuilt,
    /// TF32 was asked of the processor.
    #[error("--tf32 is for CUDA devices, but the device is cpu")]
    #[diagnostic(
        code(device::tf32),
        help("add --device cuda or --device auto, or leave out --tf32")
    )]
    Tf32,
    /// There is no driver, or not a usable one.
    #[error("the CUDA driver cannot be used: {reason}")]
    #[diagnostic(
        code(device::no_driver),
        help(
            "install NVIDIA's driver, 580 or newer for CUDA 13, 525 or newer for CUDA 12, and check that `nvidia-smi` works; or compute with --device cpu"
        )
    )]
    NoDriver {
        /// What was found, or what was tried.
        reason: String,
    },
    /// A library that computes on the device is missing.
    #[error("cannot open {what} of CUDA: {reason}")]
    #[diagnostic(
        code(device::no_library),
        help(
            "install the runtime libraries of the CUDA toolkit 12 or 13, or the Python wheels `nvidia-cublas` and `nvidia-cuda-nvrtc`, and add their folders to LD_LIBRARY_PATH; or compute with --device cpu"
        )
    )]
    NoLibrary {
        /// The library.
        what: &'static str,
        /// What was tried.
        reason: String,
    },
    /// The driver sees no device.
    #[error("the CUDA driver sees no device")]
    #[diagnostic(
        code(device::no_device),
        help(
            "check `nvidia-smi` and the environment variable CUDA_VISIBLE_DEVICES, or compute with --device cpu"
        )
    )]
    NoDevice,
    /// There is no device of that number.
    #[error("there is no device cuda:{asked}: the CUDA driver sees {count}, counted from 0")]
    #[diagnostic(
        code(device::ordinal),
        help("{}", match count {
            1 => "use cuda:0, or cuda".to_string(),
            _ => format!("use one from cuda:0 to cuda:{}", count.saturating_sub(1)),
        })
    )]
    Ordinal {
        /// The number that was asked for.
        asked: usize,
        /// How many devices there are.
        count: usize,
    },
    /// The device has too little memory.
    #[error("the CUDA device has no memory left for {what}")]
    #[diagnostic(code(device::out_of_memory), help("{help}"))]
    OutOfMemory {
        /// What the memory was for.
        what: String,
        /// What to do.
        help: String,
    },
    /// A call of CUDA failed.
    #[error("{what} failed on the CUDA device: {reason}")]
    #[diagnostic(
        code(device::failed),
        help("run the same command again; if it fails again, compute with --device cpu")
    )]
    Failed {
        /// What was to be done.
        what: String,
        /// What CUDA said.
        reason: String,
    },
    /// The device is in an error state that lasts as long as the process.
    #[error("the CUDA device is in an error state that only a new process clears: {reason}")]
    #[diagnostic(
        code(device::sticky),
        help(
            "nothing half-written was kept; run the same command again, and trainings resume from their last checkpoint"
        )
    )]
    Sticky {
        /// What CUDA said.
        reason: String,
    },
}

impl DeviceError {
    /// Whether it is the device that cannot go on, so that the same work may succeed on another.
    pub fn is_of_the_device(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Sticky { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_the_number_and_keys_do_not() {
        let device = |ordinal, tf32| Device::Cuda { ordinal, tf32 };
        let shown = [Device::Cpu, device(0, false), device(3, true)]
            .map(|device| (device.to_string(), device.key_name()));
        let expected = [
            ("cpu", None),
            ("cuda:0", Some("cuda")),
            ("cuda:3, TF32", Some("cuda, TF32")),
        ];
        assert_eq!(shown, expected.map(|(text, key)| (text.to_owned(), key)));
    }
}
