//! Tests of whole synthetic corpora.

use pipe_foundation::Digest;

use super::*;

mod messages;

/// The corpus with the classes of the paper.
fn list(name: &str, config: &CorpusConfig) -> Result<Listing, CorpusError> {
    super::list(name, config, &ListOptions::default())
}

/// The `[corpus.<name>]` table of the crate's own `corpora.toml`.
fn shipped(name: &str) -> CorpusConfig {
    let text = include_str!("../../../../../../corpora.toml");
    let mut file: toml::Table = text.parse().expect("valid TOML");
    let table = file["corpus"]
        .as_table_mut()
        .and_then(|corpora| corpora.remove(name))
        .expect("the corpus is listed");
    table.try_into().expect("a corpus configuration")
}

const SHIPPED: [&str; 4] = [
    "synthetic_studio",
    "synthetic_office",
    "synthetic_hall",
    "synthetic_kitchen",
];

fn audio(entry: &Entry) -> &SyntheticUtterance {
    match &entry.source {
        AudioSource::Synthetic(utterance) => utterance,
        AudioSource::File { .. } => panic!("not synthetic"),
    }
}

fn rms(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    (power / samples.len() as f64).sqrt()
}

/// A corpus without room and noise, to measure the voice alone.
fn clean() -> CorpusConfig {
    let mut config = shipped("synthetic_studio");
    config.options = [
        ("speakers", serde_json::json!(8)),
        ("utterances_per_label", serde_json::json!(3)),
        ("snr_db", serde_json::json!(100)),
        ("level_db", serde_json::json!(-40)),
    ]
    .map(|(name, value)| (name.to_string(), value))
    .into();
    config
}

fn with(mut config: CorpusConfig, option: &str, value: serde_json::Value) -> CorpusConfig {
    config.options.insert(option.to_string(), value);
    config
}

fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

/// Mean over the entries that `chosen` picks.
fn mean(listing: &Listing, chosen: impl Fn(&Utterance) -> bool, of: impl Fn(&Entry) -> f64) -> f64 {
    let values: Vec<f64> = listing
        .entries
        .iter()
        .filter(|entry| chosen(&entry.utterance))
        .map(of)
        .collect();
    assert!(!values.is_empty());
    values.iter().sum::<f64>() / values.len() as f64
}

/// Fundamental frequency of a frame in Hz: the highest peak of the normalised autocorrelation, where it
/// is above 0.6; the shortest lag within 0.9 of it avoids octave errors.
fn measured_f0_hz(frame: &[f32], rate_hz: u32) -> Option<f64> {
    let lags = (rate_hz / 500) as usize..=(rate_hz / 60) as usize;
    let correlation: Vec<f64> = lags
        .clone()
        .map(|lag| {
            let (mut xy, mut xx, mut yy) = (0.0, 1e-12, 1e-12);
            for (&x, &y) in frame.iter().zip(&frame[lag..]) {
                let (x, y) = (f64::from(x), f64::from(y));
                xy += x * y;
                xx += x * x;
                yy += y * y;
            }
            xy / (xx * yy).sqrt()
        })
        .collect();
    let highest = correlation.iter().copied().fold(0.0, f64::max);
    let peak = (1..correlation.len() - 1).find(|&i| {
        correlation[i] >= 0.9 * highest
            && correlation[i] >= correlation[i - 1]
            && correlation[i] >= correlation[i + 1]
    })?;
    (highest > 0.6).then(|| f64::from(rate_hz) / (lags.start() + peak) as f64)
}

/// Median of the measured fundamental frequency over an utterance in Hz.
fn median_f0_hz(utterance: &SyntheticUtterance) -> f64 {
    let wave = utterance.render();
    let length = (wave.rate_hz / 20) as usize;
    let mut track: Vec<f64> = wave
        .samples
        .chunks_exact(length)
        .filter(|frame| rms(frame) > 0.3 * rms(&wave.samples))
        .filter_map(|frame| measured_f0_hz(frame, wave.rate_hz))
        .collect();
    assert!(track.len() > 3, "almost nothing is voiced");
    track.sort_by(f64::total_cmp);
    track[track.len() / 2]
}

#[test]
fn shipped_corpora_have_their_official_counts() {
    for name in SHIPPED {
        let config = shipped(name);
        let listing = list(name, &config).expect("a valid corpus");
        let official = config.official.expect("counts are given");
        assert_eq!(listing.entries.len(), official.utterances, "{name}");
        let speakers: std::collections::BTreeSet<_> = listing
            .entries
            .iter()
            .map(|entry| (&entry.utterance.speaker, entry.utterance.gender))
            .collect();
        assert_eq!(speakers.len(), official.speakers, "{name}");
        let women = speakers
            .iter()
            .filter(|(_, gender)| *gender == Some(Gender::Female));
        assert_eq!(women.count() * 2, official.speakers, "{name}");
        assert!(config.title.contains("ynthetic"), "{name} says what it is");
        let ids: Vec<_> = listing.entries.iter().map(|e| &e.utterance.id).collect();
        assert!(
            ids.windows(2).all(|pair| pair[0] < pair[1]),
            "sorted, unique"
        );
    }
}

/// Of all that determines the samples.
fn digest(utterance: &SyntheticUtterance) -> Digest {
    let fields = serde_json::json!({ "synthetic": VERSION, "utterance": utterance });
    Digest::of(fields.to_string().as_bytes())
}

#[test]
fn samples_are_the_same_on_every_machine() {
    // Raise VERSION whenever one of these digests has to change.
    let mut found = String::new();
    for name in SHIPPED {
        let listing = list(name, &shipped(name)).expect("a valid corpus");
        let utterance = audio(&listing.entries[0]);
        let bytes: Vec<u8> = utterance
            .render()
            .samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        let samples = Digest::of(&bytes);
        found += &format!("{name} {} {}\n", digest(utterance).short(), samples.short());
    }
    assert_eq!(VERSION, 1);
    insta::assert_snapshot!(found, @r"
synthetic_studio 4518c4218488 2f688998a447
synthetic_office b9d778d9a1ec 93ad0be0e33d
synthetic_hall 352503513eb6 bcff7577f975
synthetic_kitchen 05b5968cb9f0 60611e3aa517
");
}

#[test]
fn length_is_known_without_rendering_and_survives_json() {
    for name in SHIPPED {
        for entry in list(name, &shipped(name))
            .expect("valid")
            .entries
            .iter()
            .step_by(37)
        {
            let utterance = audio(entry);
            let wave = utterance.render();
            assert_eq!(wave.samples.len(), utterance.samples());
            assert_eq!(wave.duration_s(), utterance.duration_s());
            assert!((0.7..5.0).contains(&utterance.duration_s()));
            let json = serde_json::to_string(utterance).expect("plain data");
            let back: SyntheticUtterance = serde_json::from_str(&json).expect("the same data");
            assert_eq!(&back, utterance);
            assert_eq!(digest(&back), digest(utterance));
        }
    }
}

#[test]
fn more_speakers_and_takes_leave_the_others_alone() {
    let few = list("c", &clean()).expect("valid");
    let more = with(clean(), "speakers", serde_json::json!(9));
    let more = with(more, "utterances_per_label", serde_json::json!(5));
    let more = list("c", &more).expect("valid");
    assert_eq!(more.entries.len(), 9 * 5 * 5);
    for entry in &few.entries {
        assert!(more.entries.contains(entry), "{}", entry.utterance.id);
    }
}

#[test]
fn names_and_seeds_give_other_utterances() {
    let first = |listing: Listing| audio(&listing.entries[0]).clone();
    let plain = first(list("c", &clean()).expect("valid"));
    let renamed = first(list("d", &clean()).expect("valid"));
    let seeded = with(clean(), "seed", serde_json::json!(2));
    let seeded = first(list("c", &seeded).expect("valid"));
    assert_ne!(plain.seed, renamed.seed);
    assert_ne!(plain.seed, seeded.seed);
    assert_ne!(plain.speaker, seeded.speaker);
}

#[test]
fn measured_pitch_follows_gender_and_emotion() {
    let listing = list("c", &clean()).expect("valid");
    let pitch = |chosen: &dyn Fn(&Utterance) -> bool| {
        mean(&listing, chosen, |entry| median_f0_hz(audio(entry)))
    };
    let neutral = |gender| {
        pitch(&|utterance: &Utterance| {
            &*utterance.label == "neutral" && utterance.gender == Some(gender)
        })
    };
    let (female, male) = (neutral(Gender::Female), neutral(Gender::Male));
    assert!((180.0..250.0).contains(&female), "female {female:.0} Hz");
    assert!((100.0..145.0).contains(&male), "male {male:.0} Hz");
    let label =
        |label: &'static str| pitch(&move |utterance: &Utterance| &*utterance.label == label);
    let plain = label("neutral");
    assert!(label("happiness") > 1.15 * plain);
    assert!(label("fear") > 1.15 * plain);
    assert!(label("sadness") < 0.97 * plain);
}

#[test]
fn level_and_tempo_follow_emotion() {
    let listing = list("c", &clean()).expect("valid");
    let level = |label: &str| {
        mean(
            &listing,
            |u| &*u.label == label,
            |entry| decibels(rms(&audio(entry).render().samples)),
        )
    };
    let length = |label: &str| mean(&listing, |u| &*u.label == label, |e| audio(e).duration_s());
    let plain = level("neutral");
    assert!(
        (-43.0..-37.0).contains(&plain),
        "plain speech at {plain:.1} dB, not -40"
    );
    assert!(level("anger") > plain + 6.0);
    assert!(level("sadness") < plain - 5.0);
    assert!(length("sadness") > 1.2 * length("neutral"));
    assert!(length("anger") < 0.95 * length("neutral"));
}

#[test]
fn rooms_ring_and_noise_has_its_level() {
    let end_db = |config: &CorpusConfig| {
        let listing = list("c", config).expect("valid");
        mean(
            &listing,
            |u| &*u.label == "neutral",
            |entry| {
                let samples = audio(entry).render().samples;
                // Speech ends at least 80 ms before the file does.
                decibels(rms(&samples[samples.len() - 16 * 50..]))
            },
        )
    };
    let dry = end_db(&clean());
    let studio = end_db(&with(clean(), "room", serde_json::json!("studio")));
    let hall = end_db(&with(clean(), "room", serde_json::json!("hall")));
    assert!(
        dry < studio && studio + 15.0 < hall,
        "{dry:.1} {studio:.1} {hall:.1} dB"
    );
    for noise in Noise::ALL.map(Noise::name) {
        let config = with(clean(), "snr_db", serde_json::json!(20));
        let level = end_db(&with(config, "noise", serde_json::json!(noise)));
        // Plain speech is at -40 dB, so the noise belongs at -60 dB.
        assert!((level + 60.0).abs() < 2.5, "{noise} noise at {level:.1} dB");
    }
}

#[test]
fn microphone_tilt_moves_treble_against_bass() {
    // The first difference weighs treble; its RMS against the RMS itself is a measure of brightness.
    let brightness = |tilt_db: f64| {
        let listing = list("c", &with(clean(), "tilt_db", serde_json::json!(tilt_db)));
        mean(
            &listing.expect("valid"),
            |u| &*u.label == "neutral",
            |entry| {
                let samples = audio(entry).render().samples;
                let difference: Vec<f32> = samples.windows(2).map(|w| w[1] - w[0]).collect();
                decibels(rms(&difference) / rms(&samples))
            },
        )
    };
    let (dull, flat, bright) = (brightness(-12.0), brightness(0.0), brightness(12.0));
    assert!(
        dull + 1.0 < flat && flat + 1.0 < bright,
        "{dull:.1} {flat:.1} {bright:.1}"
    );
}

#[test]
fn every_language_room_rate_and_label_renders_sound() {
    let mut config = clean();
    config.labels.neutral = Expression::labels().map(str::to_string).collect();
    config.labels.positive.clear();
    config.labels.negative.clear();
    let tags: Vec<_> = Language::ALL
        .iter()
        .map(|language| language.tag())
        .collect();
    config = with(config, "languages", serde_json::json!(tags));
    config = with(config, "utterances_per_label", serde_json::json!(1));
    config = with(config, "level_db", serde_json::json!(-6));
    config = with(config, "strength", serde_json::json!(2));
    for (room, rate_hz) in Room::ALL
        .iter()
        .zip([8_000, 11_025, 24_414, 48_000, 96_000])
    {
        let config = with(config.clone(), "room", serde_json::json!(room.name()));
        let config = with(config, "rate_hz", serde_json::json!(rate_hz));
        for entry in list("c", &config).expect("valid").entries {
            let wave = audio(&entry).render();
            assert_eq!(wave.rate_hz, rate_hz);
            assert!(
                wave.samples
                    .iter()
                    .all(|sample| (-1.0..=1.0).contains(sample)),
                "{} at {rate_hz} Hz",
                entry.utterance.id
            );
            assert!(rms(&wave.samples) > 1e-3, "{}", entry.utterance.id);
        }
    }
}

#[test]
fn dropped_labels_are_reported() {
    let mut config = clean();
    config.labels.negative.retain(|label| label != "fear");
    config.labels.dropped.push("fear".to_string());
    let listing = list("c", &config).expect("valid");
    assert_eq!(listing.entries.len(), 8 * 4 * 3);
    assert_eq!(listing.dropped.len(), 8 * 3);
    assert_eq!(listing.dropped[0].what, "f01_fear_01");
    assert_eq!(listing.dropped[0].reason, "label fear is mapped to dropped");
}
