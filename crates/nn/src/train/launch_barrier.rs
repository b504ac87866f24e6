//! Trainings that were started for a CUDA device and have not reached it yet: those that have wait for them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;

use pipe_foundation::sync::lock;

use crate::model::Device;

/// Announced and not arrived yet, by the number of the device.
static EXPECTED: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

thread_local! {
    static OWN: RefCell<Option<LaunchBarrier>> = const { RefCell::new(None) };
}

/// A training on its way to a device; it is no longer expected there once this is dropped.
///
/// Trainings that are announced before the first of them starts take their first step together, so that which ones
/// compute side by side does not depend on who was faster.
pub struct LaunchBarrier {
    ordinal: usize,
}

impl LaunchBarrier {
    /// Makes the trainings at the device wait for one more; none where that is the processor.
    pub fn announce(device: Device) -> Option<Self> {
        let Device::Cuda { ordinal, .. } = device else {
            return None;
        };
        *lock(&EXPECTED).entry(ordinal).or_default() += 1;
        Some(Self { ordinal })
    }

    /// Leaves it with this thread, whose training takes it; where there is none, the thread's end drops it.
    pub fn carry(self) {
        OWN.with(|own| own.replace(Some(self)));
    }

    /// What this thread carries.
    pub(super) fn take() -> Option<Self> {
        OWN.with(RefCell::take)
    }

    /// Trainings on their way to the device with this number.
    #[cfg(feature = "cuda")]
    pub(super) fn expected(ordinal: usize) -> usize {
        lock(&EXPECTED).get(&ordinal).copied().unwrap_or_default()
    }
}

impl Drop for LaunchBarrier {
    fn drop(&mut self) {
        if let Some(expected) = lock(&EXPECTED).get_mut(&self.ordinal) {
            *expected = expected.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "cuda")]
    fn whoever_waits_for_a_device_waits_for_no_other() {
        let device = |ordinal| Device::Cuda {
            ordinal,
            tf32: false,
        };
        // Numbers that no other test has.
        let first = LaunchBarrier::announce(device(901));
        let second = LaunchBarrier::announce(device(902));
        let expected = || [901, 902].map(LaunchBarrier::expected);
        assert_eq!(expected(), [1, 1]);
        drop(first);
        assert_eq!(expected(), [0, 1]);
        drop(second);
        assert_eq!(expected(), [0, 0]);
    }

    #[test]
    fn nobody_waits_for_the_processor() {
        assert!(LaunchBarrier::announce(Device::Cpu).is_none());
    }
}
