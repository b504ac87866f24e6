//! Tests of whole synthetic corpora.

use super::*;

/// The `[corpus.<name>]` table of the crate's own `corpora.toml`.
fn shipped(name: &str) -> CorpusConfig {
    let text = include_str!("../../../corpora.toml");
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

#[test]
#[ignore = "writes every shipped corpus as WAV below $SYNTHETIC_OUT, for listening and plots"]
fn export() {
    let Ok(folder) = std::env::var("SYNTHETIC_OUT") else {
        eprintln!("skipped: SYNTHETIC_OUT is not set");
        return;
    };
    let folder = std::path::Path::new(&folder);
    let mut table = csv::Writer::from_path(folder.join("index.csv")).expect("a writable folder");
    for name in SHIPPED {
        let (mut seconds, started) = (0.0, std::time::Instant::now());
        let listing = list(name, &shipped(name)).expect("a valid corpus");
        let mut rendered = Vec::new();
        for entry in &listing.entries {
            let wave = audio(entry).render();
            seconds += wave.duration_s();
            rendered.push((entry, wave));
        }
        let spent = started.elapsed().as_secs_f64();
        eprintln!(
            "{name}: {} utterances, {seconds:.1} s in {spent:.3} s: {:.0} times real time",
            rendered.len(),
            seconds / spent
        );
        for (entry, wave) in rendered {
            let utterance = &entry.utterance;
            let file = format!("{}.wav", utterance.id.replace('/', "."));
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: wave.rate_hz,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut writer = hound::WavWriter::create(folder.join(&file), spec).expect("a file");
            for sample in &wave.samples {
                writer
                    .write_sample((sample * 32767.0) as i16)
                    .expect("written");
            }
            writer.finalize().expect("written");
            let gender = format!("{:?}", utterance.gender.expect("known"));
            table
                .write_record([
                    &file,
                    &utterance.corpus,
                    &utterance.speaker,
                    &gender,
                    &utterance.label,
                    utterance.emotion.name(),
                ])
                .expect("written");
        }
    }
}

#[test]
fn placeholder_rms() {
    for name in SHIPPED {
        let listing = list(name, &shipped(name)).expect("a valid corpus");
        let mut by: std::collections::BTreeMap<&str, Vec<f64>> = Default::default();
        for entry in &listing.entries {
            let w = audio(entry).render();
            let peak = w.samples.iter().fold(0.0f32, |a, b| a.max(b.abs()));
            let e = by.entry(&entry.utterance.label).or_default();
            e.push(20.0 * rms(&w.samples).log10());
            if peak >= 1.0 {
                eprintln!("clip {}", entry.utterance.id)
            }
        }
        for (l, v) in by {
            eprintln!(
                "{name} {l} {:.1} dBFS",
                v.iter().sum::<f64>() / v.len() as f64
            );
        }
    }
}
