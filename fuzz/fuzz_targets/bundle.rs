//! Bundles: whatever the archive is, nothing is written outside of the folder, and nothing is kept of one that is not whole.
//!
//! An input is the archive before it is compressed; the checksums of its headers are put on.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use pipe::bundle::{BundleLimits, OpenedBundle, unpack};
use pipe_fuzz::{empty, write};

/// The length of a header, and of what contents are padded to.
const BLOCK: usize = 512;

/// What a bundle of the fuzzer may hold.
const LIMITS: BundleLimits = BundleLimits {
    bytes: 1 << 20,
    files: 100,
};

/// Puts the checksum on every header, as far as lengths lead from one to the next.
fn checked(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(header) = bytes.get_mut(at..at + BLOCK) {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let length = std::str::from_utf8(&header[124..135]).unwrap_or_default();
        let length = usize::from_str_radix(length, 8).unwrap_or_default();
        let Some(next) = length
            .checked_next_multiple_of(BLOCK)
            .and_then(|length| (at + BLOCK).checked_add(length))
        else {
            break;
        };
        at = next;
    }
    bytes
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("it can be read").flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fuzz_target!(|bytes: &[u8]| {
    let archive = zstd::encode_all(&*checked(bytes), 1).expect("memory can be written");
    let path = write("fuzzed.tar.zst", &archive);
    let place = empty("place");
    let bundle = OpenedBundle::open(&path).expect("it was written");
    match unpack(&bundle, &place.join("unpacked"), LIMITS) {
        Ok(contents) => {
            assert_eq!(names(&place), ["unpacked"]);
            for file in &contents.files {
                let path = place.join("unpacked").join(&file.name);
                let metadata = path.symlink_metadata().expect("it was unpacked");
                assert!(metadata.is_file() && metadata.len() == file.bytes);
            }
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(names(&place).is_empty());
        }
    }
});
