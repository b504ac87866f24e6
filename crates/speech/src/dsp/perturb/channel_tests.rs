//! Rooms, recordings of noise and telephones.

use std::f32::consts::TAU;
use std::path::{Path, PathBuf};

use pipe_foundation::progress::Silent;

use serde_json::{Value, json};

use crate::audio::{Waveform, write_wav};

use super::level::mean_power;
use super::testing::perturber;

fn tone(hz: f32, rate_hz: u32, duration_s: f32) -> Waveform {
    let samples = (duration_s * rate_hz as f32) as u32;
    let sample = |i| 0.3 * (TAU * hz * i as f32 / rate_hz as f32).sin();
    Waveform {
        samples: (0..samples).map(sample).collect(),
        rate_hz,
    }
}

fn written(folder: &Path, name: &str, waveform: &Waveform) -> PathBuf {
    let path = folder.join(name);
    write_wav(&path, waveform).unwrap();
    path
}

fn copy(options: Value, waveform: &Waveform, name: &str) -> Waveform {
    let perturber = perturber(options).unwrap();
    perturber
        .apply(waveform, 3, "utterance", name, &Silent)
        .unwrap()
}

fn power(samples: &[f32]) -> f64 {
    mean_power(samples, &Silent).unwrap()
}

/// Power at one frequency.
fn power_at(waveform: &Waveform, hz: f64) -> f64 {
    let step = std::f64::consts::TAU * hz / f64::from(waveform.rate_hz);
    let (mut re, mut im) = (0.0, 0.0);
    for (i, value) in waveform.samples.iter().enumerate() {
        let (sin, cos) = (step * i as f64).sin_cos();
        re += f64::from(*value) * cos;
        im += f64::from(*value) * sin;
    }
    2.0 * (re * re + im * im) / (waveform.samples.len() as f64).powi(2)
}

#[test]
fn recorded_noise_has_the_level_asked_for_at_any_length_and_rate() {
    let folder = tempfile::tempdir().unwrap();
    let clean = tone(440.0, 16_000, 2.0);
    // As long as needed, far longer, and so short that it starts over; at other rates than the speech.
    for (name, rate_hz, duration_s) in [("a", 16_000, 2.0), ("b", 44_100, 7.0), ("c", 8000, 0.5)] {
        let noise = tone(1000.0, rate_hz, duration_s);
        let options = json!({ "snr_db": [10.0, 10.0], "noise_folder": vec![written(folder.path(), name, &noise)] });
        let noisy = copy(options, &clean, "a");
        assert_eq!(noisy.samples.len(), clean.samples.len());
        let ratio = 10.0 * (power_at(&noisy, 440.0) / power_at(&noisy, 1000.0)).log10();
        assert!((ratio - 10.0).abs() < 0.1, "{name}: {ratio}");
    }
}

#[test]
fn which_passage_of_which_recording_is_drawn_depends_on_the_copy_and_changes_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let recordings: Vec<PathBuf> = [900.0, 1700.0]
        .map(|hz| written(folder.path(), &hz.to_string(), &tone(hz, 16_000, 5.0)))
        .to_vec();
    let clean = tone(440.0, 16_000, 1.0);
    let options = json!({ "snr_db": [0.0, 0.0], "noise_folder": recordings });
    let copies: Vec<Waveform> = (0..12)
        .map(|number| copy(options.clone(), &clean, &number.to_string()))
        .collect();
    let low = |copy: &&Waveform| power_at(copy, 900.0) > power_at(copy, 1700.0);
    assert!((1..12).contains(&copies.iter().filter(low).count()));
    for (number, one) in copies.iter().enumerate() {
        assert!(copies[..number].iter().all(|other| other != one));
        assert_eq!(*one, copy(options.clone(), &clean, &number.to_string()));
    }
    // The speed that is drawn is the same with and without recordings.
    let speed = [0.8, 1.2];
    let drawn = json!({ "speed": speed, "snr_db": [0.0, 0.0] });
    let mut recorded = options;
    recorded["speed"] = json!(speed);
    let length = |options: &Value| copy(options.clone(), &clean, "a").samples.len();
    assert_eq!(length(&drawn), length(&recorded));
}

#[test]
fn a_room_keeps_length_power_and_the_time_of_the_direct_sound() {
    let folder = tempfile::tempdir().unwrap();
    // Silence, the direct sound, and one echo of half its height 0.1 s later.
    let mut response = vec![0.0; 4000];
    (response[700], response[700 + 1600]) = (0.8, 0.4);
    let response = Waveform {
        samples: response,
        rate_hz: 16_000,
    };
    let mut clean = Waveform {
        samples: vec![0.0; 8000],
        rate_hz: 16_000,
    };
    clean.samples[100] = 0.5;
    let options = json!({ "reverb_folder": vec![written(folder.path(), "room.wav", &response)], "reverb_share": 1.0 });
    let wet = copy(options, &clean, "a");
    assert_eq!(wet.samples.len(), 8000);
    assert!((power(&wet.samples) / power(&clean.samples) - 1.0).abs() < 1e-5);
    let direct = wet.samples[100];
    assert!((wet.samples[1700] / direct - 0.5).abs() < 1e-5);
    let rest: f32 = wet.samples.iter().map(|sample| sample.abs()).sum();
    assert!((rest - 1.5 * direct).abs() < 1e-3);
}

#[test]
fn shares_are_of_the_copies() {
    let folder = tempfile::tempdir().unwrap();
    let response = Waveform {
        samples: vec![1.0, 0.5],
        rate_hz: 16_000,
    };
    let clean = tone(440.0, 16_000, 0.2);
    let changed = |options: Value| {
        let copies = (0..200).map(|number| copy(options.clone(), &clean, &number.to_string()));
        copies.filter(|copy| *copy != clean).count()
    };
    let room = |share: f64| json!({ "reverb_folder": vec![written(folder.path(), "room.wav", &response)], "reverb_share": share });
    let clipping = |share: f64| json!({ "clipped_percent": [10.0, 10.0], "clipped_share": share });
    let telephone = |share: f64| json!({ "telephone_share": share });
    assert_eq!((changed(room(0.0)), changed(telephone(0.0))), (0, 0));
    assert!((40..80).contains(&changed(room(0.3))));
    assert!((40..80).contains(&changed(telephone(0.3))));
    assert!((40..80).contains(&changed(clipping(0.3))));
    assert_eq!((changed(room(1.0)), changed(telephone(1.0))), (200, 200));
}

#[test]
fn a_telephone_passes_its_band_alone_at_any_rate() {
    for rate_hz in [8000, 16_000, 44_100] {
        let level = |hz: f32| {
            let options = json!({ "telephone_share": 1.0 });
            let clean = tone(hz, rate_hz, 1.0);
            let narrow = copy(options, &clean, "a");
            assert_eq!(narrow.samples.len(), clean.samples.len());
            10.0 * (power_at(&narrow, f64::from(hz)) / power_at(&clean, f64::from(hz))).log10()
        };
        assert!(level(1000.0).abs() < 0.2, "{rate_hz}: {}", level(1000.0));
        assert!(level(100.0) < -30.0, "{rate_hz}: {}", level(100.0));
        if rate_hz > 12_000 {
            assert!(level(5000.0) < -60.0, "{rate_hz}: {}", level(5000.0));
        }
    }
}

#[test]
fn recordings_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let clean = tone(440.0, 16_000, 0.2);
    let broken = folder.path().join("broken.wav");
    std::fs::write(&broken, "no audio").unwrap();
    let silence = Waveform {
        samples: vec![0.0; 10],
        rate_hz: 16_000,
    };
    let silent = written(folder.path(), "silent.wav", &silence);
    for (path, expected) in [(broken, "broken.wav"), (silent, "silent.wav")] {
        let perturber = perturber(json!({ "reverb_folder": vec![path], "reverb_share": 1.0 }));
        let error = perturber.unwrap().apply(&clean, 1, "a", "b", &Silent);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
