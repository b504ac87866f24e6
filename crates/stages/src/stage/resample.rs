//! `resample`: changes the rate of waveforms.

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage};
use pipe_speech::audio::Waveform;
use pipe_speech::dsp::{ResampleStream, ToRate};
use serde::Deserialize;

use crate::items::{AUDIO, Audio, HELD_VALUES, Samples, Spool, UtteranceItem, size_of_values};

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
    fn size(&self, source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        size_of_values(source.waveform_bytes(self.to_rate.rate_hz(), input.bytes))
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
            return Ok(match samples {
                Samples::Held(wave) => Box::new(Audio(wave.clone())),
                Samples::Long(long) => Box::new(long.clone()),
            });
        };
        let rate_hz = self.to_rate.rate_hz();
        let count = resampler.output_len(samples.count());
        if let (Samples::Held(wave), ..=HELD_VALUES) = (&samples, count) {
            let made = resampler.process_interruptible(&wave.samples, context.progress);
            let samples = made.map_err(ItemError::transient)?;
            return Ok(Box::new(Audio::from(Waveform { samples, rate_hz })));
        }
        let mut spool = Spool::new(count, context.scratch)?;
        let (mut stream, mut made) = (ResampleStream::new(resampler), Vec::new());
        samples.each_block(context.progress, &mut |block| {
            stream.push(block, &mut made);
            spool.push(&made)?;
            made.clear();
            Ok(())
        })?;
        stream.finish(&mut made);
        spool.push(&made)?;
        Ok(Audio::of_values(spool.finish()?, rate_hz))
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::Digest;
    use pipe_foundation::progress::Silent;
    use pipe_foundation::test_support::InterruptsAfter;

    use crate::items::LongAudio;
    use crate::items::long_test::{held, long_samples, made, not_held, process};

    use super::*;

    #[test]
    fn samples_that_are_not_held_are_resampled_as_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let samples = long_samples();
        let long = not_held(&samples, 16_000, folder.path());
        let whole = held(samples, 16_000);
        for (rate_hz, is_long) in [(11_025, false), (16_000, true), (22_050, true)] {
            let stage = Resample {
                to_rate: ToRate::new(rate_hz),
            };
            let expected = stage.to_rate.apply(&whole.0).unwrap();
            let expected = Audio::from(expected).encode().unwrap();
            let of_long = made(&stage, &*long, folder.path());
            assert_eq!(of_long.downcast_ref::<LongAudio>().is_some(), is_long);
            for made in [of_long, made(&stage, &whole, folder.path())] {
                assert!(made.encode().unwrap() == expected, "{rate_hz}");
                assert_eq!(made.digest(&Silent).unwrap(), Digest::of(&expected));
            }
        }
        let stage = Resample {
            to_rate: ToRate::new(8_000),
        };
        let stops = InterruptsAfter::new(3);
        assert!(process(&stage, &*long, folder.path(), &stops).is_err());
        assert!(stops.seen() <= 5);
    }
}
