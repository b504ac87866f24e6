//! The model file: safetensors with the configuration in its metadata.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use pipe_foundation::progress::Progress;
use pipe_foundation::{FeaturesView, Workers, regular_file};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::embedding::embed_all;
use super::network::count_parameters;
use super::spec::{HeadSpec, Layer};
use super::{
    Array, Device, EncoderPass, EncoderShape, Initialisation, InputNormalisation, ModelError,
    Network, Outputs, Predictor,
};

/// Version of the file format.
const FORMAT: u32 = 1;
/// Key of the configuration in the file's metadata.
const CONFIG_KEY: &str = "pipe.model";
/// Larger files are not models of ours.
const LARGEST_FILE: u64 = 4 << 30;
/// Everything needed to use a model: travels in its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Version of the file format.
    pub format: u32,
    /// Feature bins per frame.
    pub bins: usize,
    /// Layers of the encoder.
    pub encoder: Vec<Layer>,
    /// Names of the classes in the order of the outputs; the file calls them emotions.
    #[serde(rename = "emotions")]
    pub classes: Vec<String>,
    /// Numeric targets in the order of the outputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<NumericTarget>,
    /// Attribute heads, each with its labels in the order of its outputs.
    pub heads: Vec<HeadLabels>,
    /// Options of the features it was trained on.
    pub feature_options: serde_json::Value,
    /// How they are normalised before they reach the network; none where they reach it as they are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<InputNormalisation>,
    /// Where it comes from.
    pub provenance: serde_json::Value,
    /// Epoch of these weights, from 0.
    pub best_epoch: usize,
}

/// One attribute head and its labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadLabels {
    /// What it predicts and how it was trained.
    pub head: HeadSpec,
    /// Its labels in the order of its outputs.
    pub labels: Vec<String>,
}

/// A numeric target and the unit of its output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericTarget {
    /// Its name: the column that it was learned from.
    pub name: String,
    /// Mean of the training data.
    pub mean: f64,
    /// Standard deviation of the training data; the output is in this unit, from the mean.
    pub deviation: f64,
}

impl NumericTarget {
    /// An output in the unit of the data.
    pub fn value(&self, output: f32) -> f64 {
        self.mean + self.deviation * f64::from(output)
    }
}

impl ModelConfig {
    /// The version that this build writes and reads.
    pub const FORMAT: u32 = FORMAT;
}

/// A trained network ready for use.
#[derive(Clone, Debug)]
pub struct Model {
    config: ModelConfig,
    network: Network,
}

impl Model {
    /// Joins a network and its configuration.
    pub fn new(config: ModelConfig, network: Network) -> Self {
        Self { config, network }
    }

    /// Its configuration.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Its network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// For each utterance the probability of every class, in the order of [`ModelConfig::classes`], and the number of
    /// every target, in the order of [`ModelConfig::targets`] and in their units.
    ///
    /// The same bits whatever `threads`.
    ///
    /// # Errors
    /// Features that do not fit the network, or no threads.
    pub fn predict(
        &self,
        utterances: &[FeaturesView<'_>],
        threads: usize,
    ) -> Result<Vec<Outputs>, ModelError> {
        Predictor::new(&self.network, threads)?.predict(utterances)
    }

    /// As [`Self::predict`], computed on `device`; on the processor it ends soon after `progress` says so.
    ///
    /// # Errors
    /// As [`Self::predict`], [`ModelError::Stopped`], or what went wrong on the device.
    pub fn predict_on(
        &self,
        device: Device,
        utterances: &[FeaturesView<'_>],
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Vec<Outputs>, ModelError> {
        match device {
            Device::Cpu => {
                Predictor::new(&self.network, threads)?.predict_interruptible(utterances, progress)
            }
            #[cfg(feature = "cuda")]
            Device::Cuda { ordinal, tf32 } => {
                let encoder = self.network.encoder();
                encoder.shape().check_kernels()?;
                utterances.iter().try_for_each(|view| encoder.check(view))?;
                super::cuda::predict(ordinal, tf32, &self.network, utterances)
            }
            #[cfg(not(feature = "cuda"))]
            Device::Cuda { .. } => Err(super::DeviceError::NotBuilt.into()),
        }
    }

    /// The shared layers' output, `[utterances, embedding]` row-major; it ends soon after `progress` says so.
    ///
    /// # Errors
    /// As [`Self::predict`], and [`ModelError::Stopped`].
    pub fn embed(
        &self,
        utterances: &[FeaturesView<'_>],
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Vec<f32>, ModelError> {
        let workers = Workers::new(threads)?;
        let mut pass = EncoderPass::default();
        self.network.pack(&mut pass, &workers);
        workers.watched(progress, || {
            embed_all(&self.network, utterances, &mut pass, &workers)
        })
    }

    /// Writes the file; the caller gives a temporary path and renames it.
    ///
    /// # Errors
    /// [`ModelError::Io`] names the path.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        let bytes = self.to_bytes(path)?;
        std::fs::write(path, bytes).map_err(|source| ModelError::Io {
            action: "write",
            path: path.to_owned(),
            source,
        })
    }

    fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, ModelError> {
        let fail = |reason: String| ModelError::File {
            path: path.to_owned(),
            reason,
        };
        let config = serde_json::to_string(&self.config).map_err(|e| fail(e.to_string()))?;
        let arrays: Vec<(Array, Vec<u8>)> = self
            .network
            .to_arrays()
            .into_iter()
            .map(|array| {
                let bytes = array.values.iter().flat_map(|v| v.to_le_bytes()).collect();
                (array, bytes)
            })
            .collect();
        let views = arrays
            .iter()
            .map(|(array, bytes)| {
                TensorView::new(Dtype::F32, array.shape.clone(), bytes)
                    .map(|view| (array.name.clone(), view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| fail(e.to_string()))?;
        // One key only: a hash map of several would be written in any order.
        let metadata = HashMap::from([(CONFIG_KEY.to_owned(), config)]);
        safetensors::serialize(views, Some(metadata)).map_err(|e| fail(e.to_string()))
    }

    /// Reads and checks a file, which may come from anywhere.
    ///
    /// # Errors
    /// [`ModelError::Io`] where it cannot be read, [`ModelError::File`] where anything in it does not fit.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        };
        let mut file = regular_file::open(path).map_err(|error| io(error.into_io()))?;
        let size = file.metadata().map_err(io)?.len();
        let fail = |reason: String| ModelError::File {
            path: path.to_owned(),
            reason,
        };
        if size > LARGEST_FILE {
            return Err(fail(format!("{size} bytes are too many")));
        }
        let mut bytes = Vec::with_capacity(size as usize);
        file.read_to_end(&mut bytes).map_err(io)?;
        Self::from_bytes(&bytes).map_err(fail)
    }

    /// Reads only what a file says of itself, not its values.
    ///
    /// # Errors
    /// As [`Self::load`], of what is read.
    pub fn read_config(path: &Path) -> Result<ModelConfig, ModelError> {
        let io = |source| ModelError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        };
        let file = regular_file::open(path).map_err(|error| io(error.into_io()))?;
        let mut bytes = Vec::new();
        (&file).take(8).read_to_end(&mut bytes).map_err(io)?;
        let length = bytes.first_chunk().copied().map(u64::from_le_bytes);
        let length = length.unwrap_or_default().min(LARGEST_FILE);
        let mut header = Vec::new();
        file.take(length).read_to_end(&mut header).map_err(io)?;
        let fail = |reason: String| ModelError::File {
            path: path.to_owned(),
            reason,
        };
        let header: Header = serde_json::from_slice(&header).map_err(|e| fail(e.to_string()))?;
        parse_config(header.metadata.get(CONFIG_KEY)).map_err(fail)
    }

    /// As [`Self::load`], from memory; the reason of a failure as a lower-case fragment.
    ///
    /// # Errors
    /// What does not fit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let config = config_of(bytes)?;
        let shape = EncoderShape::new(&config.encoder, config.bins).map_err(|e| e.to_string())?;
        let classes = config.classes.len();
        let heads: Vec<(HeadSpec, usize)> = config
            .heads
            .iter()
            .map(|head| (head.head.clone(), head.labels.len()))
            .collect();
        // The claimed sizes must fit the bytes before anything of that size is made.
        if count_parameters(&shape, classes, config.targets.len(), &heads) > bytes.len() / 4 {
            return Err("it has fewer values than its layers need".into());
        }
        let targets = config.targets.iter();
        let usable =
            |target: &NumericTarget| target.mean.is_finite() && target.deviation.is_finite();
        if let Some(odd) = targets.clone().find(|target| !usable(target)) {
            return Err(format!("the unit of its target {} is not finite", odd.name));
        }
        let normalisation = config.normalisation.as_ref();
        if let Some(fault) = normalisation.and_then(|how| how.fault(config.bins)) {
            return Err(format!("the units of its features cannot be used: {fault}"));
        }
        let targets: Vec<String> = targets.map(|target| target.name.clone()).collect();
        let how = Initialisation::Pytorch;
        let mut network = Network::of_tasks(shape, classes, &targets, &heads, how, 0)
            .map_err(|e| e.to_string())?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let mut arrays = Vec::new();
        for (name, view) in tensors.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(format!("array {name} is not of type f32"));
            }
            let values: Vec<f32> = view
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|raw| f32::from_le_bytes(*raw))
                .collect();
            if values.iter().any(|value| !value.is_finite()) {
                return Err(format!("array {name} contains values that are not finite"));
            }
            arrays.push(Array {
                name: name.to_owned(),
                shape: view.shape().to_vec(),
                values,
            });
        }
        network.set_arrays(&arrays)?;
        Ok(Self { config, network })
    }
}

/// What the file that begins with `bytes` says of itself.
fn config_of(bytes: &[u8]) -> Result<ModelConfig, String> {
    if bytes.starts_with(b"version https://git-lfs") {
        return Err("it is a git-lfs pointer, not the model itself".into());
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    parse_config(
        metadata
            .metadata()
            .as_ref()
            .and_then(|map| map.get(CONFIG_KEY)),
    )
}

fn parse_config(config: Option<&String>) -> Result<ModelConfig, String> {
    let config = config.ok_or("its metadata has no configuration")?;
    let version: FormatOnly = serde_json::from_str(config).map_err(|e| e.to_string())?;
    if version.format != FORMAT {
        return Err(format!(
            "it has format {}, expected {FORMAT}",
            version.format
        ));
    }
    serde_json::from_str(config).map_err(|e| e.to_string())
}

/// What a header of safetensors says besides its tensors.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__", default)]
    metadata: HashMap<String, String>,
}

/// Only the version, whatever else a later format may hold.
#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

/// Where a model file is in a folder of results.
pub fn model_path(folder: &Path) -> PathBuf {
    folder.join("model.safetensors")
}

#[cfg(test)]
mod tests;
