//! A model that is loaded, with what it takes and gives.

use crate::device::Device;
use crate::error::ModelError;
use crate::giant_tensors;
use crate::internal_outputs::with_outputs;
use crate::loaded_model::LoadedModel;
use crate::runtime::Runtime;
use crate::signature::Signature;

/// A model in a runtime.
pub struct Model {
    pub(crate) signature: Signature,
    pub(crate) runtime: Runtime,
    pub(crate) loaded: Box<dyn LoadedModel>,
}

impl Model {
    /// Loads the file of a model, to be executed on `device`.
    /// `outputs` are those that will be asked for, also values between its nodes.
    ///
    /// # Errors
    /// A file that is no model, or that the runtime does not take.
    pub fn load(
        file: Vec<u8>,
        runtime: Runtime,
        device: Device,
        outputs: &[String],
    ) -> Result<Self, ModelError> {
        giant_tensors::check(&file)?;
        let signature = Signature::of(&file)?;
        let is_internal = |name: &&String| signature.internal.contains(name);
        let internal: Vec<&str> = outputs
            .iter()
            .filter(is_internal)
            .map(String::as_str)
            .collect();
        let (file, signature) = match internal.is_empty() {
            true => (file, signature),
            false => {
                let file = with_outputs(file, &internal)?;
                let signature = Signature::of(&file)?;
                (file, signature)
            }
        };
        // What a damaged file makes a runtime do is its own affair, but not to end the program.
        let load = std::panic::AssertUnwindSafe(|| runtime.load(file, device));
        let loaded = std::panic::catch_unwind(load).unwrap_or_else(|panic| {
            Err(ModelError::Panic {
                runtime: runtime.name(),
                reason: pipe_foundation::panics::describe(&*panic),
                advice: runtime.other(),
            })
        })?;
        Ok(Self {
            signature,
            runtime,
            loaded,
        })
    }
}
