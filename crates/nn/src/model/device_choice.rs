//! The devices that a person names, looked for.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::device::DeviceError;
use super::devices::Devices;

/// The devices as a person names them, which need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The processor.
    Cpu,
    /// CUDA devices, by their numbers from 0, each once.
    Cuda {
        /// Their numbers, in the order in which they were named.
        ordinals: Vec<usize>,
    },
    /// All CUDA devices.
    AllCuda,
    /// The first CUDA device, or the processor where there is none.
    Auto,
}

/// A text that names no devices.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnknownDevice {
    /// It is no name of any.
    #[error(
        "unknown device `{0}`; expected cpu, cuda, cuda:N such as cuda:1, a list such as cuda:0,cuda:2, cuda:all, or auto"
    )]
    Name(String),
    /// It names one twice.
    #[error("cuda:{0} is named twice; name each device once")]
    Twice(usize),
    /// Something in a list is another kind of device.
    #[error(
        "`{0}` cannot be in a list; a list names CUDA devices by number, such as cuda:0,cuda:2"
    )]
    NotInList(String),
}

impl FromStr for DeviceChoice {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "auto" => Ok(Self::Auto),
            "cuda:all" => Ok(Self::AllCuda),
            _ => {
                let mut ordinals = Vec::new();
                for name in text.split(',') {
                    let ordinal = match name {
                        "cpu" | "auto" | "cuda:all" => {
                            return Err(UnknownDevice::NotInList(name.to_owned()));
                        }
                        _ => {
                            ordinal_of(name).ok_or_else(|| UnknownDevice::Name(text.to_owned()))?
                        }
                    };
                    if ordinals.contains(&ordinal) {
                        return Err(UnknownDevice::Twice(ordinal));
                    }
                    ordinals.push(ordinal);
                }
                Ok(Self::Cuda { ordinals })
            }
        }
    }
}

/// A name that is read as the same choice.
impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Auto => f.write_str("auto"),
            Self::AllCuda => f.write_str("cuda:all"),
            Self::Cuda { ordinals } => {
                let names: Vec<String> = ordinals.iter().map(|n| format!("cuda:{n}")).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

/// The number of the CUDA device with this name.
fn ordinal_of(name: &str) -> Option<usize> {
    if name == "cuda" {
        return Some(0);
    }
    let digits = name.strip_prefix("cuda:")?;
    // A sign would be parsed too.
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

impl DeviceChoice {
    /// The devices to compute on, which exist.
    ///
    /// # Errors
    /// When one of them or a library they need is missing, or when `tf32` is asked of the processor.
    pub fn resolve(&self, tf32: bool) -> Result<Devices, DeviceError> {
        let devices = self.resolve_among(tf32, count_devices)?;
        if devices.is_cuda() {
            check_libraries()?;
        }
        Ok(devices)
    }

    /// The devices as keys know them, for looking at results: CUDA devices that are named need not exist, nor the
    /// libraries they compute with.
    ///
    /// # Errors
    /// When `tf32` is asked of the processor, or when `auto` cannot be decided.
    pub fn resolve_for_keys(&self, tf32: bool) -> Result<Devices, DeviceError> {
        match self {
            Self::Cuda { ordinals } => Ok(Devices::cuda(ordinals, tf32)),
            Self::AllCuda => {
                let count = count_devices().unwrap_or(1).max(1);
                Ok(all(count, tf32))
            }
            Self::Cpu | Self::Auto => self.resolve_among(tf32, count_devices),
        }
    }

    fn resolve_among(
        &self,
        tf32: bool,
        count: impl FnOnce() -> Result<usize, DeviceError>,
    ) -> Result<Devices, DeviceError> {
        match self {
            Self::Cpu if tf32 => Err(DeviceError::Tf32),
            Self::Cpu => Ok(Devices::default()),
            Self::Cuda { ordinals } => {
                let count = count()?;
                match ordinals.iter().find(|&&ordinal| ordinal >= count) {
                    _ if count == 0 => Err(DeviceError::NoDevice),
                    None => Ok(Devices::cuda(ordinals, tf32)),
                    Some(&asked) => Err(DeviceError::Ordinal { asked, count }),
                }
            }
            Self::AllCuda => match count()? {
                0 => Err(DeviceError::NoDevice),
                count => Ok(all(count, tf32)),
            },
            Self::Auto => match count() {
                Ok(0)
                | Err(
                    DeviceError::NotBuilt | DeviceError::NoDriver { .. } | DeviceError::NoDevice,
                ) => Ok(Devices::default()),
                Ok(_) => Ok(Devices::cuda(&[0], tf32)),
                Err(error) => Err(error),
            },
        }
    }
}

/// The first `count` CUDA devices.
fn all(count: usize, tf32: bool) -> Devices {
    let ordinals: Vec<usize> = (0..count).collect();
    Devices::cuda(&ordinals, tf32)
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

    fn cuda(ordinals: &[usize]) -> DeviceChoice {
        DeviceChoice::Cuda {
            ordinals: ordinals.to_vec(),
        }
    }

    #[test]
    fn devices_are_read_as_they_are_named() {
        for (text, expected) in [
            ("cpu", DeviceChoice::Cpu),
            ("cuda", cuda(&[0])),
            ("cuda:0", cuda(&[0])),
            ("cuda:12", cuda(&[12])),
            ("cuda:2,cuda:0", cuda(&[2, 0])),
            ("cuda,cuda:1", cuda(&[0, 1])),
            ("cuda:all", DeviceChoice::AllCuda),
            ("auto", DeviceChoice::Auto),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        let too_large = format!("cuda:1{}", usize::MAX);
        for text in [
            "",
            "quantum",
            "CPU",
            "cuda:",
            "cuda:+1",
            "cuda:-1",
            "cuda:one",
            "cuda1",
            &too_large,
            "cuda:0,",
            "cuda:0,1",
            "cuda:0, cuda:1",
        ] {
            let error = text.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
            assert!(error.contains("cpu, cuda, cuda:N"), "{error}");
        }
    }

    #[test]
    fn a_list_has_each_cuda_device_once_and_nothing_else() {
        for text in ["cuda:0,cuda:0", "cuda,cuda:1,cuda:0"] {
            assert_eq!(
                text.parse::<DeviceChoice>(),
                Err(UnknownDevice::Twice(0)),
                "{text}"
            );
        }
        for other in ["cpu", "auto", "cuda:all"] {
            let error = format!("cuda:0,{other}").parse::<DeviceChoice>();
            assert_eq!(error, Err(UnknownDevice::NotInList(other.to_owned())));
        }
    }

    #[test]
    fn a_device_that_is_not_there_is_refused_with_what_is_there() {
        let there = Devices::cuda(&[1], true);
        assert_eq!(cuda(&[1]).resolve_among(true, || Ok(2)), Ok(there.clone()));
        let refused = |ordinals: &[usize], count| cuda(ordinals).resolve_among(false, || Ok(count));
        assert_eq!(refused(&[0], 0), Err(DeviceError::NoDevice));
        let expected = DeviceError::Ordinal { asked: 2, count: 2 };
        assert_eq!(refused(&[0, 2], 2), Err(expected.clone()));
        let error = refused(&[2], 2).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(
            error.help().unwrap().to_string(),
            "use one from cuda:0 to cuda:1"
        );
        assert_eq!(cuda(&[1]).resolve_for_keys(true), Ok(there));
    }

    #[test]
    fn all_are_as_many_as_there_are() {
        let all = |count| DeviceChoice::AllCuda.resolve_among(false, || Ok(count));
        assert_eq!(all(3), Ok(Devices::cuda(&[0, 1, 2], false)));
        assert_eq!(all(0), Err(DeviceError::NoDevice));
    }

    #[test]
    fn the_processor_asks_no_driver_and_knows_no_tf32() {
        let count = || panic!("the driver was asked");
        let cpu = DeviceChoice::Cpu;
        assert_eq!(cpu.resolve_among(false, count), Ok(Devices::default()));
        assert_eq!(cpu.resolve_among(true, count), Err(DeviceError::Tf32));
        assert_eq!(cpu.resolve_for_keys(true), Err(DeviceError::Tf32));
    }

    #[test]
    fn auto_takes_the_first_device_or_the_processor() {
        let auto = DeviceChoice::Auto;
        let first = Devices::cuda(&[0], false);
        assert_eq!(auto.resolve_among(false, || Ok(4)), Ok(first));
        let no_driver = DeviceError::NoDriver {
            reason: "no libcuda".into(),
        };
        let none = [DeviceError::NotBuilt, no_driver, DeviceError::NoDevice];
        for absent in none.map(Err).into_iter().chain([Ok(0)]) {
            assert_eq!(auto.resolve_among(true, || absent), Ok(Devices::default()));
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
        let error = cuda(&[0]).resolve(false);
        let error = error.unwrap_err();
        assert_eq!(error, DeviceError::NotBuilt);
        let help = error.help().unwrap().to_string();
        assert!(help.contains("cargo build --release --features cuda"));
        assert_eq!(DeviceChoice::Auto.resolve(true), Ok(Devices::default()));
    }
}
