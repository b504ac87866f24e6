//! Levels, spectra and seeds of perturbed copies.

use pipe_foundation::progress::{Interrupted, Silent};
use pipe_foundation::random::stream;
use pipe_foundation::test_support::InterruptsAfter;
use serde_json::{Value, json};

use crate::audio::Waveform;

use super::drawn_noise::{NoiseColour, drawn_noise};
use super::level::mean_power;
use super::testing::perturber;

fn tone(rate_hz: u32) -> Waveform {
    let samples = (0..rate_hz * 2)
        .map(|i| 0.3 * (std::f32::consts::TAU * 440.0 * i as f32 / rate_hz as f32).sin())
        .collect();
    Waveform { samples, rate_hz }
}

fn apply(options: Value, waveform: &Waveform, copy: &str) -> Waveform {
    let perturber = perturber(options).expect("valid options");
    perturber
        .apply(waveform, 3, "utterance", copy, &Silent)
        .expect("a copy")
}

fn power(samples: &[f32]) -> f64 {
    mean_power(samples, &Silent).expect("nothing interrupts it")
}

#[test]
fn speed_changes_length_and_pitch() {
    let options = json!({ "speed": [1.1, 1.1] });
    let fast = apply(options, &tone(16_000), "a");
    assert_eq!((fast.samples.len(), fast.rate_hz), (29_091, 16_000));
    let crossings = fast
        .samples
        .windows(2)
        .filter(|w| w[0] < 0.0 && w[1] >= 0.0)
        .count() as f64;
    let hz = crossings / fast.duration_s();
    assert!((hz - 484.0).abs() < 1.0, "{hz}");
}

#[test]
fn gain_and_noise_have_the_levels_asked_for() {
    let clean = tone(16_000);
    let loud = apply(json!({ "gain_db": [6.0, 6.0] }), &clean, "a");
    let gain = 10.0 * (power(&loud.samples) / power(&clean.samples)).log10();
    assert!((gain - 6.0).abs() < 1e-4, "{gain}");
    for noise in ["white", "pink"] {
        let options = json!({ "snr_db": [15.0, 15.0], "noise": noise });
        let noisy = apply(options.clone(), &clean, "a");
        let added: Vec<f32> = noisy
            .samples
            .iter()
            .zip(&clean.samples)
            .map(|(a, b)| a - b)
            .collect();
        let snr = 10.0 * (power(&clean.samples) / power(&added)).log10();
        assert!((snr - 15.0).abs() < 0.01, "{snr}");
        let silence = Waveform {
            samples: vec![0.0; 100],
            rate_hz: 16_000,
        };
        assert_eq!(apply(options, &silence, "a"), silence);
    }
}

/// Power in octaves, by the difference of one-pole bands, must fall by 3 dB from octave to octave.
#[test]
fn pink_noise_falls_by_three_decibels_per_octave() {
    let mut random = stream("test", &[]);
    let pink = drawn_noise(1 << 16, 16_000, NoiseColour::Pink, &mut random, &Silent)
        .expect("nothing interrupts it");
    // Mean periodogram over an octave, by direct Fourier sums at a few hundred frequencies.
    let level = |low_hz: f64| {
        let mut power = 0.0;
        for k in 0..200 {
            let hz = low_hz * (1.0 + f64::from(k) / 200.0);
            let step = std::f64::consts::TAU * hz / 16_000.0;
            let (mut re, mut im) = (0.0, 0.0);
            for (i, value) in pink.iter().enumerate() {
                let (sin, cos) = (step * i as f64).sin_cos();
                re += f64::from(*value) * cos;
                im += f64::from(*value) * sin;
            }
            power += re * re + im * im;
        }
        10.0 * power.log10()
    };
    let levels: Vec<f64> = [100.0, 400.0, 1600.0].map(level).to_vec();
    for pair in levels.windows(2) {
        let per_octave = (pair[0] - pair[1]) / 2.0;
        assert!((2.4..3.6).contains(&per_octave), "{levels:?}");
    }
}

#[test]
fn draws_depend_on_seed_utterance_and_copy() {
    let options = json!({ "speed": [0.9, 1.1], "gain_db": [-6.0, 6.0], "snr_db": [10.0, 30.0], "noise": "pink" });
    let wave = tone(16_000);
    let perturber = perturber(options).expect("valid options");
    let copy = |seed, utterance, copy| {
        perturber
            .apply(&wave, seed, utterance, copy, &Silent)
            .expect("a copy")
    };
    let first = copy(1, "u", "a");
    assert!(first == copy(1, "u", "a"));
    assert!(first != copy(2, "u", "a"));
    assert!(first != copy(1, "v", "a"));
    assert!(first != copy(1, "u", "b"));
}

#[test]
fn ranges_are_checked() {
    let bad = [
        json!({ "speed": [0.1, 1.0] }),
        json!({ "speed": [1.1, 0.9] }),
        json!({ "gain_db": [0.0] }),
        json!({ "telephone_share": 1.5 }),
        json!({ "snr_db": [0.0, 1000.0] }),
    ];
    for options in bad {
        assert!(perturber(options).is_err());
    }
}

#[test]
fn an_interruption_ends_the_work_at_any_look_and_there_are_many() {
    let perturber =
        perturber(json!({ "speed": [1.1, 1.1], "snr_db": [10.0, 10.0], "noise": "pink" }));
    let perturber = perturber.expect("valid options");
    let wave = Waveform {
        samples: vec![0.1; 500_000],
        rate_hz: 16_000,
    };
    let apply = |progress: &InterruptsAfter| perturber.apply(&wave, 1, "utterance", "a", progress);
    let all = InterruptsAfter::new(usize::MAX);
    apply(&all).expect("nothing interrupts it");
    // Resampling, noise and each of the five filters look at least once every 65,536 samples.
    assert!(all.seen() >= 7 * (450_000 / 65_536), "{}", all.seen());
    for looks in 0..all.seen() {
        let progress = InterruptsAfter::new(looks);
        assert_eq!(apply(&progress), Err(Interrupted.into()));
        assert_eq!(progress.seen(), looks + 1);
    }
}
