//! `resample`: changes the rate of waveforms.

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemStage, Stage};
use pipe_speech::audio::Waveform;
use pipe_speech::dsp::{ResampleStream, ToRate};
use serde::Deserialize;

use crate::items::{AUDIO, Audio, Samples, UtteranceItem, fault};

use super::options::options;
use super::parameters::WAVEFORMS;
use super::setting::Setting;

pub static KIND: Kind = Kind {
    name: "resample",
    version: 1,
    doc: "Changes the rate of waveforms: flat to 0.1 dB up to 0.9 of the lower Nyquist frequency, 100 dB down beyond it.",
    parameters: &[
        WAVEFORMS,
        Parameter::default(
            "rate_hz",
            Shape::Integer {
                min: 1000,
                max: 768_000,
            },
            "16000",
            "Sample rate of the result in Hz.",
        ),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| AUDIO,
    validate: |_| Vec::new(),
};

#[derive(Deserialize)]
struct Options {
    rate_hz: u32,
}

struct Resample {
    to_rate: ToRate,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    let Options { rate_hz } = options(declaration)?;
    Ok(Stage::Items(Box::new(Resample {
        to_rate: ToRate::new(rate_hz),
    })))
}

impl ItemStage for Resample {
    fn memory_bytes(&self, source: &dyn ItemFacts, input_bytes: u64) -> u64 {
        source.waveform_bytes(self.to_rate.rate_hz(), input_bytes)
    }

    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let samples = Samples::of(input)?;
        let resampler = self.to_rate.resampler(samples.rate_hz());
        let Some(resampler) = resampler.map_err(ItemError::permanent)? else {
            return Ok(Box::new(Audio(samples.together(context.progress)?)));
        };
        let samples = match samples {
            Samples::Held(wave) => {
                let made = resampler.process_interruptible(&wave.samples, context.progress);
                made.map_err(ItemError::transient)?
            }
            Samples::Long(long) => {
                let mut made = Vec::with_capacity(resampler.output_len(long.samples()) as usize);
                let mut stream = ResampleStream::new(resampler);
                long.blocks(context.progress, &mut |block| stream.push(block, &mut made))
                    .map_err(fault)?;
                stream.finish(&mut made);
                made
            }
        };
        Ok(Box::new(Audio::from(Waveform {
            samples,
            rate_hz: self.to_rate.rate_hz(),
        })))
    }
}
