//! Tests of voice activity detection: against a twin in NumPy, in noise, in blocks, and on what is no speech.

use pipe_foundation::exact;
use pipe_foundation::progress::Silent;
use pipe_foundation::test_support::{InterruptsAfter, noise};
use proptest::prelude::*;
use serde::Deserialize;

use crate::dsp::Trim;

use super::*;

const RATE_HZ: u32 = 16_000;

/// Without margins, and with no pause left: what is kept is what is found.
const FOUND: Vad = Vad {
    threshold_db: 0.7,
    frame_ms: 25.0,
    hop_ms: 10.0,
    noise_window_s: 3.0,
    margin_s: 0.0,
    longest_pause_s: Some(0.0),
};

/// Bursts in noise, by `tests/golden/vad.py`; lengths are in samples, the window is in frames, samples in steps of 16 bits.
#[derive(Deserialize)]
struct Golden {
    rate_hz: u32,
    frame: f64,
    hop: f64,
    window: f64,
    margin: f64,
    longest: Option<f64>,
    threshold_db: f64,
    samples: Vec<i16>,
    ratios_db: Vec<Option<f64>>,
    kept: Vec<(usize, usize)>,
}

/// The ratios of all frames, of samples in blocks of a size.
fn ratios_db(vad: &Vad, samples: &[f32], rate_hz: u32, block: usize) -> Vec<f64> {
    let mut frames = vad.frames(rate_hz);
    samples.chunks(block).for_each(|block| frames.push(block));
    frames.finish()
}

#[test]
fn ratios_and_what_is_kept_are_those_of_the_twin() {
    let cases: Vec<Golden> =
        serde_json::from_str(include_str!("../../../tests/golden/vad.json")).unwrap();
    assert!(cases.len() >= 6);
    for case in cases {
        let seconds = |samples: f64| samples / f64::from(case.rate_hz);
        let vad = Vad {
            threshold_db: case.threshold_db,
            frame_ms: 1000.0 * seconds(case.frame),
            hop_ms: 1000.0 * seconds(case.hop),
            noise_window_s: seconds(case.window * case.hop),
            margin_s: seconds(case.margin),
            longest_pause_s: case.longest.map(seconds),
        };
        let samples: Vec<f32> = (case.samples.iter())
            .map(|sample| f32::from(*sample) / 32768.0)
            .collect();
        let found = ratios_db(&vad, &samples, case.rate_hz, 4096);
        assert_eq!(found.len(), case.ratios_db.len());
        for (frame, (found, expected)) in found.iter().zip(&case.ratios_db).enumerate() {
            let is_close = match expected {
                Some(expected) => (found - expected).abs() <= 1e-3 * expected.abs().max(1.0),
                None => *found == f64::NEG_INFINITY,
            };
            assert!(is_close, "{frame}: {found} {expected:?}");
        }
        let kept = vad.kept(&samples, case.rate_hz, &Silent).unwrap();
        let kept: Vec<_> = kept.into_iter().map(|r| (r.start, r.end)).collect();
        assert_eq!(kept, case.kept);
    }
}

/// A syllable: harmonics of a falling pitch under formants, which swells and fades, with a mean power of 1.
fn syllable(samples: usize, pitch_hz: f64) -> Vec<f64> {
    let mut sound = vec![0.0; samples];
    for number in 1..=40 {
        let hz = f64::from(number) * pitch_hz;
        let formant = |at: f64| exact::exp(-(hz - at) * (hz - at) / 22_500.0);
        let level = formant(500.0) + 0.7 * formant(1500.0) + 0.5 * formant(2500.0) + 0.02;
        for (at, value) in sound.iter_mut().enumerate() {
            let (time_s, part) = (at as f64 / f64::from(RATE_HZ), at as f64 / samples as f64);
            let swell = exact::sin_turns(part / 2.0).max(0.0).sqrt();
            let turns = hz * time_s * (1.0 - 0.05 * part) + 0.37 * f64::from(number);
            *value += level * swell * exact::sin_turns(turns);
        }
    }
    let power = sound.iter().map(|v| v * v).sum::<f64>() / samples as f64;
    sound.iter().map(|v| v / power.sqrt()).collect()
}

/// Noise with a mean power of 1: white, or pink by sums of white noise that is held for 1, 2, 4... samples (Voss and Clarke
/// 1978).
fn coloured(samples: usize, is_pink: bool, seed: u32) -> Vec<f64> {
    let rows = if is_pink { 12 } else { 1 };
    let mut sum = vec![0.0; samples];
    for row in 0..rows {
        let held = noise((samples >> row) + 1, seed + 100 * row);
        for (at, sum) in sum.iter_mut().enumerate() {
            *sum += f64::from(held[at >> row]);
        }
    }
    let mean = sum.iter().sum::<f64>() / samples as f64;
    let power = sum.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / samples as f64;
    sum.iter().map(|v| (v - mean) / power.sqrt()).collect()
}

/// Where the two syllables of [`spoken`] are.
static SYLLABLES: [Range<usize>; 2] = [16_000..24_000, 36_800..43_200];

/// Two syllables in four seconds of noise.
fn spoken(snr_db: f64, is_pink: bool, seed: u32) -> Vec<f32> {
    let scale = 0.05 * exact::amplitude(-snr_db);
    let mut sum: Vec<f64> = (coloured(64_000, is_pink, seed).iter())
        .map(|value| scale * value)
        .collect();
    for (place, pitch_hz) in SYLLABLES.iter().cloned().zip([180.0, 120.0]) {
        let sounds = syllable(place.len(), pitch_hz);
        let within = sum[place].iter_mut().zip(sounds);
        within.for_each(|(value, sound)| *value += 0.05 * sound);
    }
    sum.into_iter().map(|value| value as f32).collect()
}

#[test]
fn syllables_are_kept_and_noise_is_cut() {
    for (snr_db, least) in [(20.0, 0.95), (10.0, 0.9), (5.0, 0.85)] {
        for (is_pink, seed) in [(false, 1), (false, 2), (true, 3), (true, 4)] {
            let samples = spoken(snr_db, is_pink, seed);
            let kept = FOUND.kept(&samples, RATE_HZ, &Silent).unwrap();
            for place in &SYLLABLES {
                let within = kept.iter().map(|range| {
                    let end = range.end.min(place.end);
                    end.saturating_sub(range.start.max(place.start))
                });
                let share = within.sum::<usize>() as f64 / place.len() as f64;
                assert!(share >= least, "{snr_db} dB, {is_pink}, {seed}: {share}");
            }
            // A frame sees half its length ahead, and speech that fades is held on to.
            let around = |place: &Range<usize>| place.start - 320..place.end + 1600;
            for range in &kept {
                let mut around = SYLLABLES.iter().map(around);
                let is_within =
                    around.any(|around| around.start <= range.start && range.end <= around.end);
                assert!(is_within, "{snr_db} dB, {is_pink}, {seed}: {kept:?}");
            }
        }
    }
}

#[test]
fn noise_hides_pauses_from_energy_but_not_from_likelihood() {
    let samples = spoken(10.0, false, 5);
    let energy = Trim {
        longest_pause_s: Some(0.0),
        ..Trim::default()
    };
    let all = std::iter::once(0..samples.len()).collect::<Vec<_>>();
    assert_eq!(energy.kept(&samples, RATE_HZ, &Silent).unwrap(), all);
    let kept = FOUND.apply(&samples, RATE_HZ, &Silent).unwrap();
    let spoken: usize = SYLLABLES.iter().map(Range::len).sum();
    assert!((kept.len() as f64 / spoken as f64 - 1.0).abs() < 0.25);
    // With margins and pauses that may be as long, what is kept is one piece.
    let one = Vad::default().kept(&samples, RATE_HZ, &Silent).unwrap();
    assert_eq!(one.len(), 1);
    assert!(
        one[0].start.abs_diff(16_000 - 1600) < 800 && one[0].end.abs_diff(43_200 + 1600) < 1600
    );
}

#[test]
fn loudness_decides_nothing() {
    let samples = spoken(10.0, true, 6);
    let expected = FOUND.kept(&samples, RATE_HZ, &Silent).unwrap();
    for gain in [0.004, 0.1, 3.7, 19.0] {
        let louder: Vec<f32> = samples.iter().map(|sample| gain * sample).collect();
        let kept = FOUND.kept(&louder, RATE_HZ, &Silent).unwrap();
        assert_eq!(kept, expected, "{gain}");
    }
}

#[test]
fn what_holds_no_speech_stays_as_it_is() {
    let soft: Vec<f32> = noise(30_000, 3).iter().map(|v| 1e-6 * v).collect();
    let mut recordings = vec![
        Vec::new(),
        vec![0.1],
        vec![0.0; 300],
        vec![0.0; 90_000],
        soft,
    ];
    recordings.extend((1..=4).map(|seed| noise(40_000, seed)));
    for samples in recordings {
        for vad in [FOUND, Vad::default()] {
            let kept = vad.kept(&samples, RATE_HZ, &Silent).unwrap();
            let all = std::iter::once(0..samples.len()).collect::<Vec<_>>();
            assert_eq!(kept, all);
        }
    }
}

#[test]
fn speech_is_found_beside_silence_without_any_noise() {
    let mut samples = spoken(25.0, false, 7);
    samples[..12_000].fill(0.0);
    samples[56_000..].fill(0.0);
    let kept = FOUND.kept(&samples, RATE_HZ, &Silent).unwrap();
    let (first, last) = (&kept[0], &kept[kept.len() - 1]);
    assert!(
        first.start >= 16_000 - 320 && last.end <= 43_200 + 1600,
        "{kept:?}"
    );
}

#[test]
fn it_stops_while_it_listens() {
    let samples = vec![0.1; 5 * BLOCK_SAMPLES];
    let stops = InterruptsAfter::new(3);
    assert!(Vad::default().kept(&samples, RATE_HZ, &stops).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn samples_in_blocks_of_any_sizes_have_the_same_ratios(
        length in prop_oneof![0..400_usize, 0..20_000_usize],
        block in prop_oneof![1..50_usize, 1..20_000_usize],
        rate_hz in prop_oneof![Just(16_000_u32), Just(8_000), Just(11_025), Just(1_000)],
        frame_ms in prop_oneof![Just(25.0), 5.0..100.0],
        hop_ms in prop_oneof![Just(10.0), 5.0..100.0],
        noise_window_s in prop_oneof![Just(3.0), 0.5..5.0],
    ) {
        let mut samples = noise(length, 5);
        samples[length / 3..length / 2].fill(0.0);
        let vad = Vad { frame_ms, hop_ms, noise_window_s, ..Vad::default() };
        let bits = |block| -> Vec<u64> {
            let found = ratios_db(&vad, &samples, rate_hz, block);
            found.iter().map(|ratio| ratio.to_bits()).collect()
        };
        let whole = bits(usize::MAX);
        prop_assert_eq!(bits(block), whole);
    }
}
