//! The label files of IEMOCAP.

#![no_main]

use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::{FILE_BYTES, check_listing, folder, shipped, write};
use pipe_speech::corpus::{ListOptions, list};

fuzz_target!(|bytes: &[u8]| {
    static TURNS: Once = Once::new();
    let config = &shipped().corpora["iemocap"];
    let root = config.root.display();
    TURNS.call_once(|| {
        for turn in ["F000", "F001", "M000", "M001"] {
            let folder = "Session1/sentences/wav/Ses01F_impro01";
            write(
                &format!("{root}/{folder}/Ses01F_impro01_{turn}.wav"),
                b"RIFF",
            );
        }
    });
    let labels = "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt";
    write(&format!("{root}/{labels}"), bytes);
    let listing = list(
        "iemocap",
        config,
        folder(),
        &ListOptions::default(),
        FILE_BYTES,
    )
    .expect("the folder is there");
    check_listing("iemocap", &listing);
    assert!(listing.entries.len() <= 4);
});
