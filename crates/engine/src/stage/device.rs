//! The device that some stages compute on, as far as keys, records and the scheduler go.

use std::fmt;

/// One of the accelerators that a plan computes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accelerator {
    /// Its name for people and records, such as `cuda:0`.
    pub name: String,
    /// Its number among the devices that are lent to programs.
    pub number: usize,
}

/// Where the stages of a plan compute that use a device. How one computes there is the domain's affair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name for people and records, such as `cuda:0`, or those of all accelerators.
    pub name: String,
    /// The accelerators, all of one kind: which of them makes a result makes no difference to it. None for the processor.
    pub accelerators: Vec<Accelerator>,
    /// What distinguishes its results from those of the processor in keys; the processor needs nothing.
    pub key_name: Option<&'static str>,
    /// The key names of all kinds of devices that the domain knows, the processor among them.
    pub kinds: &'static [Option<&'static str>],
}

impl Device {
    /// The name of the processor for people and records.
    pub const PROCESSOR: &str = "cpu";

    /// True where it is not the processor: what only waits for it takes no core.
    pub fn is_accelerator(&self) -> bool {
        self.key_name.is_some()
    }

    /// The name of the accelerator at a place, for records; none for the processor.
    pub fn accelerator_name(&self, place: Option<usize>) -> Option<&str> {
        let all = self.is_accelerator().then_some(self.name.as_str());
        let own = place.and_then(|place| self.accelerators.get(place));
        own.map(|own| own.name.as_str()).or(all)
    }
}

/// The processor, in a domain that knows no other.
impl Default for Device {
    fn default() -> Self {
        Self {
            name: Self::PROCESSOR.into(),
            accelerators: Vec::new(),
            key_name: None,
            kinds: &[None],
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
