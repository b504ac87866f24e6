//! Addresses on the device.

/// An address on the device.
pub type Pointer = u64;

/// The address this many values after another.
pub fn after(start: Pointer, values: usize) -> Pointer {
    start + (values * size_of::<f32>()) as Pointer
}
