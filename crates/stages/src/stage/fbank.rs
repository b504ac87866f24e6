//! `fbank`: Kaldi-compatible log-mel filterbank features, normalised per utterance.

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage};
use pipe_speech::dsp::{Fbank, FbankError, Moments, NormalisedFbank};
use serde_json::Value as Json;

use crate::items::{
    AUDIO, FEATURES, FeatureItem, HELD_VALUES, Samples, Spool, UtteranceItem, size_of_values,
};
use crate::predict::fbank_options;

use super::options::refused;
use super::setting::Setting;

const MILLISECONDS: Shape = Shape::Float {
    min: 0.1,
    max: 1000.0,
};
const HERTZ: Shape = Shape::Float {
    min: -384_000.0,
    max: 384_000.0,
};

pub static KIND: Kind = Kind {
    name: "fbank",
    version: 1,
    doc: "Log-mel filterbank features [frames, bins], equal to Kaldi's compute-fbank-feats within 1e-3.",
    parameters: &[
        Parameter::required(
            "input",
            Shape::OneOrMany(&Shape::Input(&[AUDIO])),
            "Waveforms, all at `sample_rate_hz`.",
        ),
        Parameter::default(
            "sample_rate_hz",
            Shape::Integer {
                min: 1000,
                max: 768_000,
            },
            "16000",
            "Rate the audio must have, in Hz.",
        ),
        Parameter::default(
            "bins",
            Shape::Integer { min: 1, max: 1024 },
            "40",
            "Mel filters, the columns of the result.",
        ),
        Parameter::default(
            "frame_length_ms",
            MILLISECONDS,
            "25.0",
            "Length of a frame in ms.",
        ),
        Parameter::default(
            "frame_shift_ms",
            MILLISECONDS,
            "10.0",
            "Distance between the starts of neighbouring frames in ms.",
        ),
        Parameter::default(
            "window",
            Shape::Choice(&[
                "povey",
                "hamming",
                "hann",
                "blackman",
                "sine",
                "rectangular",
            ]),
            "\"povey\"",
            "Window function, as Kaldi names them.",
        ),
        Parameter::default(
            "preemphasis",
            Shape::Float { min: 0.0, max: 1.0 },
            "0.97",
            "Coefficient of the pre-emphasis filter.",
        ),
        Parameter::default(
            "remove_dc",
            Shape::Bool,
            "true",
            "Subtract each frame's mean first.",
        ),
        Parameter::default(
            "low_hz",
            HERTZ,
            "20.0",
            "Lower edge of the first filter in Hz.",
        ),
        Parameter::default(
            "high_hz",
            HERTZ,
            "0.0",
            "Upper edge of the last filter in Hz; 0 or less counts from the Nyquist frequency.",
        ),
        Parameter::default(
            "dither",
            Shape::Float { min: 0.0, max: 1e4 },
            "0.0",
            "Standard deviation of added noise on the scale of 16-bit samples.",
        ),
        Parameter::default(
            "snip_edges",
            Shape::Bool,
            "true",
            "Only frames that are wholly within the audio.",
        ),
        Parameter::default(
            "use_power",
            Shape::Bool,
            "true",
            "Use squared magnitudes instead of magnitudes.",
        ),
        Parameter::default(
            "use_log",
            Shape::Bool,
            "true",
            "Take the natural logarithm of the energies.",
        ),
        Parameter::default(
            "log_floor",
            Shape::Float {
                min: 1e-30,
                max: 1e30,
            },
            "1.1920928955078125e-7",
            "Energies below this are raised to it before the logarithm.",
        ),
        Parameter::default(
            "sample_scale",
            Shape::Float {
                min: 1e-6,
                max: 1e6,
            },
            "32768.0",
            "Samples in -1..=1 are multiplied by this; Kaldi reads 16-bit samples as they are.",
        ),
        Parameter::default(
            "normalise",
            Shape::Choice(&["none", "mean", "mean_variance"]),
            "\"mean_variance\"",
            "What is normalised in each utterance, per coefficient.",
        ),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| FEATURES,
    validate,
};

fn validate(parameters: &serde_json::Map<String, Json>) -> Vec<Diagnostic> {
    let (options, _) = fbank_options(parameters).unwrap_or_default();
    let Err(error) = Fbank::new(options) else {
        return Vec::new();
    };
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    let found = match &error {
        FbankError::Option {
            option,
            value,
            valid,
        } => {
            let message = format!("`{option}` does not fit the other parameters: {value}");
            Diagnostic::of_value(*option, message, "out of range")
                .help(format!("`{option}` must be {valid}"))
        }
        _ => {
            let label = "too many for these edges and this frame length";
            Diagnostic::of_value("bins", error.to_string(), label).help_if(help)
        }
    };
    vec![found]
}

struct FbankStage {
    fbank: NormalisedFbank,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    // Parameters that do not fit were reported where they are written; this is never run then.
    let (options, normalisation) = fbank_options(&declaration.parameters).unwrap_or_default();
    let fbank = NormalisedFbank::new(options, normalisation)
        .map_err(|error| refused(declaration, &error))?;
    Ok(Stage::Items(Box::new(FbankStage { fbank })))
}

impl ItemStage for FbankStage {
    /// The upper edge as a frequency above 0.
    fn effective_parameters(&self, all: &Json) -> Json {
        let mut effective = all.clone();
        if let Json::Object(fields) = &mut effective {
            let upper_hz = self.fbank.fbank().options().upper_hz();
            fields.insert("high_hz".into(), upper_hz.into());
        }
        effective
    }

    fn size(&self, source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        let options = self.fbank.fbank().options();
        let shift_bytes = 4 * options.frame_shift().max(1) as u64;
        let samples_bytes = source.waveform_bytes(options.sample_rate_hz, input.bytes);
        let frames = samples_bytes / shift_bytes + 1;
        let size = size_of_values(frames.saturating_mul(4 * options.bins as u64));
        match options.dither > 0.0 {
            false => size,
            // Its noise depends on every sample, and is added to a copy of all.
            true => ItemSize {
                memory_bytes: size.memory_bytes.saturating_add(samples_bytes),
                ..ItemSize::held(size.bytes).with_all_of(input)
            },
        }
    }

    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let samples = Samples::of(input)?;
        let (has_hz, wanted_hz) = (
            samples.rate_hz(),
            self.fbank.fbank().options().sample_rate_hz,
        );
        if has_hz != wanted_hz {
            return Err(ItemError::permanent(format!(
                "the audio has {has_hz} Hz, but `sample_rate_hz` is {wanted_hz}: put a resample stage before fbank"
            )));
        }
        let wrong = |error| match error {
            FbankError::Interrupted(interrupted) => ItemError::transient(interrupted),
            other => ItemError::permanent(other),
        };
        let fbank = self.fbank.fbank();
        let bins = fbank.options().bins;
        let values = fbank.frames(samples.count() as usize) * bins;
        let is_short = matches!(samples, Samples::Held(_)) && values as u64 <= HELD_VALUES;
        if is_short || fbank.options().dither > 0.0 {
            let wave = samples.together(context.progress)?;
            let made = (self.fbank).compute_interruptible(&wave.samples, context.progress);
            return Ok(Box::new(FeatureItem(made.map_err(wrong)?)));
        }
        let mut spool = Spool::new(values as u64, context.scratch)?;
        let (mut stream, mut moments) = (self.fbank.stream(), Moments::new(bins));
        let mut keep = |frames: &[f32]| {
            moments.add(frames);
            spool.push(frames)
        };
        samples.each_block(context.progress, &mut |block| {
            stream.push(block);
            keep(&stream.take())
        })?;
        keep(&stream.finish().map_err(wrong)?.values)?;
        let normaliser = moments.normaliser(self.fbank.normalisation());
        Ok(FeatureItem::of_values(spool.finish()?, bins, normaliser))
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::Digest;
    use pipe_foundation::progress::Silent;
    use pipe_speech::dsp::{FbankOptions, Normalisation};

    use crate::items::long_test::{held, long_samples, made, not_held};
    use crate::items::{LongFeatures, Matrix};

    use super::*;

    #[test]
    fn samples_that_are_not_held_have_the_features_of_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let samples = long_samples();
        let long = not_held(&samples, 16_000, folder.path());
        let whole = held(samples, 16_000);
        // At 8 bins there are too few values not to be held.
        for (bins, shift_ms, normalisation) in [
            (8, 10.0, Normalisation::MeanVariance),
            (40, 2.4, Normalisation::MeanVariance),
            (40, 2.4, Normalisation::None),
        ] {
            let options = FbankOptions {
                bins,
                frame_shift_ms: shift_ms,
                ..FbankOptions::default()
            };
            let fbank = NormalisedFbank::new(options, normalisation).unwrap();
            let stage = FbankStage { fbank };
            let features = stage.fbank.compute(&whole.0.samples).unwrap();
            let expected = FeatureItem(features).encode().unwrap();
            let of_long = made(&stage, &*long, folder.path());
            let is_long = of_long.downcast_ref::<LongFeatures>().is_some();
            assert_eq!(is_long, bins == 40);
            for made in [of_long, made(&stage, &whole, folder.path())] {
                assert!(made.encode().unwrap() == expected, "{bins}");
                assert_eq!(made.digest(&Silent).unwrap(), Digest::of(&expected));
                let together = Matrix::of(&*made).unwrap().together(&Silent).unwrap();
                let together = FeatureItem(together.into_owned());
                assert!(together.encode().unwrap() == expected);
            }
        }
    }

    #[test]
    fn declared_defaults_are_those_of_the_front_end() {
        let mut parameters = serde_json::Map::new();
        for parameter in KIND.parameters {
            if let pipe_engine::manifest::Absent::Default(json) = parameter.absent {
                parameters.insert(parameter.name.into(), serde_json::from_str(json).unwrap());
            }
        }
        assert_eq!(
            fbank_options(&parameters).unwrap(),
            (FbankOptions::default(), Normalisation::default())
        );
        parameters.insert("bin".into(), 40.into());
        assert!(fbank_options(&parameters).is_err());
    }
}
