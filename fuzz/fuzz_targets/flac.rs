//! FLAC, whose checksums the target puts in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::{audio, flac};

fuzz_target!(init: audio::let_decoders_panic(), |bytes: &[u8]| {
    audio::check(&flac(bytes));
});
