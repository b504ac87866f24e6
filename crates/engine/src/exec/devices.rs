//! How many devices a run may lend to stages that need some for themselves.

use std::path::Path;

use pipe_foundation::system::{RealSystem, System};

/// Devices that programs can see: those of `CUDA_VISIBLE_DEVICES`, or those that NVIDIA's driver has made files of. At
/// least one, so that work for other makes of devices takes turns.
#[expect(
    clippy::disallowed_methods,
    reason = "how many devices there are changes no result"
)]
pub fn visible_devices() -> usize {
    let named = std::env::var("CUDA_VISIBLE_DEVICES");
    let files = || RealSystem.entries(Path::new("/dev")).into_iter().flatten();
    let is_device = |name: &str| {
        let number = name.strip_prefix("nvidia");
        number
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    let count = match named {
        Ok(named) => named
            .split(',')
            .filter(|name| !name.trim().is_empty())
            .count(),
        Err(_) => files()
            .filter_map(|entry| entry.path.file_name()?.to_str().map(is_device))
            .filter(|is_device| *is_device)
            .count(),
    };
    count.max(1)
}
