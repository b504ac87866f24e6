//! Vorbis in Ogg; the checksums of the pages are put in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::{audio, ogg};

fuzz_target!(init: audio::let_decoders_panic(), |bytes: &[u8]| {
    audio::check(&ogg(bytes));
});
