//! The transcripts of EPST.

#![no_main]

use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::{FILE_BYTES, check_listing, folder, shipped, write};
use pipe_speech::corpus::{ListOptions, list};

fuzz_target!(|bytes: &[u8]| {
    static SESSION: Once = Once::new();
    let config = &shipped().corpora["epst"];
    let root = config.root.display();
    SESSION.call_once(|| {
        write(&format!("{root}/data/cc_001.sph"), b"NIST_1A");
    });
    write(&format!("{root}/data/cc_001.txt"), bytes);
    let listing = list(
        "epst",
        config,
        folder(),
        &ListOptions::default(),
        FILE_BYTES,
    )
    .expect("the folder is there");
    check_listing("epst", &listing);
    let text = String::from_utf8_lossy(bytes);
    assert!(listing.entries.len() + listing.dropped.len() <= text.lines().count() + 1);
});
