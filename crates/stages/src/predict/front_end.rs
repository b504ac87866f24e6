//! The computation from a waveform to a model's features, read from the model file itself.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::Features;
use pipe_inference::Recording;
use pipe_nn::model::ModelConfig;
use pipe_speech::audio::{RATES_HZ, Waveform};
use pipe_speech::dsp::{
    FbankOptions, Normalisation, NormalisedFbank, ResampleError, Resampler, ToRate,
};
use serde_json::{Map, Value as Json};

use super::feature_steps::{FeatureStep, FeatureSteps, nearby};
use super::foreign_program::{PrepareProgram, ProgramError};
use super::front_end_error::FrontEndError;
use super::outcome::FailureReason;
use super::speech_found::SpeechFound;

/// Resampling, trimming, filterbank, models in ONNX, functionals and programs as a model was trained with.
pub struct FrontEnd {
    /// Rates to go through, in this order; the last is that of what follows.
    rates: Vec<ToRate>,
    /// Applied to waveforms at the last rate, one after another.
    trims: Vec<SpeechFound>,
    /// None where models in ONNX take the waveform.
    fbank: Option<NormalisedFbank>,
    steps: FeatureSteps,
    /// Features of a frame that the network takes.
    bins: usize,
}

/// What computes features besides this program.
pub struct Helpers<'a> {
    /// Files among which models in ONNX are.
    pub onnx_files: &'a [PathBuf],
    /// Prepares programs.
    pub prepare_program: PrepareProgram<'a>,
}

impl FrontEnd {
    /// The front end of a model as its file has it: resampling, trimming, filterbank, models in ONNX, which are looked for
    /// nearby (see [`nearby`]), and functionals. No program is run.
    ///
    /// Audio of another rate than the one that is needed is resampled even where training had no `resample` stage.
    /// `ingest` names data, and `augment` makes copies to train on: neither is applied.
    ///
    /// # Errors
    /// No lineage, a stage that cannot be applied, parameters that do not fit; `model` names the file.
    pub fn of(config: &ModelConfig, model: &Path) -> Result<Self, FrontEndError> {
        let onnx_files = nearby(model);
        let helpers = Helpers {
            onnx_files: &onnx_files,
            prepare_program: &|stage| Err(ProgramError::not_allowed(stage)),
        };
        Self::with(config, model, &helpers)
    }

    /// As [`Self::of`], with what computes features besides this program.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn with(
        config: &ModelConfig,
        model: &Path,
        helpers: &Helpers<'_>,
    ) -> Result<Self, FrontEndError> {
        let wrong = |reason: String| FrontEndError::Parameters {
            model: model.to_owned(),
            reason,
        };
        let stages = config.feature_options.as_array();
        let stages =
            stages
                .filter(|stages| !stages.is_empty())
                .ok_or_else(|| FrontEndError::Missing {
                    model: model.to_owned(),
                })?;
        let mut rates = Vec::new();
        let mut trims: Vec<SpeechFound> = Vec::new();
        let (mut fbank, mut steps) = (None, FeatureSteps::default());
        let mut wanted_hz = None;
        let none = Map::new();
        for stage in stages {
            let kind = stage["kind"].as_str().unwrap_or_default();
            let parameters = stage["parameters"].as_object().unwrap_or(&none);
            let has_features = wanted_hz.is_some();
            match kind {
                "ingest" | "augment" => {}
                "resample" | "trim" | "vad" | "fbank" if has_features => {
                    return Err(wrong(format!("a {kind} stage comes after one of features")));
                }
                "resample" if !trims.is_empty() => {
                    return Err(FrontEndError::TrimmedBefore {
                        model: model.to_owned(),
                    });
                }
                "trim" | "vad" => {
                    let found = SpeechFound::read(kind, &stage["parameters"]);
                    trims.push(found.map_err(|error| wrong(format!("{kind}: {error}")))?);
                }
                "resample" => rates.push(ToRate::new(rate_of(parameters).map_err(wrong)?)),
                "fbank" => {
                    let read = read_fbank(parameters).map_err(wrong)?;
                    wanted_hz = Some(read.fbank().options().sample_rate_hz);
                    fbank = Some(read);
                }
                "embed" => {
                    let recording = match has_features {
                        true => Recording::Features,
                        false => Recording::Waveform,
                    };
                    let added = steps.add_embed(stage, recording, helpers.onnx_files);
                    let rate_hz = added.map_err(|reason| FrontEndError::Embedding {
                        model: model.to_owned(),
                        reason,
                    })?;
                    wanted_hz.get_or_insert(rate_hz);
                }
                "functionals" if has_features => steps.add_functionals(stage).map_err(wrong)?,
                "command"
                    if parameters
                        .get("makes")
                        .is_some_and(|makes| makes == "features") =>
                {
                    let rate_hz = wanted_hz.or(rates.last().map(ToRate::rate_hz));
                    let rate_hz = rate_hz.ok_or_else(|| FrontEndError::NoRate {
                        model: model.to_owned(),
                    })?;
                    steps.add_program((helpers.prepare_program)(stage)?);
                    wanted_hz.get_or_insert(rate_hz);
                }
                other => {
                    return Err(FrontEndError::Stage {
                        model: model.to_owned(),
                        kind: other.to_owned(),
                    });
                }
            }
        }
        let wanted_hz = wanted_hz.ok_or_else(|| wrong("no stage of features is named".into()))?;
        if let Some(fbank) = fbank.as_ref().filter(|_| steps.is_empty()) {
            let bins = fbank.fbank().options().bins;
            if bins != config.bins {
                return Err(wrong(format!(
                    "its filterbank has {bins} bins, but its network expects {}",
                    config.bins
                )));
            }
        }
        match rates.last().map(ToRate::rate_hz) {
            None => rates.push(ToRate::new(wanted_hz)),
            Some(rate_hz) if rate_hz == wanted_hz => {}
            Some(rate_hz) => {
                return Err(wrong(format!(
                    "it resamples to {rate_hz} Hz, but its features need {wanted_hz} Hz"
                )));
            }
        }
        Ok(Self {
            rates,
            trims,
            fbank,
            steps,
            bins: config.bins,
        })
    }

    /// Rate that [`Self::features`] takes, in Hz.
    pub fn rate_hz(&self) -> u32 {
        self.rates.last().map_or(0, ToRate::rate_hz)
    }

    /// The filterbank, where features of a waveform are nothing else.
    pub fn fbank(&self) -> Option<&NormalisedFbank> {
        let is_all = self.steps.is_empty() && self.trims.is_empty();
        self.fbank.as_ref().filter(|_| is_all)
    }

    /// What leaves only speech of a waveform at [`Self::rate_hz`], one after another.
    pub fn trims(&self) -> &[SpeechFound] {
        &self.trims
    }

    /// The filterbank behind that, whatever else there is; none where models in ONNX or programs take the waveform.
    pub fn filterbank(&self) -> Option<&NormalisedFbank> {
        self.fbank.as_ref()
    }

    /// What comes behind both, in its order.
    pub fn steps(&self) -> impl Iterator<Item = &FeatureStep> {
        self.steps.iter()
    }

    /// Fewest samples at [`Self::rate_hz`], once silence is trimmed, that have features, as far as that is known.
    pub fn shortest(&self) -> usize {
        let needed = self.steps.needed();
        let Some(fbank) = &self.fbank else {
            return needed;
        };
        let options = fbank.fbank().options();
        let (shift, more) = (options.frame_shift(), needed - 1);
        match options.snip_edges {
            true => options.frame_length() + more * shift,
            false => shift.div_ceil(2) + more * shift,
        }
    }

    /// What a waveform at a rate goes through, one after another, to come to [`Self::rate_hz`].
    ///
    /// # Errors
    /// A rate that cannot be converted.
    pub fn resamplers(&self, mut rate_hz: u32) -> Result<Vec<Arc<Resampler>>, ResampleError> {
        let mut resamplers = Vec::new();
        for to_rate in &self.rates {
            resamplers.extend(to_rate.resampler(rate_hz)?);
            rate_hz = to_rate.rate_hz();
        }
        Ok(resamplers)
    }

    /// The waveform at [`Self::rate_hz`].
    ///
    /// # Errors
    /// A rate that cannot be converted.
    pub fn resample(&self, mut wave: Waveform) -> Result<Waveform, ResampleError> {
        for to_rate in &self.rates {
            if wave.rate_hz != to_rate.rate_hz() {
                wave = to_rate.apply(&wave)?;
            }
        }
        Ok(wave)
    }

    /// Features `[frames, bins]` of samples at [`Self::rate_hz`], without the silence that was trimmed in training.
    ///
    /// # Errors
    /// Too few samples, or a model in ONNX that fails on them.
    pub fn features(&self, samples: &[f32]) -> Result<Features, FailureReason> {
        let samples = &*self.trimmed(samples);
        let made = match &self.fbank {
            None => self.steps.of_samples(samples, self.rate_hz())?,
            Some(fbank) => {
                let features = fbank.compute(samples);
                let without = |error| FailureReason::without_features(error, self.rate_hz());
                self.steps.of_features(features.map_err(without)?)?
            }
        };
        match made.bins == self.bins {
            true => Ok(made),
            false => Err(FailureReason::OtherFeatures {
                found: made.bins,
                wanted: self.bins,
            }),
        }
    }
}

impl FrontEnd {
    fn trimmed<'a>(&self, samples: &'a [f32]) -> Cow<'a, [f32]> {
        self.trims.iter().fold(samples.into(), |samples, trim| {
            trim.apply(&samples, self.rate_hz())
                .map_or(samples, Cow::Owned)
        })
    }
}

fn rate_of(parameters: &Map<String, Json>) -> Result<u32, String> {
    let rate_hz = parameters.get("rate_hz").and_then(Json::as_u64);
    rate_hz
        .and_then(|rate_hz| u32::try_from(rate_hz).ok())
        .filter(|rate_hz| RATES_HZ.contains(rate_hz))
        .ok_or_else(|| "a resample stage has no usable rate_hz".into())
}

/// The filterbank's options among the parameters of an `fbank` stage. What is missing takes its default.
///
/// # Errors
/// A parameter that is unknown or of the wrong type.
pub fn fbank_options(
    parameters: &Map<String, Json>,
) -> Result<(FbankOptions, Normalisation), serde_json::Error> {
    let mut options = parameters.clone();
    for of_every_stage in ["input", "max_bad", "store"] {
        options.remove(of_every_stage);
    }
    NormalisedFbank::options_of(options)
}

fn read_fbank(parameters: &Map<String, Json>) -> Result<NormalisedFbank, String> {
    let (options, normalisation) =
        fbank_options(parameters).map_err(|error| format!("fbank: {error}"))?;
    NormalisedFbank::new(options, normalisation).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipe_nn::model::spec::default_encoder;
    use serde_json::json;

    fn config(lineage: Json) -> ModelConfig {
        ModelConfig {
            format: ModelConfig::FORMAT,
            bins: 40,
            encoder: default_encoder(),
            classes: ["positive", "negative"].map(String::from).into(),
            targets: Vec::new(),
            heads: Vec::new(),
            feature_options: lineage,
            normalisation: None,
            provenance: Json::Null,
            best_epoch: 0,
        }
    }

    fn error(lineage: Json) -> String {
        match FrontEnd::of(&config(lineage), Path::new("m.safetensors")) {
            Ok(_) => "none".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn stages_that_only_name_or_copy_data_are_left_out() {
        let lineage = json!([
            { "kind": "ingest", "parameters": { "corpora": "a" } },
            { "kind": "augment", "parameters": { "copies": 3 } },
            { "kind": "resample", "parameters": { "rate_hz": 8000 } },
            { "kind": "augment", "parameters": {} },
            { "kind": "fbank", "parameters": { "sample_rate_hz": 8000, "normalise": "mean" } },
        ]);
        let front_end = FrontEnd::of(&config(lineage), Path::new("m")).unwrap();
        assert_eq!(front_end.rate_hz(), 8000);
        assert_eq!(front_end.fbank().unwrap().fbank().options().bins, 40);
        let wave = Waveform {
            samples: vec![0.1; 44_100],
            rate_hz: 44_100,
        };
        let wave = front_end.resample(wave).unwrap();
        assert_eq!((wave.rate_hz, wave.samples.len()), (8000, 8000));
        assert_eq!(front_end.features(&wave.samples).unwrap().frames, 98);
    }

    #[test]
    fn audio_is_resampled_even_where_training_did_not_need_it() {
        let lineage = json!([{ "kind": "fbank", "parameters": {} }]);
        let front_end = FrontEnd::of(&config(lineage), Path::new("m")).unwrap();
        let wave = Waveform {
            samples: vec![0.0; 480],
            rate_hz: 48_000,
        };
        assert_eq!(front_end.resample(wave).unwrap().samples.len(), 160);
    }

    #[test]
    fn what_cannot_be_applied_is_an_error() {
        let fbank = json!({ "kind": "fbank", "parameters": {} });
        assert!(error(Json::Null).contains("does not say how its features were computed"));
        assert!(error(json!([])).contains("does not say"));
        assert!(
            error(json!([{ "kind": "command", "parameters": {} }, fbank]))
                .contains("a `command` stage took part in")
        );
        assert!(error(json!([{ "kind": "ingest" }])).contains("no stage of features"));
        assert!(
            error(json!([{ "kind": "fbank", "parameters": { "bins": 23 } }]))
                .contains("23 bins, but its network expects 40")
        );
        assert!(
            error(json!([{ "kind": "fbank", "parameters": { "whiskers": 23 } }]))
                .contains("whiskers")
        );
        assert!(
            error(json!([{ "kind": "resample", "parameters": { "rate_hz": 8000 } }, fbank]))
                .contains("resamples to 8000 Hz, but its features need 16000 Hz")
        );
        assert!(
            error(json!([{ "kind": "resample", "parameters": { "rate_hz": -1 } }, fbank]))
                .contains("no usable rate_hz")
        );
        assert!(
            error(json!([fbank, { "kind": "resample", "parameters": { "rate_hz": 16000 } }]))
                .contains("after one of features")
        );
    }
}
