//! The device that a person names, looked for.

use std::str::FromStr;

use thiserror::Error;

use super::device::{Device, DeviceError};

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

#[cfg(test)]
mod tests {
    use miette::Diagnostic;

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
