//! The runtimes that execute models, behind one interface.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::device::Device;
use crate::error::ModelError;
use crate::loaded_model::LoadedModel;
use crate::{onnx_runtime, rten_runtime};

/// A program that executes models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// rten, which is part of this program.
    #[default]
    Rten,
    /// ONNX Runtime, opened from its shared library: faster for most models, and with all operators.
    OnnxRuntime,
}

impl Runtime {
    /// Names in manifests.
    pub const NAMES: &'static [&'static str] = &["rten", "onnxruntime"];

    /// Its name in manifests.
    pub fn written(self) -> &'static str {
        match self {
            Self::Rten => "rten",
            Self::OnnxRuntime => "onnxruntime",
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rten => rten_runtime::NAME,
            Self::OnnxRuntime => onnx_runtime::NAME,
        }
    }

    /// What to do where it fails on a model.
    pub fn other(self) -> &'static str {
        match self {
            Self::Rten => "set runtime = \"onnxruntime\" for the stage, which may do",
            Self::OnnxRuntime => "leave `runtime` of the stage out: rten may do",
        }
    }

    /// Its version: another one may give other bits.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn version(self) -> Result<String, ModelError> {
        match self {
            Self::Rten => Ok(rten_runtime::VERSION.to_owned()),
            Self::OnnxRuntime => onnx_runtime::version(),
        }
    }

    /// Whether it can execute models on other devices than the processor, given a library that does.
    pub fn has_devices(self) -> bool {
        match self {
            Self::Rten => false,
            Self::OnnxRuntime => true,
        }
    }

    /// Finds out whether it can execute models on a device, without a model.
    ///
    /// # Errors
    /// Where it is not there, or cannot.
    pub fn check(self, device: Device) -> Result<(), ModelError> {
        match self {
            Self::Rten => Ok(()),
            Self::OnnxRuntime => onnx_runtime::check(device),
        }
    }

    /// Makes a model ready to be executed; on the processor where the runtime [has no devices](Self::has_devices).
    ///
    /// # Errors
    /// Where the runtime is not there, has nothing for the device, or does not take the model.
    pub(crate) fn load(
        self,
        file: Vec<u8>,
        device: Device,
    ) -> Result<Box<dyn LoadedModel>, ModelError> {
        match self {
            Self::Rten => rten_runtime::load(file),
            Self::OnnxRuntime => onnx_runtime::load(file, device),
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
