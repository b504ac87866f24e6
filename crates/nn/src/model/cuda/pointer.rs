//! Addresses on the device.

/// An address on the device.
pub type Pointer = u64;
