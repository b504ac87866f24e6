//! The filterbank against kaldi-native-fbank, and its behaviour at the edges.

use std::path::PathBuf;

use pipe_foundation::progress::Interrupted;
use pipe_foundation::test_support::InterruptsAfter;

use super::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    signal: String,
    frames: usize,
    options: FbankOptions,
    /// Values further below the loudest of their frame are not held to the tolerance; see make.py.
    #[serde(default)]
    floor_db: Option<f32>,
}

fn golden(file: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/fbank");
    std::fs::read(folder.join(file)).expect("a golden file")
}

fn signal(name: &str) -> Vec<f32> {
    let bytes = golden(&format!("{name}.i16"));
    let (samples, _) = bytes.as_chunks::<2>();
    samples
        .iter()
        .map(|&b| f32::from(i16::from_le_bytes(b)) / 32_768.0)
        .collect()
}

fn compute(options: FbankOptions, samples: &[f32]) -> Features {
    Fbank::new(options)
        .expect("valid options")
        .compute(samples)
        .expect("features")
}

/// tests/golden/fbank/make.py; tolerance 1e-3, absolute.
#[test]
fn agrees_with_kaldi() {
    let cases: Vec<Case> = serde_json::from_slice(&golden("cases.json")).expect("cases");
    assert!(cases.len() >= 15);
    let mut report = String::new();
    let mut worst = 0.0_f32;
    for case in cases {
        let bytes = golden(&format!("{}.f32", case.name));
        let (values, _) = bytes.as_chunks::<4>();
        let expected: Vec<f32> = values
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect();
        let features = compute(case.options, &signal(&case.signal));
        assert_eq!(features.frames, case.frames, "{}", case.name);
        assert_eq!(features.values.len(), expected.len(), "{}", case.name);
        let bins = features.bins;
        let mut difference = 0.0_f32;
        let frames = features.values.chunks_exact(bins);
        for (ours, theirs) in frames.zip(expected.chunks_exact(bins)) {
            let loudest = theirs.iter().copied().fold(f32::MIN, f32::max);
            let floor_db = case.floor_db.unwrap_or(f32::INFINITY);
            for (ours, theirs) in ours.iter().zip(theirs) {
                let below_db = (loudest - theirs) * 10.0 / std::f32::consts::LN_10;
                if below_db <= floor_db {
                    difference = difference.max((ours - theirs).abs());
                }
            }
        }
        report += &format!("{}: {difference:.2e}\n", case.name);
        worst = worst.max(difference);
    }
    println!("{report}");
    assert!(worst <= 1e-3, "largest difference of each case:\n{report}");
}

#[test]
fn both_code_paths_give_the_same_bits() {
    let fbank = Fbank::new(FbankOptions::default()).expect("valid options");
    let samples = signal("speech");
    let bits = |features: Features| -> Vec<u32> {
        features
            .values
            .iter()
            .map(|value| value.to_bits())
            .collect()
    };
    let dispatched = bits(fbank.compute(&samples).expect("features"));
    assert_eq!(
        dispatched,
        bits(
            fbank
                .compute_with(&samples, &Silent, Fbank::fill_portable)
                .expect("features")
        )
    );
}

#[test]
fn a_frame_depends_on_its_samples_alone() {
    let samples = signal("speech");
    let whole = compute(FbankOptions::default(), &samples);
    for first in [1, 5, 8, 13] {
        let part = compute(FbankOptions::default(), &samples[first * 160..]);
        assert!(
            part.values == whole.values[first * 40..],
            "from frame {first}"
        );
    }
}

#[test]
fn short_audio_is_an_error_that_says_how_long_it_must_be() {
    let fbank = Fbank::new(FbankOptions::default()).expect("valid options");
    for samples in [0, 1, 399] {
        let error = fbank.compute(&vec![0.1; samples]).expect_err("too short");
        assert_eq!(
            error,
            FbankError::TooShort {
                samples,
                needed: 400
            }
        );
    }
    assert_eq!(fbank.compute(&[0.1; 400]).map(|f| f.frames), Ok(1));
    let mirrored = Fbank::new(FbankOptions {
        snip_edges: false,
        ..FbankOptions::default()
    })
    .expect("valid options");
    assert_eq!(
        mirrored.compute(&[0.1; 79]),
        Err(FbankError::TooShort {
            samples: 79,
            needed: 80
        })
    );
    let one = mirrored.compute(&[0.1; 80]).expect("one frame");
    assert!(one.frames == 1 && one.values.iter().all(|value| value.is_finite()));
}

#[test]
fn silence_is_the_floor() {
    let features = compute(FbankOptions::default(), &[0.0; 4000]);
    assert!(
        features
            .values
            .iter()
            .all(|value| (value - f32::EPSILON.ln()).abs() < 1e-5)
    );
}

#[test]
fn dither_is_seeded_by_the_samples() {
    let options = FbankOptions {
        dither: 1.0,
        ..FbankOptions::default()
    };
    let silence = compute(options.clone(), &[0.0; 1600]);
    assert!(silence.values.iter().all(|value| *value > -5.0));
    assert_eq!(silence, compute(options, &[0.0; 1600]));
}

#[test]
fn options_are_checked() {
    let default = FbankOptions::default;
    let bad = [
        FbankOptions {
            sample_rate_hz: 0,
            ..default()
        },
        FbankOptions {
            bins: 0,
            ..default()
        },
        FbankOptions {
            frame_length_ms: f64::NAN,
            ..default()
        },
        FbankOptions {
            frame_length_ms: 0.1,
            ..default()
        },
        FbankOptions {
            frame_shift_ms: -1.0,
            ..default()
        },
        FbankOptions {
            preemphasis: 1.5,
            ..default()
        },
        FbankOptions {
            low_hz: 8000.0,
            ..default()
        },
        FbankOptions {
            high_hz: 8001.0,
            ..default()
        },
        FbankOptions {
            high_hz: -7990.0,
            ..default()
        },
        FbankOptions {
            dither: -1.0,
            ..default()
        },
        FbankOptions {
            log_floor: 0.0,
            ..default()
        },
        FbankOptions {
            sample_scale: f64::INFINITY,
            ..default()
        },
    ];
    for options in bad {
        let error = Fbank::new(options.clone()).err();
        assert!(
            matches!(error, Some(FbankError::Option { .. })),
            "{options:?}"
        );
    }
    let many = FbankOptions {
        bins: 500,
        ..default()
    };
    assert!(matches!(
        Fbank::new(many).err(),
        Some(FbankError::TooManyBins { bins: 500, .. })
    ));
}

#[test]
fn defaults_are_pinned() {
    let text = toml::to_string(&FbankOptions::default()).expect("serialised");
    assert_eq!(
        text,
        "sample_rate_hz = 16000\nbins = 40\nframe_length_ms = 25.0\nframe_shift_ms = 10.0\nwindow = \"povey\"\n\
         preemphasis = 0.97\nremove_dc = true\nlow_hz = 20.0\nhigh_hz = 0.0\ndither = 0.0\nsnip_edges = true\n\
         use_power = true\nuse_log = true\nlog_floor = 0.00000011920928955078125\nsample_scale = 32768.0\n"
    );
    assert!(toml::from_str::<FbankOptions>("bin = 3").is_err());
}

proptest::proptest! {
    #[test]
    fn any_valid_options_give_finite_features(
        rate in 1_000..50_000_u32,
        bins in 1..60_usize,
        length in 4.0..60.0_f64,
        shift in 1.0..20.0_f64,
        snip in proptest::bool::ANY,
        n in 0..6_000_usize,
    ) {
        let options = FbankOptions {
            sample_rate_hz: rate,
            bins,
            frame_length_ms: length,
            frame_shift_ms: shift,
            snip_edges: snip,
            ..FbankOptions::default()
        };
        if let Ok(fbank) = Fbank::new(options) {
            let samples: Vec<f32> = (0..n).map(|i| ((i * 7919) % 2003) as f32 / 2003.0 - 0.5).collect();
            match fbank.compute(&samples) {
                Ok(features) => {
                    proptest::prop_assert_eq!(features.frames, fbank.frames(n));
                    proptest::prop_assert!(features.values.iter().all(|value| value.is_finite()));
                }
                Err(FbankError::TooShort { needed, .. }) => {
                    proptest::prop_assert!(n < needed);
                    proptest::prop_assert_eq!(fbank.frames(needed), 1);
                    proptest::prop_assert_eq!(fbank.frames(needed - 1), 0);
                }
                Err(other) => proptest::prop_assert!(false, "{}", other),
            }
        }
    }
}

#[test]
fn one_computer_serves_all_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Fbank>();
    shared::<crate::dsp::Resampler>();
    shared::<crate::dsp::Perturber>();
}

#[test]
fn an_interruption_ends_the_work_at_any_look_and_there_are_many() {
    for dither in [0.0, 1.0] {
        let fbank = Fbank::new(FbankOptions {
            dither,
            ..FbankOptions::default()
        });
        let fbank = fbank.expect("valid options");
        let samples = vec![0.1; 400_000];
        let all = InterruptsAfter::new(usize::MAX);
        let features = fbank.compute_interruptible(&samples, &all);
        let frames = features.expect("nothing interrupts it").frames;
        assert!(all.seen() >= frames / (BATCHES * LANES), "{}", all.seen());
        for looks in 0..all.seen() {
            let progress = InterruptsAfter::new(looks);
            let made = fbank.compute_interruptible(&samples, &progress);
            assert_eq!(made, Err(Interrupted.into()));
            assert_eq!(progress.seen(), looks + 1);
        }
    }
}
