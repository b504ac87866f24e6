//! Models that are loaded, for all variants of stages that use the same.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use pipe_foundation::regular_file;
use pipe_foundation::sync::lock;
use pipe_inference::{Device, Model, Runtime};

/// A file as it was read, and what executes it.
#[derive(PartialEq)]
struct Loaded {
    path: PathBuf,
    runtime: Runtime,
    device: Device,
    outputs: Vec<String>,
    /// Size and time of its last change, in seconds and nanoseconds: whether it is still the same is for others to say.
    stamp: (u64, i64, i64),
}

static MODELS: Mutex<Vec<(Loaded, Weak<Model>)>> = Mutex::new(Vec::new());

/// The model in a file, loaded once for as long as somebody uses it.
///
/// # Errors
/// Why it cannot be loaded.
pub fn load(
    path: &Path,
    (runtime, device): (Runtime, Device),
    outputs: &[String],
) -> Result<Arc<Model>, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    let wanted = Loaded {
        path: path.to_path_buf(),
        runtime,
        device,
        outputs: outputs.to_vec(),
        stamp: (metadata.len(), metadata.mtime(), metadata.mtime_nsec()),
    };
    let mut models = lock(&MODELS);
    models.retain(|(_, model)| model.strong_count() > 0);
    let found = models.iter().find(|(loaded, _)| *loaded == wanted);
    if let Some(model) = found.and_then(|(_, model)| model.upgrade()) {
        return Ok(model);
    }
    let bytes = regular_file::read_whole(path).map_err(|error| error.to_string())?;
    let model = Model::load(bytes, runtime, device, outputs).map_err(|error| error.to_string())?;
    let model = Arc::new(model);
    models.push((wanted, Arc::downgrade(&model)));
    Ok(model)
}
