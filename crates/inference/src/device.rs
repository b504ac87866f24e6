//! Where a runtime executes models.

/// Where a runtime executes models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// On the processor.
    #[default]
    Processor,
    /// On a CUDA device.
    Cuda {
        /// Its number, from 0, as the driver counts.
        ordinal: usize,
        /// Whether products may be made in TF32: faster, and with 10 bits of mantissa instead of 23.
        tf32: bool,
    },
}

impl Device {
    /// True for a CUDA device.
    pub fn is_cuda(self) -> bool {
        matches!(self, Self::Cuda { .. })
    }
}
