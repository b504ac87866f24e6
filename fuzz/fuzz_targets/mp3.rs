//! MP3 and AAC in ADTS, with tags in front and behind.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::audio;

fuzz_target!(init: audio::let_decoders_panic(), |bytes: &[u8]| {
    audio::check(bytes);
});
