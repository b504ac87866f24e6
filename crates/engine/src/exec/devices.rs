//! How many devices a run may lend to stages that need some for themselves.

/// Devices that programs can see: those of `CUDA_VISIBLE_DEVICES`, or those that NVIDIA's driver has made files of. At
/// least one, so that work for other makes of devices takes turns.
#[expect(
    clippy::disallowed_methods,
    reason = "how many devices there are changes no result"
)]
pub fn visible_devices() -> usize {
    let named = std::env::var("CUDA_VISIBLE_DEVICES");
    let files = || std::fs::read_dir("/dev").into_iter().flatten().flatten();
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
            .filter(|entry| entry.file_name().to_str().is_some_and(is_device))
            .count(),
    };
    count.max(1)
}
