//! What tells files apart that earlier versions of the program did not read, or read wrongly.

/// The revision of what reads files that the first version of the program refused, or read wrongly: compressed formats,
/// Wave64, tags in front, headers of WAV that contradict themselves.
pub const REVISION: u32 = 1;
