//! Long work looks often enough whether to stop, counted by seconds of audio instead of time.

use pipe_foundation::progress::Progress;
use pipe_foundation::test_support::{InterruptsAfter, noise};
use serde_json::{Value, json};

use crate::audio::Waveform;

use super::{Fbank, FbankOptions, Functionals, Resampler, Trim, Vad, perturb::testing::perturber};

const RATE_HZ: u32 = 16_000;
const SECONDS: usize = 120;
/// Everything here takes less than a tenth of a second for so much audio.
const LONGEST_BETWEEN_LOOKS_S: usize = 16;

/// Work on a waveform of [`SECONDS`], with what it is called; it gives whether it was interrupted.
type Work = (&'static str, fn(&Waveform, &dyn Progress) -> bool);

fn perturbed(options: Value, wave: &Waveform, progress: &dyn Progress) -> bool {
    let perturber = perturber(options).unwrap();
    perturber
        .apply(wave, 1, "utterance", "1", progress)
        .is_err()
}

const ALL: [Work; 11] = [
    ("speed", |wave, progress| {
        let options = json!({ "speed": [1.1, 1.1] });
        perturbed(options, wave, progress)
    }),
    ("white noise", |wave, progress| {
        let options = json!({ "snr_db": [10.0, 10.0] });
        perturbed(options, wave, progress)
    }),
    ("pink noise", |wave, progress| {
        let options = json!({ "snr_db": [10.0, 10.0], "noise": "pink" });
        perturbed(options, wave, progress)
    }),
    ("telephone", |wave, progress| {
        let options = json!({ "telephone_share": 1.0, "telephone_law": "a_law" });
        perturbed(options, wave, progress)
    }),
    ("clipping", |wave, progress| {
        perturbed(json!({ "clipped_percent": [10.0, 10.0] }), wave, progress)
    }),
    ("gain", |wave, progress| {
        let options = json!({ "gain_db": [3.0, 3.0] });
        perturbed(options, wave, progress)
    }),
    ("resampling", |wave, progress| {
        let resampler = Resampler::new(RATE_HZ, 22_050).unwrap();
        (resampler.process_interruptible(&wave.samples, progress)).is_err()
    }),
    ("trimming", |wave, progress| {
        (Trim::default().apply(&wave.samples, RATE_HZ, progress)).is_err()
    }),
    ("voice activity", |wave, progress| {
        (Vad::default().apply(&wave.samples, RATE_HZ, progress)).is_err()
    }),
    ("filterbank", |wave, progress| {
        let options = FbankOptions {
            dither: 1.0,
            ..FbankOptions::default()
        };
        let fbank = Fbank::new(options).unwrap();
        fbank
            .compute_interruptible(&wave.samples, progress)
            .is_err()
    }),
    // Of as many features as there are seconds: each takes all frames.
    ("functionals", |wave, progress| {
        let features = pipe_foundation::Features {
            frames: RATE_HZ as usize,
            bins: SECONDS,
            values: wave.samples.clone(),
        };
        Functionals::default().of(&features, progress).is_err()
    }),
];

#[test]
fn every_stage_of_the_front_end_looks_whether_to_stop() {
    let wave = Waveform {
        samples: noise(SECONDS * RATE_HZ as usize, 1),
        rate_hz: RATE_HZ,
    };
    for (name, work) in ALL {
        let looks = InterruptsAfter::new(usize::MAX);
        assert!(!work(&wave, &looks), "{name}");
        let fewest = SECONDS / LONGEST_BETWEEN_LOOKS_S;
        assert!(looks.seen() >= fewest, "{name}: {} looks", looks.seen());
        // After any of them it ends without another.
        for at in [0, fewest / 2, fewest - 1] {
            let stops = InterruptsAfter::new(at);
            assert!(work(&wave, &stops), "{name}");
            assert_eq!(stops.seen(), at + 1, "{name}");
        }
    }
}
