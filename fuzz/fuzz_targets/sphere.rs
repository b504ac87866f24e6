//! NIST SPHERE. An input that does not begin as a SPHERE file is its header, which is then filled up to 1,024 bytes, and
//! below a blank line its samples.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::audio;

const START: &[u8] = b"NIST_1A\n";

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(START) {
        audio::check(bytes);
        return;
    }
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (fields, samples) = bytes.split_at(end.map_or(bytes.len(), |end| end + 2));
    let mut file = [START, b"   1024\n", fields].concat();
    if file.len() <= 1024 {
        file.resize(1024, b' ');
        file.extend(samples);
        audio::check(&file);
    }
});
