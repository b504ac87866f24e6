//! `embed`: features by a model that others have trained, in ONNX.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use pipe_engine::artifact::{ArtifactKind, FingerprintInputs, ItemData, ItemFacts};
use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics, Gathers, Kind};
use pipe_engine::stage::{
    DeclaredFile, ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage,
};
use pipe_foundation::{FeaturesView, regular_file};
use pipe_inference::{
    Device as ModelDevice, EmbedError, Embedder, EmbedderOptions, ModelError, Recording, Runtime,
    Signature, SignatureError, vector_instructions,
};
use pipe_nn::model::{Device, Devices};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::items::{AUDIO, FEATURES, FeatureItem, Matrix, Samples, UtteranceItem};

use super::missing_file::missing_file;
use super::options::options;
use super::parameters::without_licence;
use super::setting::Setting;

mod parameters;
mod shared_models;

use parameters::{MODEL, ON_PROCESSOR, PARAMETERS};

/// The name of this kind.
pub const EMBED: &str = "embed";

pub static KIND: Kind = Kind {
    name: EMBED,
    version: 1,
    doc: "Features [frames, values] by any model in ONNX, such as an encoder trained without labels; see docs/embeddings.md.",
    parameters: PARAMETERS,
    gathers: Gathers::Never,
    output: |_| FEATURES,
    validate: |_| Vec::new(),
};

#[derive(Deserialize)]
struct Options {
    runtime: Runtime,
    device: Option<String>,
    sample_rate_hz: u32,
    #[serde(flatten)]
    embedder: EmbedderOptions,
}

impl Options {
    /// The devices that execute the model in a run on `devices`.
    fn devices_of(&self, devices: &Devices) -> Devices {
        let stays = self.device.as_deref() == Some(ON_PROCESSOR);
        match self.runtime.has_devices() && !stays {
            true => devices.clone(),
            false => Devices::default(),
        }
    }
}

/// A device as runtimes know it.
fn of_model(device: Device) -> ModelDevice {
    match device {
        Device::Cpu => ModelDevice::Processor,
        Device::Cuda { ordinal, tf32 } => ModelDevice::Cuda { ordinal, tf32 },
    }
}

struct Embed {
    options: Options,
    files: [DeclaredFile; 1],
    runtime_version: String,
    devices: Devices,
    /// The model on each device, as it takes what it is given, once something was given.
    embedders: Vec<OnceLock<Result<Arc<Embedder>, String>>>,
    /// How many items were begun: devices take turns.
    begun: AtomicUsize,
}

pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    let options: Options = options(declaration)?;
    let written = declaration.parameters[MODEL].as_str().unwrap_or_default();
    let path = declaration.resolve(MODEL, written);
    let place = declaration.place_of(MODEL);
    if let Err(error) = regular_file::check(&path) {
        let help = "the path is relative to the manifest it is written in";
        return Err(missing_file(&path.display().to_string(), &error, place)
            .help(help)
            .into());
    }
    let signature = Signature::of_file(&path).map_err(|error| match error {
        SignatureError::File(error) => missing_file(&path.display().to_string(), &error, place),
        SignatureError::Model(error) => refused(&path, &error, place, "this file"),
    })?;
    // What it is given is known once all stages are: see [`check_input`].
    let both = [Recording::Waveform, Recording::Features];
    let checked = both.map(|recording| Embedder::check(&signature, recording, &options.embedder));
    if let [Err(error), Err(_)] = &checked {
        return Err(refused(&path, error, place, "cannot be used like this").into());
    }
    let version = options.runtime.version().map_err(|error| {
        refused(
            &path,
            &error,
            declaration.place_of("runtime"),
            "is not there",
        )
    })?;
    let devices = options.devices_of(&setting.devices);
    for device in devices.iter() {
        options.runtime.check(of_model(device)).map_err(|error| {
            let place = declaration.place_of("runtime");
            refused(&path, &error, place, "has no CUDA")
        })?;
    }
    Ok(Stage::Items(Box::new(Embed {
        files: [DeclaredFile {
            name: MODEL.into(),
            path,
        }],
        runtime_version: version,
        embedders: devices.iter().map(|_| OnceLock::new()).collect(),
        devices,
        options,
        begun: AtomicUsize::new(0),
    })))
}

/// Checks that the model of an `embed` can take what the stage before gives, an artifact of this kind.
///
/// # Errors
/// Where it cannot, at the name of the input.
pub fn check_input(
    declaration: &Declaration,
    input: &str,
    given: ArtifactKind,
) -> Result<(), Diagnostics> {
    let recording = match given.name() {
        name if name == AUDIO.name() => Recording::Waveform,
        name if name == FEATURES.name() => Recording::Features,
        _ => return Ok(()),
    };
    let options: Options = options(declaration)?;
    let written = declaration.parameters[MODEL].as_str().unwrap_or_default();
    let path = declaration.resolve(MODEL, written);
    // What is wrong with the file itself is found when the stage is built.
    let Ok(signature) = Signature::of_file(&path) else {
        return Ok(());
    };
    let checked = Embedder::check(&signature, recording, &options.embedder);
    checked.map_err(|error| {
        let place = declaration.place_of(input);
        refused(&path, &error, place, "what it is given").into()
    })
}

/// What is wrong with a model, or with how it is to be used.
fn refused(
    path: &std::path::Path,
    error: &ModelError,
    place: &pipe_engine::source::Place,
    label: &str,
) -> Diagnostic {
    let message = match error {
        ModelError::NoOnnxRuntime { .. } | ModelError::NoCuda { .. } => error.to_string(),
        _ => format!("{} cannot be used: {error}", path.display()),
    };
    let help = miette::Diagnostic::help(error).map(|help| help.to_string());
    Diagnostic::new("manifest::model", message)
        .at(place, label)
        .help_if(help)
}

impl Embed {
    fn embedder(&self, recording: Recording) -> Result<&Embedder, ItemError> {
        let path = &self.files[0].path;
        let place = self.begun.fetch_add(1, Ordering::Relaxed) % self.embedders.len();
        let made = self.embedders[place].get_or_init(|| {
            let executed = (self.options.runtime, of_model(self.devices.at(place)));
            let model = shared_models::load(path, executed, &self.options.embedder.outputs)?;
            let embedder = Embedder::new(model, recording, self.options.embedder.clone());
            embedder.map(Arc::new).map_err(|error| error.to_string())
        });
        match made {
            Ok(embedder) => Ok(embedder),
            Err(reason) => {
                let reason = format!("{} cannot be used: {reason}", path.display());
                Err(ItemError::of_stage(reason))
            }
        }
    }
}

impl ItemStage for Embed {
    fn item_parameters(&self, all: &Json) -> Json {
        without_licence(all)
    }

    fn external_inputs(&self, fingerprint: &mut FingerprintInputs) {
        fingerprint.add("runtime.version", &self.runtime_version);
        fingerprint.add("runtime.vector_instructions", vector_instructions());
        *fingerprint = fingerprint.on_device(self.devices.key_name());
    }

    fn files(&self) -> &[DeclaredFile] {
        &self.files
    }

    /// It takes far longer to compute than to read.
    fn must_store(&self) -> bool {
        true
    }

    /// What models hold between their layers is a multiple of what they are given.
    fn size(&self, source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        const TIMES: u64 = 16;
        let samples_bytes = source.waveform_bytes(self.options.sample_rate_hz, input.bytes);
        let size = ItemSize::held(samples_bytes.max(input.bytes).saturating_mul(TIMES));
        size.with_all_of(input)
    }

    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let (wave, features);
        let (recording, view) = match Matrix::of(input) {
            Some(matrix) => {
                features = matrix.together(context.progress)?;
                (Recording::Features, features.view())
            }
            None => {
                wave = Samples::of(input)?.together(context.progress)?;
                let wanted_hz = self.options.sample_rate_hz;
                if wave.rate_hz != wanted_hz {
                    return Err(ItemError::permanent(format!(
                        "the audio has {} Hz, but `sample_rate_hz` is {wanted_hz}: put a resample stage before embed",
                        wave.rate_hz
                    )));
                }
                let samples = FeaturesView {
                    frames: wave.samples.len(),
                    bins: 1,
                    values: &wave.samples,
                };
                (Recording::Waveform, samples)
            }
        };
        let made = self.embedder(recording)?.compute(view, context.progress);
        let features = made.map_err(|error| match &error {
            EmbedError::TooShort { .. } | EmbedError::Output(_) => ItemError::permanent(error),
            EmbedError::Interrupted(_) => ItemError::transient(error),
            EmbedError::Run { .. } | EmbedError::Panic { .. } => {
                let path = self.files[0].path.display();
                ItemError::transient(format!("{path}: {error}"))
            }
        })?;
        Ok(Box::new(FeatureItem(features)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn options(more: Json) -> Options {
        let mut own = json!({ "runtime": "onnxruntime", "sample_rate_hz": 16000 });
        own.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(own).unwrap()
    }

    /// What the items of a stage with these options depend on beside the rest, in a run on a device.
    fn key_on(devices: impl Into<Devices>, more: Json) -> FingerprintInputs {
        let options = options(more);
        let devices = options.devices_of(&devices.into());
        let stage = Embed {
            files: [DeclaredFile {
                name: MODEL.into(),
                path: "model.onnx".into(),
            }],
            runtime_version: "1".into(),
            embedders: devices.iter().map(|_| OnceLock::new()).collect(),
            devices,
            options,
            begun: AtomicUsize::new(0),
        };
        let mut fingerprint = FingerprintInputs::default();
        stage.external_inputs(&mut fingerprint);
        fingerprint
    }

    #[test]
    fn a_cuda_device_is_in_the_key_where_it_executes_the_model() {
        let cuda = |ordinal, tf32| Device::Cuda { ordinal, tf32 };
        let processor = key_on(Device::Cpu, json!({}));
        assert!(!processor.0.contains_key("device"));
        let device = |device| key_on(device, json!({})).0["device"].clone();
        assert_eq!(device(cuda(0, false)), "cuda");
        assert_eq!(device(cuda(3, false)), "cuda");
        let several = key_on(Devices::cuda(&[0, 2], false), json!({}));
        assert_eq!(several, key_on(cuda(0, false), json!({})));
        assert_eq!(device(cuda(0, true)), "cuda, TF32");
        // rten has no devices, and `device` keeps a model where it is.
        for more in [json!({ "runtime": "rten" }), json!({ "device": "cpu" })] {
            assert_eq!(key_on(cuda(0, false), more), processor);
        }
    }
}
