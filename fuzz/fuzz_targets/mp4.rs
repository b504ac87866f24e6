//! AAC and Apple Lossless in MPEG-4 files.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::audio;

fuzz_target!(init: audio::let_decoders_panic(), |bytes: &[u8]| {
    audio::check(bytes);
});
