//! The model that a person names.

use std::path::Path;

use miette::Diagnostic;
use pipe_foundation::Digest;
use pipe_nn::model::{Model, model_path};

use super::error::CliError;

/// Reads a model, and the digest of its file.
pub fn load(path: &Path) -> Result<(Model, Digest), CliError> {
    if path.is_dir() {
        let inside = model_path(path);
        return Err(CliError::Usage {
            message: format!("{} is a folder, not a model", path.display()),
            help: match inside.is_file() {
                true => format!("did you mean {}?", inside.display()),
                false => {
                    "give the model.safetensors that a train step wrote under runs/".to_owned()
                }
            },
        });
    }
    let model = Model::load(path).map_err(refused)?;
    let digest = Digest::of_file(path).map_err(|reason| CliError::Usage {
        message: format!("cannot read {}: {reason}", path.display()),
        help: "check that the file is readable".into(),
    })?;
    Ok((model, digest))
}

/// An error with the model, for the command line.
pub fn refused(error: impl Diagnostic + Send + Sync + 'static) -> CliError {
    CliError::Model(Box::new(error))
}
