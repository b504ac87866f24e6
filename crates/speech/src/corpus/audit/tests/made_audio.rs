//! Recordings that resemble speech, in a folder of their own.

use std::path::PathBuf;
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::progress::Silent;
use pipe_foundation::test_support::noise;

use crate::audio::{WavEncoding, Waveform, write_wav_as};
use crate::corpus::{AudioSource, Split, Utterance};

use super::super::{Audited, Fingerprinter, measure};

/// Something like speech: noise through moving resonances, in syllables whose lengths and levels differ.
pub fn speech(seed: u32, rate_hz: u32, seconds: f64) -> Waveform {
    let count = (seconds * f64::from(rate_hz)) as usize;
    let draws = noise(64, seed.wrapping_mul(977) + 1);
    let excitation = noise(count, seed);
    let mut samples = Vec::with_capacity(count);
    let (mut one, mut two) = (0.0_f64, 0.0_f64);
    let syllable = rate_hz as usize / 6;
    let mut phase = 0.0_f64;
    for (index, noise) in excitation.iter().enumerate() {
        let at = index / syllable;
        let draw = |offset: usize| f64::from(draws[(at * 3 + offset) % draws.len()]);
        let pitch_hz = 160.0 + 60.0 * draw(0);
        phase += pitch_hz / f64::from(rate_hz);
        let within = (index % syllable) as f64 / syllable as f64;
        let envelope = (within * std::f64::consts::PI).sin() * (0.55 + 0.45 * draw(1));
        let buzz = if phase.fract() < 0.1 { 1.0 } else { -0.1 };
        let resonance_hz = 450.0 + 250.0 * draw(2);
        let angle = std::f64::consts::TAU * resonance_hz / f64::from(rate_hz);
        let radius = 1.0 - 300.0 / f64::from(rate_hz);
        let input = buzz + 0.1 * f64::from(*noise);
        let next = input + 2.0 * radius * angle.cos() * one - radius * radius * two;
        two = one;
        one = next;
        samples.push((next * envelope) as f32);
    }
    let peak = samples.iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
    for sample in &mut samples {
        *sample *= 0.5 / peak;
    }
    Waveform { samples, rate_hz }
}

/// A folder of made recordings.
pub struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The file of `id`.
    pub fn path(&self, id: &str) -> PathBuf {
        self.folder
            .path()
            .join(format!("{}.wav", id.replace('/', "_")))
    }

    /// 16-bit PCM.
    pub fn of(&self, id: &str, wave: &Waveform) -> Audited {
        self.with(id, wave, WavEncoding::Pcm16)
    }

    /// As the program writes waveforms.
    pub fn with(&self, id: &str, wave: &Waveform, encoding: WavEncoding) -> Audited {
        write_wav_as(&self.path(id), wave, encoding).unwrap();
        self.listed(id)
    }

    /// Integers of so many bits, in channels of these gains.
    pub fn interleaved(&self, id: &str, wave: &Waveform, bits: u16, gains: &[f32]) -> Audited {
        let spec = hound::WavSpec {
            channels: gains.len() as u16,
            sample_rate: wave.rate_hz,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let full_scale = (1_i32 << (bits - 1)) as f32;
        let mut writer = hound::WavWriter::create(self.path(id), spec).unwrap();
        for sample in &wave.samples {
            for gain in gains {
                writer
                    .write_sample((sample * gain * full_scale) as i32)
                    .unwrap();
            }
        }
        writer.finalize().unwrap();
        self.listed(id)
    }

    /// The file of `id`, which is there, by a speaker of its own in training.
    pub fn listed(&self, id: &str) -> Audited {
        let path = self.path(id);
        let digest = Digest::of(&std::fs::read(&path).unwrap());
        listed(
            id,
            AudioSource::File {
                path,
                segment_s: None,
                channel: None,
            },
            digest,
        )
    }
}

/// An utterance of a speaker of its own in training.
pub fn listed(id: &str, source: AudioSource, digest: Digest) -> Audited {
    let measured = measure(&source, &Fingerprinter::default(), &Silent);
    Audited {
        utterance: Utterance {
            id: id.to_owned(),
            corpus: id.split('/').next().unwrap().into(),
            speaker: id.into(),
            gender: None,
            language: "en".into(),
            label: "happy".into(),
            class: Some("happy".into()),
            votes: None,
            columns: None,
            split: Split::Train,
        },
        source,
        digest,
        measured: Arc::new(measured),
    }
}
