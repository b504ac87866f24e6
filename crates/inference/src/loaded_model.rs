//! What runtimes have in common.

use crate::tensor::{InputTensor, OutputTensor};

/// A model that a runtime has loaded.
pub(crate) trait LoadedModel: Send + Sync {
    /// Executes it on one core; several threads may do so at once.
    ///
    /// # Errors
    /// What the runtime says.
    fn run(
        &self,
        inputs: Vec<(&str, InputTensor)>,
        outputs: &[&str],
    ) -> Result<Vec<OutputTensor>, String>;
}
