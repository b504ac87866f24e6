//! Where training and evaluation compute: the processor, or a CUDA device.

use std::fmt;
use std::str::FromStr;

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

/// The device as a person names it, which need not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The processor.
    Cpu,
    /// A CUDA device.
    Cuda {
        /// Its number, from 0.
        ordinal: usize,
    },
    /// The first CUDA device, or the processor where there is none.
    Auto,
}

/// A text that names no device.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown device `{0}`; expected cpu, cuda, cuda:N such as cuda:1, or auto")]
pub struct UnknownDevice(String);

impl FromStr for DeviceChoice {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        let unknown = || UnknownDevice(text.to_owned());
        match text {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda { ordinal: 0 }),
            "auto" => Ok(Self::Auto),
            _ => {
                let digits = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                // A sign would be parsed too.
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(unknown());
                }
                let ordinal = digits.parse().map_err(|_| unknown())?;
                Ok(Self::Cuda { ordinal })
            }
        }
    }
}

impl DeviceChoice {
    /// The device to compute on, which exists.
    ///
    /// # Errors
    /// When it or a library it needs is missing, or when `tf32` is asked of the processor.
    pub fn resolve(self, tf32: bool) -> Result<Device, DeviceError> {
        let device = self.resolve_among(tf32, count_devices)?;
        if device.is_cuda() {
            check_libraries()?;
        }
        Ok(device)
    }

    /// The device as keys know it, for looking at results: a CUDA device that is named need not exist, nor the
    /// libraries it computes with.
    ///
    /// # Errors
    /// When `tf32` is asked of the processor, or when `auto` cannot be decided.
    pub fn resolve_for_keys(self, tf32: bool) -> Result<Device, DeviceError> {
        match self {
            Self::Cuda { ordinal } => Ok(Device::Cuda { ordinal, tf32 }),
            Self::Cpu | Self::Auto => self.resolve_among(tf32, count_devices),
        }
    }

    fn resolve_among(
        self,
        tf32: bool,
        count: impl FnOnce() -> Result<usize, DeviceError>,
    ) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu if tf32 => Err(DeviceError::Tf32),
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda { ordinal } => match count()? {
                0 => Err(DeviceError::NoDevice),
                count if ordinal < count => Ok(Device::Cuda { ordinal, tf32 }),
                count => Err(DeviceError::Ordinal {
                    asked: ordinal,
                    count,
                }),
            },
            Self::Auto => match count() {
                Ok(0)
                | Err(
                    DeviceError::NotBuilt | DeviceError::NoDriver { .. } | DeviceError::NoDevice,
                ) => Ok(Device::Cpu),
                Ok(_) => Ok(Device::Cuda { ordinal: 0, tf32 }),
                Err(error) => Err(error),
            },
        }
    }
}

/// How many CUDA devices the driver sees.
#[cfg(feature = "cuda")]
fn count_devices() -> Result<usize, DeviceError> {
    super::cuda::count_devices()
}

/// How many CUDA devices the driver sees; this build cannot ask it.
#[cfg(not(feature = "cuda"))]
fn count_devices() -> Result<usize, DeviceError> {
    Err(DeviceError::NotBuilt)
}

/// Checks that the libraries exist which a CUDA device computes with.
#[cfg(feature = "cuda")]
fn check_libraries() -> Result<(), DeviceError> {
    super::cuda::check_computing()
}

/// Checks that the libraries exist which a CUDA device computes with; this build knows none.
#[cfg(not(feature = "cuda"))]
fn check_libraries() -> Result<(), DeviceError> {
    Err(DeviceError::NotBuilt)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_they_are_named() {
        for (text, expected) in [
            ("cpu", DeviceChoice::Cpu),
            ("cuda", DeviceChoice::Cuda { ordinal: 0 }),
            ("cuda:0", DeviceChoice::Cuda { ordinal: 0 }),
            ("cuda:12", DeviceChoice::Cuda { ordinal: 12 }),
            ("auto", DeviceChoice::Auto),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        let too_large = format!("cuda:1{}", usize::MAX);
        for text in [
            "", "quantum", "CPU", "cuda:", "cuda:+1", "cuda:-1", "cuda:one", "cuda1", &too_large,
        ] {
            let error = text.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
            assert!(error.contains("cpu, cuda, cuda:N"), "{error}");
        }
    }

    #[test]
    fn a_device_that_is_not_there_is_refused_with_what_is_there() {
        let cuda = |ordinal| DeviceChoice::Cuda { ordinal };
        let there = Device::Cuda {
            ordinal: 1,
            tf32: true,
        };
        assert_eq!(cuda(1).resolve_among(true, || Ok(2)), Ok(there));
        let refused = |ordinal, count| cuda(ordinal).resolve_among(false, || Ok(count));
        assert_eq!(refused(0, 0), Err(DeviceError::NoDevice));
        let error = refused(2, 2).unwrap_err();
        assert_eq!(error, DeviceError::Ordinal { asked: 2, count: 2 });
        assert_eq!(
            error.help().unwrap().to_string(),
            "use one from cuda:0 to cuda:1"
        );
        assert_eq!(cuda(1).resolve_for_keys(true), Ok(there));
    }

    #[test]
    fn the_processor_asks_no_driver_and_knows_no_tf32() {
        let count = || panic!("the driver was asked");
        let cpu = DeviceChoice::Cpu;
        assert_eq!(cpu.resolve_among(false, count), Ok(Device::Cpu));
        assert_eq!(cpu.resolve_among(true, count), Err(DeviceError::Tf32));
        assert_eq!(cpu.resolve_for_keys(true), Err(DeviceError::Tf32));
    }

    #[test]
    fn auto_takes_the_first_device_or_the_processor() {
        let first = Device::Cuda {
            ordinal: 0,
            tf32: false,
        };
        let auto = DeviceChoice::Auto;
        assert_eq!(auto.resolve_among(false, || Ok(4)), Ok(first));
        let no_driver = DeviceError::NoDriver {
            reason: "no libcuda".into(),
        };
        let none = [DeviceError::NotBuilt, no_driver, DeviceError::NoDevice];
        for absent in none.map(Err).into_iter().chain([Ok(0)]) {
            assert_eq!(auto.resolve_among(true, || absent), Ok(Device::Cpu));
        }
        // A device that exists and is broken is not passed over in silence.
        let broken = DeviceError::Sticky {
            reason: "illegal address".into(),
        };
        let found = auto.resolve_among(false, || Err(broken.clone()));
        assert_eq!(found, Err(broken));
    }

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

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_build_without_cuda_says_how_to_build_it() {
        let error = DeviceChoice::Cuda { ordinal: 0 }.resolve(false);
        let error = error.unwrap_err();
        assert_eq!(error, DeviceError::NotBuilt);
        let help = error.help().unwrap().to_string();
        assert!(help.contains("cargo build --release --features cuda"));
        assert_eq!(DeviceChoice::Auto.resolve(true), Ok(Device::Cpu));
    }
}
