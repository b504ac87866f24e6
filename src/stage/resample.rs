//! `resample`: changes the rate of waveforms.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde::Deserialize;

use crate::artifact::{ArtifactKind, ItemData};
use crate::audio::Waveform;
use crate::corpus::Corpora;
use crate::dsp::{ResampleError, Resampler};
use crate::manifest::{Declaration, Gathers, Kind, Parameter, Problems, Shape};

use super::{ItemContext, ItemCopy, ItemError, ItemStage, MAX_BAD, STORE, Stage};

pub static KIND: Kind = Kind {
    name: "resample",
    version: 1,
    doc: "Changes the rate of waveforms: flat to 0.1 dB up to 0.9 of the lower Nyquist frequency, 100 dB down beyond it.",
    parameters: &[
        Parameter::required(
            "input",
            Shape::OneOrMany(&Shape::Input(&[ArtifactKind::Audio])),
            "Waveforms.",
        ),
        Parameter::default(
            "rate_hz",
            Shape::Integer {
                min: 1000,
                max: 768_000,
            },
            "16000",
            "Rate of the result in Hz.",
        ),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| ArtifactKind::Audio,
    validate: |_| Vec::new(),
};

#[derive(Deserialize)]
struct Options {
    rate_hz: u32,
}

struct Resample {
    rate_hz: u32,
    by_rate: Mutex<HashMap<u32, Arc<Resampler>>>,
}

pub fn build(declaration: &Declaration, _corpora: &Corpora) -> Result<Stage, Problems> {
    let Options { rate_hz } = super::options(declaration)?;
    Ok(Stage::Items(Box::new(Resample {
        rate_hz,
        by_rate: Mutex::default(),
    })))
}

impl Resample {
    fn resampler(&self, from_hz: u32) -> Result<Arc<Resampler>, ResampleError> {
        let mut by_rate = self
            .by_rate
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        if let Some(resampler) = by_rate.get(&from_hz) {
            return Ok(resampler.clone());
        }
        let resampler = Arc::new(Resampler::new(from_hz, self.rate_hz)?);
        by_rate.insert(from_hz, resampler.clone());
        Ok(resampler)
    }
}

impl ItemStage for Resample {
    fn process(
        &self,
        _copy: &ItemCopy,
        input: &ItemData,
        _context: &ItemContext<'_>,
    ) -> Result<ItemData, ItemError> {
        let ItemData::Audio(wave) = input else {
            return Err(ItemError::lasting("not audio"));
        };
        if wave.rate_hz == self.rate_hz {
            return Ok(input.clone());
        }
        let resampler = self.resampler(wave.rate_hz).map_err(ItemError::lasting)?;
        Ok(ItemData::Audio(Waveform {
            samples: resampler.process(&wave.samples),
            rate_hz: self.rate_hz,
        }))
    }
}
