//! Ripple, rejection, timing and length of the resampler, for the rates of real corpora.

use std::f64::consts::TAU;

use pipe_foundation::test_support::InterruptsAfter;

use super::*;

const RATIOS: [(u32, u32); 12] = [
    (48_000, 16_000),
    (96_000, 16_000),
    (44_100, 16_000),
    (22_050, 16_000),
    (24_414, 16_000),
    (24_000, 16_000),
    (8_000, 16_000),
    (11_025, 16_000),
    (16_000, 48_000),
    (16_000, 17_600),
    (17_600, 16_000),
    (44_101, 16_000),
];

fn tone(hz: f64, rate_hz: u32, len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| (TAU * hz * i as f64 / f64::from(rate_hz)).sin() as f32)
        .collect()
}

fn db(amplitude: f64) -> f64 {
    20.0 * amplitude.max(1e-12).log10()
}

fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v * v, count + 1.0));
    (sum / count).sqrt()
}

/// The middle of a signal, away from the filter's edges.
fn middle<T>(values: &[T]) -> &[T] {
    &values[values.len() / 4..values.len() * 3 / 4]
}

/// A tone in the passband comes out as the same tone, computed at the new rate: gain, delay, images and rounding
/// together leave an error below -95 dB, and the ripple is far below the promised 0.1 dB.
#[test]
fn passband_tones_come_out_exactly() {
    for (from, to) in RATIOS {
        let resampler = Resampler::new(from, to).expect("rates");
        let nyquist = f64::from(from.min(to)) / 2.0;
        for part in [0.01, 0.2, 0.45, 0.7, 0.85, 0.9] {
            let hz = part * nyquist;
            let out = resampler.process(&tone(hz, from, from as usize / 4));
            let exact = tone(hz, to, out.len());
            let pairs = || middle(&out).iter().zip(middle(&exact));
            let error = rms(pairs().map(|(a, b)| f64::from(a - b))) * 2.0_f64.sqrt();
            // The gain of the best fit, which a part of a period at the ends does not disturb.
            let product = |values: &[f32]| -> f64 {
                let pairs = middle(values).iter().zip(middle(&exact));
                pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            let level = product(&out) / product(&exact);
            assert!(
                db(level).abs() <= 0.001,
                "{from} -> {to}, {part}: {} dB",
                db(level)
            );
            assert!(
                db(error) <= -95.0,
                "{from} -> {to}, {part}: error {} dB",
                db(error)
            );
        }
    }
}

/// Tones beyond the new Nyquist frequency, where they would fold back to.
#[test]
fn stopband_tones_are_rejected_by_100_db() {
    for (from, to) in RATIOS.into_iter().filter(|(from, to)| from > to) {
        let resampler = Resampler::new(from, to).expect("rates");
        let (low, high) = (f64::from(to) / 2.0, f64::from(from) / 2.0);
        let mut worst = -300.0_f64;
        for i in 0..60 {
            // Denser near the edge, where the first side lobes are.
            let hz = low + (high - low) * (f64::from(i) / 60.0).powi(2);
            let out = resampler.process(&tone(hz, from, from as usize / 4));
            let level = rms(middle(&out).iter().map(|v| f64::from(*v))) * 2.0_f64.sqrt();
            worst = worst.max(db(level));
        }
        println!("{from} -> {to}: rejection {:.1} dB", -worst);
        assert!(worst <= -100.0, "{from} -> {to}: {worst} dB");
    }
}

/// The frequency response at three phases from impulses at every input that an output sees: ripple below 0.9,
/// rejection beyond 1 of the lower Nyquist frequency, and no delay.
#[test]
fn impulse_spectra_meet_the_promise() {
    for (from, to) in RATIOS {
        let resampler = Resampler::new(from, to).expect("rates");
        let (f, t) = (resampler.from as usize, resampler.to as usize);
        let span = resampler.table.as_ref().map_or(0, |table| table.taps);
        // Outputs far enough in that their whole support is inside the signal.
        let first = (span * t).div_ceil(f) + 1;
        for m in [first, first + 1, first + 3] {
            let position = (m * f) as f64 / t as f64;
            let centre = position as usize;
            let response: Vec<(f64, f64)> = (centre - span / 2..=centre + span / 2 + 1)
                .map(|k| {
                    let mut impulse = vec![0.0; centre + span];
                    impulse[k] = 1.0;
                    (
                        k as f64 - position,
                        f64::from(resampler.process(&impulse)[m]),
                    )
                })
                .collect();
            check_response(&response, from, to);
        }
    }
}

/// `response` holds (time in input samples, weight).
fn check_response(response: &[(f64, f64)], from: u32, to: u32) {
    let gain = |hz: f64| {
        response.iter().fold((0.0, 0.0), |(re, im), (at, weight)| {
            let angle = TAU * hz * at / f64::from(from);
            (re + weight * angle.cos(), im + weight * angle.sin())
        })
    };
    let nyquist = f64::from(from.min(to)) / 2.0;
    for i in 0..=90 {
        let (re, im) = gain(nyquist * f64::from(i) / 100.0);
        assert!(db(re.hypot(im)).abs() < 0.1, "{from} -> {to} at {i} %");
        assert!(im.abs() < 2e-5, "{from} -> {to} at {i} %: {im} is a delay");
    }
    let top = f64::from(from) / 2.0;
    for i in 0..=400 {
        let hz = nyquist + (top - nyquist) * f64::from(i) / 400.0;
        let (re, im) = gain(hz);
        let level = db(re.hypot(im));
        assert!(
            from < to || level < -100.0,
            "{from} -> {to}: {level} dB at {hz} Hz"
        );
    }
}

/// Up-sampling must not leave images of the input's spectrum above its Nyquist frequency.
#[test]
fn images_are_rejected_by_100_db() {
    for (from, to) in RATIOS.into_iter().filter(|(from, to)| from < to) {
        let resampler = Resampler::new(from, to).expect("rates");
        let n = from as usize;
        for hz in [0.05, 0.3, 0.6, 0.9].map(|part| part * f64::from(from) / 2.0) {
            let out = resampler.process(&tone(hz, from, n));
            let image = f64::from(from) - hz;
            if image > f64::from(to) / 2.0 {
                continue;
            }
            // Correlate the windowed middle with the image's frequency.
            let part = middle(&out);
            let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
            for (i, value) in part.iter().enumerate() {
                let x = i as f64 / part.len() as f64;
                let window = 0.358_75 - 0.488_29 * (TAU * x).cos()
                    + 0.141_28 * (2.0 * TAU * x).cos()
                    - 0.011_68 * (3.0 * TAU * x).cos();
                let angle = TAU * image * i as f64 / f64::from(to);
                re += window * f64::from(*value) * angle.cos();
                im += window * f64::from(*value) * angle.sin();
                weight += window;
            }
            let level = db(2.0 * re.hypot(im) / weight);
            assert!(
                level <= -100.0,
                "{from} -> {to}, {hz} Hz: image at {level} dB"
            );
        }
    }
}

#[test]
fn lengths_are_rounded_up_and_bits_do_not_depend_on_the_machine() {
    for (from, to) in RATIOS {
        let resampler = Resampler::new(from, to).expect("rates");
        for n in [0_usize, 1, 2, 3, 7, 100, 2_001, 40_000] {
            let signal: Vec<f32> = (0..n)
                .map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5)
                .collect();
            let out = resampler.process(&signal);
            assert_eq!(
                out.len(),
                (n as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize
            );
            let table = resampler.table.as_ref().expect("different rates");
            let portable = resampler.process_with(dot::Portable, table, &signal, &Silent);
            assert!(Ok(&out) == portable.as_ref(), "{from} -> {to}, {n}");
        }
    }
}

#[test]
fn equal_rates_copy_and_odd_rates_are_refused() {
    let same = Resampler::new(16_000, 16_000).expect("rates");
    assert_eq!(same.process(&[0.1, -0.2]), [0.1, -0.2]);
    for (from, to) in [
        (0, 16_000),
        (16_000, 0),
        (999, 16_000),
        (16_000, 4_000_000_000),
    ] {
        assert!(Resampler::new(from, to).is_err());
    }
}

#[test]
fn a_constant_stays_constant() {
    for (from, to) in RATIOS {
        let out = Resampler::new(from, to)
            .expect("rates")
            .process(&vec![0.5; from as usize / 4]);
        assert!(middle(&out).iter().all(|value| (value - 0.5).abs() < 1e-6));
    }
}

/// tests/golden/resample/make.py; tolerance 6e-5, the error of SoX at ratios that are not whole included.
#[test]
fn agrees_with_sox_in_the_passband() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/resample");
    for (from, to) in [
        (48_000, 16_000),
        (44_100, 16_000),
        (24_414, 16_000),
        (22_050, 16_000),
        (8_000, 16_000),
    ] {
        let read = |name: String| std::fs::read(folder.join(name)).expect("a golden file");
        let bytes = read(format!("{from}.i16"));
        let (input, _) = bytes.as_chunks::<2>();
        let input: Vec<f32> = input
            .iter()
            .map(|&b| f32::from(i16::from_le_bytes(b)) / 32_768.0)
            .collect();
        let bytes = read(format!("{from}_{to}.f32"));
        let (theirs, _) = bytes.as_chunks::<4>();
        let ours = Resampler::new(from, to).expect("rates").process(&input);
        let margin = ours.len() / 10;
        let difference = ours
            .iter()
            .zip(theirs)
            .map(|(ours, &theirs)| (ours - f32::from_le_bytes(theirs)).abs())
            .skip(margin)
            .take(ours.len() - 2 * margin)
            .fold(0.0, f32::max);
        println!("{from} -> {to}: {difference:.1e}");
        assert!(difference <= 6e-5, "{from} -> {to}: {difference}");
    }
}

/// A long signal is worked on in blocks: their borders must not show.
#[test]
fn blocks_have_no_borders() {
    for (from, to) in RATIOS {
        let resampler = Resampler::new(from, to).expect("rates");
        let signal: Vec<f32> = (0..60_000)
            .map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5)
            .collect();
        let whole = resampler.process(&signal);
        // A part that starts a whole number of cycles in, far from its ends.
        let (f, t) = (resampler.from as usize, resampler.to as usize);
        let cycles = 10_000_usize.div_ceil(f);
        let part = resampler.process(&signal[cycles * f..]);
        let margin = 1_000 * t.div_ceil(f).max(1);
        if part.len() > 2 * margin {
            let end = part.len() - margin;
            assert!(
                part[margin..end] == whole[cycles * t + margin..][..end - margin],
                "{from} -> {to}"
            );
        }
    }
}

#[test]
fn an_interruption_ends_the_work_at_any_look_and_there_are_many() {
    let resampler = Resampler::new(48_000, 16_000).expect("rates");
    let signal = vec![0.1; 200_000];
    let all = InterruptsAfter::new(usize::MAX);
    assert!(resampler.process_interruptible(&signal, &all).is_ok());
    assert!(
        all.seen() >= 200_000 / INPUT_BLOCK as usize,
        "{}",
        all.seen()
    );
    for looks in 0..all.seen() {
        let progress = InterruptsAfter::new(looks);
        let made = resampler.process_interruptible(&signal, &progress);
        assert_eq!((made, progress.seen()), (Err(Interrupted), looks + 1));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

    #[test]
    fn any_rates_resample_any_length(from in 1_000..768_000_u32, to in 1_000..768_000_u32, n in 0..3_000_usize) {
        let resampler = Resampler::new(from, to).expect("rates");
        let out = resampler.process(&vec![0.5; n]);
        proptest::prop_assert_eq!(out.len() as u64, (n as u64 * u64::from(to)).div_ceil(u64::from(from)));
        proptest::prop_assert!(out.iter().all(|value| value.abs() < 0.8));
        let table = resampler.table.map_or(0, |table| table.rows() * table.taps);
        proptest::prop_assert!(table < 1 << 19, "a table of {} coefficients", table);
    }
}
