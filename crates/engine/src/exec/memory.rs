//! How much memory a run may plan with.

use std::path::Path;

use pipe_foundation::system::{RealSystem, System};

/// What the system says could be taken without swapping; no bound where it does not say.
pub fn available_bytes() -> u64 {
    let system: &dyn System = &RealSystem;
    let said = system.read(Path::new("/proc/meminfo"));
    said.ok()
        .and_then(|text| available(&String::from_utf8_lossy(&text)))
        .unwrap_or(u64::MAX)
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_kernel_is_read() {
        let text = "MemTotal:       24689768 kB\nMemAvailable:   19036012 kB\n";
        assert_eq!(available(text), Some(19_036_012 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
        assert!(available_bytes() > 0);
    }
}
