//! WAV, RIFX and RF64: what is read is what would be read again after it was written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipe_fuzz::{audio, folder};
use pipe_speech::audio::{read, write_wav};

fuzz_target!(init: audio::let_decoders_panic(), |bytes: &[u8]| {
    let Some(wave) = audio::check(bytes) else {
        return;
    };
    if wave.samples.len() <= 4096 {
        let path = folder().join("written.wav");
        write_wav(&path, &wave).expect("TMPDIR can be written");
        let again = read(&path, None, None).expect("it was written");
        assert_eq!(again.rate_hz, wave.rate_hz);
        assert!(audio::same(&again.samples, &wave.samples));
    }
});
