//! A telephone channel: a band from 300 Hz to 3.4 kHz (ITU-T G.712), and eight bits a sample (ITU-T G.711).

use std::f64::consts::PI;
use std::sync::Arc;

use pipe_foundation::exact;
use pipe_foundation::keys::{Key, Values};
use pipe_foundation::progress::{Interrupted, Progress};
use pipe_foundation::random::uniform;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::audio::{Waveform, g711};

use super::error::PerturbError;
use super::kind::{Need, Perturbation, PerturbationKind, Place, Recordings};
use super::level::BLOCK;
use super::making::Making;

/// Through the channel and back to the rate.
pub const KIND: PerturbationKind = PerturbationKind {
    name: "telephone",
    doc: "what arrives at the other end of a line.",
    place: Place::Line,
    keys: &[
        Key::optional(
            "telephone_share",
            Values::FRACTION,
            "Share of the copies that pass a telephone channel, from 0 to 1: a band from 300 Hz to 3.4 kHz, and G.711's eight bits a sample at 8 kHz, brought back to the rate. None without it.",
        ),
        Key::optional(
            "telephone_law",
            Values::Choice(CompandingLaw::NAMES),
            "How the telephone channel codes samples: mu_law as in North America and Japan, which is the default, or a_law as elsewhere.",
        ),
    ],
    needs: &[Need {
        key: "telephone_law",
        other: "telephone_share",
        example: "0.5",
    }],
    read,
};

#[derive(Debug, Deserialize)]
struct Keys {
    telephone_share: Option<f64>,
    telephone_law: Option<CompandingLaw>,
}

#[derive(Debug)]
struct Telephone {
    /// Share of the copies that pass the channel.
    share: f64,
    /// How it codes samples.
    law: CompandingLaw,
}

fn read(
    keys: Map<String, Value>,
    _: &Recordings,
) -> Result<Option<Arc<dyn Perturbation>>, serde_json::Error> {
    let keys: Keys = serde_json::from_value(keys.into())?;
    let Some(share) = keys.telephone_share else {
        return Ok(None);
    };
    let law = keys.telephone_law.unwrap_or_default();
    Ok(Some(Arc::new(Telephone { share, law })))
}

impl Perturbation for Telephone {
    fn apply(&self, samples: Vec<f32>, making: &Making<'_>) -> Result<Vec<f32>, PerturbError> {
        if uniform(&mut making.stream("telephone")) >= self.share {
            return Ok(samples);
        }
        let (length, rate_hz) = (samples.len(), making.rate_hz);
        let mut narrow = making.at_rate(Waveform { samples, rate_hz }, NARROW_HZ)?;
        companded(&mut narrow, self.law, making.progress)?;
        let wide = Waveform {
            samples: narrow,
            rate_hz: NARROW_HZ,
        };
        let mut wide = making.at_rate(wide, rate_hz)?;
        wide.resize(length, 0.0);
        Ok(wide)
    }
}

/// The rate of a telephone line in Hz. The filter that brings speech to it passes up to 3.6 kHz.
const NARROW_HZ: u32 = 8000;
/// Where the band starts, in Hz.
const LOWEST_HZ: f64 = 300.0;

/// How samples become bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CompandingLaw {
    /// As in North America and Japan.
    #[default]
    MuLaw,
    /// As elsewhere.
    ALaw,
}

impl CompandingLaw {
    /// The name of each.
    const NAMES: &'static [&'static str] = &["mu_law", "a_law"];

    fn through(self, sample: i16) -> i16 {
        match self {
            Self::MuLaw => g711::mu_law(g711::mu_law_byte(sample)),
            Self::ALaw => g711::a_law(g711::a_law_byte(sample)),
        }
    }
}

/// Sends samples at [`NARROW_HZ`] through the channel, in place. What exceeds full scale is clipped.
fn companded(
    samples: &mut [f32],
    law: CompandingLaw,
    progress: &dyn Progress,
) -> Result<(), Interrupted> {
    let mut sections = high_pass(LOWEST_HZ, f64::from(NARROW_HZ));
    for block in samples.chunks_mut(BLOCK) {
        progress.check()?;
        for sample in block {
            let high = sections
                .iter_mut()
                .fold(f64::from(*sample), |value, section| section.next(value));
            let whole = (high * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
            *sample = f32::from(law.through(whole)) / 32_768.0;
        }
    }
    Ok(())
}

/// A recursive filter of second order, in transposed direct form II.
struct Section {
    ahead: [f64; 3],
    back: [f64; 2],
    state: [f64; 2],
}

impl Section {
    fn next(&mut self, value: f64) -> f64 {
        let [b0, b1, b2] = self.ahead;
        let [a1, a2] = self.back;
        let result = b0 * value + self.state[0];
        self.state = [
            b1 * value - a1 * result + self.state[1],
            b2 * value - a2 * result,
        ];
        result
    }
}

/// A Butterworth high-pass filter of fourth order, by the bilinear transform, as `scipy.signal.butter` designs it.
fn high_pass(cutoff_hz: f64, rate_hz: f64) -> [Section; 2] {
    let warped = exact::tan(PI * cutoff_hz / rate_hz);
    [1.0, 3.0].map(|k| {
        let damping = 2.0 * exact::cos(k * PI / 8.0) * warped;
        let scale = 1.0 / (1.0 + damping + warped * warped);
        Section {
            ahead: [scale, -2.0 * scale, scale],
            back: [
                2.0 * (warped * warped - 1.0) * scale,
                (1.0 - damping + warped * warped) * scale,
            ],
            state: [0.0; 2],
        }
    })
}

#[cfg(test)]
mod tests {
    use pipe_foundation::progress::Silent;

    use super::*;

    fn level_db(hz: f64) -> f64 {
        let mut sections = high_pass(LOWEST_HZ, 8000.0);
        let tone = |i: usize| (2.0 * PI * hz * i as f64 / 8000.0).sin();
        let steady: Vec<f64> = (0..16_000)
            .map(|i| {
                sections
                    .iter_mut()
                    .fold(tone(i), |value, section| section.next(value))
            })
            .skip(8000)
            .collect();
        let power = steady.iter().map(|value| value * value).sum::<f64>() / steady.len() as f64;
        10.0 * (2.0 * power).log10()
    }

    #[test]
    fn the_band_starts_as_butterworth_says() {
        let warped = |hz: f64| (PI * hz / 8000.0).tan();
        for hz in [60.0, 150.0, 300.0, 600.0, 2000.0] {
            let ratio: f64 = warped(LOWEST_HZ) / warped(hz);
            let expected = -10.0 * (1.0 + ratio.powi(8)).log10();
            assert!(
                (level_db(hz) - expected).abs() < 0.01,
                "{hz}: {}",
                level_db(hz)
            );
        }
    }

    #[test]
    fn samples_are_those_that_eight_bits_can_have() {
        for law in [CompandingLaw::MuLaw, CompandingLaw::ALaw] {
            let mut samples: Vec<f32> = (0..8000)
                .map(|i| 1.5 * (i as f32 * 0.7).sin() * i as f32 / 8000.0)
                .collect();
            companded(&mut samples, law, &Silent).unwrap();
            samples.sort_by(f32::total_cmp);
            samples.dedup();
            assert!(
                (200..=256).contains(&samples.len()),
                "{law:?}: {}",
                samples.len()
            );
            assert!(samples.iter().all(|sample| sample.abs() < 1.0));
        }
    }
}
