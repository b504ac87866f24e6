//! AIFF and AIFC.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::audio;

fuzz_target!(|bytes: &[u8]| {
    audio::check(bytes);
});
