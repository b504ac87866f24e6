//! What comes between a waveform or a filterbank and the features of a model: models in ONNX, functionals, and programs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::progress::Silent;
use pipe_foundation::{Digest, Features, regular_file};
use pipe_inference::{Device, EmbedError, Embedder, EmbedderOptions, Model, Recording, Runtime};
use pipe_speech::dsp::Functionals;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::FailureReason;
use super::foreign_program::ForeignProgram;

/// Stages `embed`, `functionals` and `command` in a row.
#[derive(Default)]
pub struct FeatureSteps(Vec<FeatureStep>);

/// One of these stages.
pub enum FeatureStep {
    /// `embed`.
    Embedder {
        /// The model, and how it is used.
        embedder: Box<Embedder>,
        /// The file of its model.
        model: PathBuf,
        /// The content of that file.
        digest: Digest,
    },
    /// `functionals`.
    Functionals(Functionals),
    /// `command`.
    Program(Box<dyn ForeignProgram>),
}

/// What the model file says of an `embed` stage.
#[derive(Deserialize)]
struct EmbedParameters {
    #[serde(default)]
    runtime: Runtime,
    #[serde(default = "default_rate_hz")]
    sample_rate_hz: u32,
    #[serde(flatten)]
    embedder: EmbedderOptions,
}

fn default_rate_hz() -> u32 {
    16_000
}

impl FeatureSteps {
    /// Adds an `embed` stage, whose model is among `files`; gives the rate that it takes waveforms at.
    ///
    /// # Errors
    /// Parameters of another version, a model that is not there or cannot be used.
    pub fn add_embed(
        &mut self,
        stage: &Json,
        recording: Recording,
        files: &[PathBuf],
    ) -> Result<u32, String> {
        let none = Map::new();
        let parameters = stage["parameters"].as_object().unwrap_or(&none);
        let parameters = EmbedParameters::deserialize(Json::Object(parameters.clone()));
        let parameters = parameters.map_err(|error| format!("embed: {error}"))?;
        let digest = stage["files"]["model"].as_str().and_then(Digest::parse);
        let digest = digest.ok_or("it does not say which model in ONNX computed them")?;
        let file = find(&digest, files).ok_or_else(|| {
            let embedders = self.0.iter();
            let before = embedders.filter(|step| matches!(step, FeatureStep::Embedder { .. }));
            missing(&digest, before.count() + 1, &parameters, files)
        })?;
        let shown = file.display();
        let bytes = regular_file::read_whole(file);
        let bytes = bytes.map_err(|error| format!("cannot read {shown}: {error}"))?;
        let outputs = &parameters.embedder.outputs;
        let model = Model::load(bytes, parameters.runtime, Device::Processor, outputs);
        let embedder =
            model.and_then(|model| Embedder::new(Arc::new(model), recording, parameters.embedder));
        let embedder = embedder.map_err(|error| format!("{shown}: {error}"))?;
        self.0.push(FeatureStep::Embedder {
            embedder: Box::new(embedder),
            model: file.to_path_buf(),
            digest,
        });
        Ok(parameters.sample_rate_hz)
    }

    /// Adds a `functionals` stage.
    ///
    /// # Errors
    /// Parameters of another version.
    pub fn add_functionals(&mut self, stage: &Json) -> Result<(), String> {
        let functionals = Functionals::deserialize(&stage["parameters"]);
        let functionals = functionals.map_err(|error| format!("functionals: {error}"))?;
        self.0.push(FeatureStep::Functionals(functionals));
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &FeatureStep> {
        self.0.iter()
    }

    /// Frames of a filterbank, or samples where there is none, that the first of them needs, as far as that is known.
    pub fn needed(&self) -> usize {
        match self.0.first() {
            Some(FeatureStep::Embedder { embedder, .. }) => {
                let window = embedder.usage().options.window;
                let window = window.filter(|window| !window.pad);
                window.map_or(1, |window| window.length.max(1))
            }
            _ => 1,
        }
    }

    /// Adds the program of a `command` stage.
    pub fn add_program(&mut self, program: Box<dyn ForeignProgram>) {
        self.0.push(FeatureStep::Program(program));
    }

    /// What a waveform becomes.
    ///
    /// # Errors
    /// What the first step that fails says.
    pub fn of_samples(&self, samples: &[f32], rate_hz: u32) -> Result<Features, FailureReason> {
        if let Some((FeatureStep::Program(program), rest)) = self.0.split_first() {
            let features = program.of_samples(samples, rate_hz);
            return through(rest, features.map_err(FailureReason::Program)?);
        }
        let waveform = Features {
            frames: samples.len(),
            bins: 1,
            values: samples.to_vec(),
        };
        through(&self.0, waveform)
    }

    /// What features become.
    ///
    /// # Errors
    /// What the first step that fails says; also no frames at all.
    pub fn of_features(&self, features: Features) -> Result<Features, FailureReason> {
        through(&self.0, features)
    }
}

fn through(steps: &[FeatureStep], features: Features) -> Result<Features, FailureReason> {
    steps
        .iter()
        .try_fold(features, |features, step| match step {
            FeatureStep::Embedder {
                embedder, model, ..
            } => {
                let made = embedder.compute(features.view(), &Silent);
                made.map_err(|error| match error {
                    EmbedError::Run { .. } | EmbedError::Panic { .. } => FailureReason::Model {
                        model: model.clone(),
                        error,
                    },
                    of_recording => of_recording.into(),
                })
            }
            FeatureStep::Functionals(functionals) => {
                let found = functionals.of(&features, &Silent);
                // Nothing interrupts it.
                let found = found.unwrap_or_default();
                Ok(found.ok_or(EmbedError::TooShort {
                    found: 0,
                    needed: 1,
                })?)
            }
            FeatureStep::Program(program) => program
                .of_features(features)
                .map_err(FailureReason::Program),
        })
}

/// What to say of the model of an `embed` stage that is not there: its file has a digest and no name that would hold.
fn missing(
    digest: &Digest,
    number: usize,
    parameters: &EmbedParameters,
    files: &[PathBuf],
) -> String {
    let mut told = vec![format!("BLAKE3 {}", digest.short())];
    told.push(format!("runtime = \"{}\"", parameters.runtime.written()));
    if let Some(window) = parameters.embedder.window {
        told.push(format!("window = {{ length = {} }}", window.length));
    }
    let outputs = &parameters.embedder.outputs;
    if !outputs.is_empty() {
        told.push(format!("outputs = {outputs:?}"));
    }
    let mut seen: Vec<String> = Vec::new();
    for file in files {
        let shown = file.display().to_string();
        if !seen.contains(&shown) {
            seen.push(shown);
        }
    }
    let seen = match seen.as_slice() {
        [] => "no file in ONNX is there".to_owned(),
        [one] => format!("{one} is another"),
        several => format!("none of {} is it", several.join(", ")),
    };
    format!(
        "the model in ONNX of `embed` stage {number} in its chain ({}) is not there, {seen}: name its file with --embed-model",
        told.join(", ")
    )
}

/// The file with this content among `files`.
fn find<'f>(digest: &Digest, files: &'f [PathBuf]) -> Option<&'f Path> {
    let has_it = |file: &&PathBuf| Digest::of_file(file).is_ok_and(|found| found == *digest);
    files.iter().find(has_it).map(PathBuf::as_path)
}

/// Files in ONNX beside a model, in the current folder, and in a folder `models` in either.
pub fn nearby(model: &Path) -> Vec<PathBuf> {
    let beside = model.parent().unwrap_or(Path::new(""));
    let mut files = Vec::new();
    for folder in [beside, Path::new("")] {
        for folder in [folder.to_path_buf(), folder.join("models")] {
            let folder = match folder.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => folder,
            };
            let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            found.retain(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "onnx")
            });
            found.sort();
            files.extend(found);
        }
    }
    files
}
