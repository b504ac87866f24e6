//! The devices of a run: one, or several of one kind that take turns at what there is to do.

use std::fmt;

use super::device::{Device, DeviceError};

/// The devices that a run computes on; at least one, and several only where they are CUDA devices.
///
/// Which of them computed a result makes no difference to it, so that they have one name in keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Devices {
    first: Device,
    others: Vec<Device>,
}

impl Devices {
    /// CUDA devices by their numbers; the processor where there are none.
    pub fn cuda(ordinals: &[usize], tf32: bool) -> Self {
        let mut all = ordinals
            .iter()
            .map(|&ordinal| Device::Cuda { ordinal, tf32 });
        Self {
            first: all.next().unwrap_or_default(),
            others: all.collect(),
        }
    }

    /// All of them, in the order in which they were named.
    pub fn iter(&self) -> impl Iterator<Item = Device> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// The one at a place in that order; beyond the last one they begin again.
    pub fn at(&self, place: usize) -> Device {
        let place = place % (1 + self.others.len());
        self.iter().nth(place).unwrap_or(self.first)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// As [`Device::key_name`], which is the same for all.
    pub fn key_name(&self) -> Option<&'static str> {
        self.first.key_name()
    }

    /// True for CUDA devices.
    pub fn is_cuda(&self) -> bool {
        self.first.is_cuda()
    }
}

/// The processor.
impl Default for Devices {
    fn default() -> Self {
        Device::Cpu.into()
    }
}

impl From<Device> for Devices {
    fn from(first: Device) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }
}

/// As `--device` names them, such as `cuda:0,cuda:2`; then, where products are made in TF32, `, TF32`.
impl fmt::Display for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for device in self.iter().take(self.others.len()) {
            if let Device::Cuda { ordinal, .. } = device {
                write!(f, "cuda:{ordinal},")?;
            }
        }
        self.at(self.others.len()).fmt(f)
    }
}

/// What the maker calls a device, such as `NVIDIA H200`.
///
/// # Errors
/// No driver, no device of that number, or the processor, which this does not know.
pub fn product_name(device: Device) -> Result<String, DeviceError> {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda { ordinal, .. } => super::cuda::device_name(ordinal),
        #[cfg(not(feature = "cuda"))]
        Device::Cuda { .. } => Err(DeviceError::NotBuilt),
        Device::Cpu => Err(DeviceError::NoDevice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_all_numbers_and_keys_none() {
        let shown = [
            (&[][..], false),
            (&[1], true),
            (&[0, 2, 3], false),
            (&[3, 1], true),
        ]
        .map(|(ordinals, tf32)| Devices::cuda(ordinals, tf32))
        .map(|devices| (devices.to_string(), devices.key_name()));
        let expected = [
            ("cpu", None),
            ("cuda:1, TF32", Some("cuda, TF32")),
            ("cuda:0,cuda:2,cuda:3", Some("cuda")),
            ("cuda:3,cuda:1, TF32", Some("cuda, TF32")),
        ];
        assert_eq!(shown, expected.map(|(text, key)| (text.to_owned(), key)));
    }

    #[test]
    fn places_go_round() {
        let devices = Devices::cuda(&[4, 2], false);
        assert_eq!(devices.count(), 2);
        assert_eq!(
            devices.iter().collect::<Vec<_>>(),
            [devices.at(0), devices.at(1)]
        );
        assert_eq!(devices.at(2), devices.at(0));
        assert_eq!(Devices::default().at(5), Device::Cpu);
    }
}
