//! CUDA devices that programs can see, by number and by name.

use std::path::Path;

use pipe_foundation::system::{RealSystem, System};

/// How many there are: those of `CUDA_VISIBLE_DEVICES`, or those that NVIDIA's driver has made files of. At least one, so
/// that work for other makes of devices takes turns.
pub fn count() -> usize {
    let count = match listed() {
        Some(names) => names.len(),
        None => {
            let files = RealSystem.entries(Path::new("/dev")).into_iter().flatten();
            let names = files.filter_map(|entry| entry.path.file_name()?.to_str().map(is_device));
            names.filter(|is_device| *is_device).count()
        }
    };
    count.max(1)
}

/// The names of devices by their numbers, separated by commas: as `CUDA_VISIBLE_DEVICES` lists them, where it does.
pub fn names(devices: &[usize]) -> String {
    names_among(devices, listed().as_deref())
}

fn names_among(devices: &[usize], visible: Option<&[String]>) -> String {
    let name = |&device: &usize| match visible {
        // One that the user has hidden stays hidden.
        Some(visible) => visible.get(device).cloned(),
        None => Some(device.to_string()),
    };
    let names: Vec<String> = devices.iter().filter_map(name).collect();
    names.join(",")
}

/// What `CUDA_VISIBLE_DEVICES` lists; none where it is not set.
#[expect(
    clippy::disallowed_methods,
    reason = "which devices there are, and which are lent, changes no result"
)]
fn listed() -> Option<Vec<String>> {
    let list = std::env::var("CUDA_VISIBLE_DEVICES").ok()?;
    Some(names_of(&list))
}

fn names_of(list: &str) -> Vec<String> {
    let names = list.split(',').map(|name| name.trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// Whether a file in `/dev` of this name is a device, such as `nvidia0`.
fn is_device(name: &str) -> bool {
    let number = name.strip_prefix("nvidia");
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_numbered_among_those_that_are_visible() {
        assert_eq!(names_among(&[0, 2], None), "0,2");
        assert_eq!(names_among(&[1], Some(&names_of("4, 7,"))), "7");
        assert_eq!(names_among(&[], Some(&names_of("4,7"))), "");
        assert_eq!(names_among(&[0], Some(&names_of(""))), "");
        assert!(names_of("").is_empty());
    }

    #[test]
    fn a_device_is_reported_from_other_files_of_its_driver() {
        let names = [
            "nvidia0",
            "nvidia12",
            "nvidia",
            "nvidiactl",
            "nvidia-uvm",
            "sda1",
        ];
        assert_eq!(
            names.map(is_device),
            [true, true, false, false, false, false]
        );
    }
}
