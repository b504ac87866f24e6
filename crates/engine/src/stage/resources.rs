//! What a stage takes of the machine while it works, as far as it knows beforehand.

/// Cores, memory and devices for one piece of work: a step over whole sets, or one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Threads it can use well.
    pub threads: usize,
    /// Resident memory in bytes; work that says 0 always fits.
    pub memory_bytes: u64,
    /// Devices that it needs for itself. They are lent by number, from 0.
    pub devices: usize,
}

/// One thread and nothing else.
impl Default for Resources {
    fn default() -> Self {
        Self {
            threads: 1,
            memory_bytes: 0,
            devices: 0,
        }
    }
}
