//! What a run that was handed to a cluster was started with.

use std::path::{Path, PathBuf};

use pipe_foundation::system::RealSystem;
use pipe_foundation::{durable, regular_file};
use serde::{Deserialize, Serialize};

/// Its name in the folder of the run.
pub const RUN_FILE: &str = "run.json";

/// What a run that was handed to a cluster was started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// Name of the manifest.
    pub name: String,
    /// The folder that it was started in.
    pub folder: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The plan keys of all its steps, as one digest.
    pub plan_key: String,
    /// When it began, in seconds since 1970.
    pub started_s: u64,
    /// True once all is settled; its folder stays for its logs.
    #[serde(default)]
    pub over: bool,
}

impl RunFile {
    /// Reads that of the run in `folder`; none where there is no whole one.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = regular_file::read_whole_text(&folder.join(RUN_FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes it into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let bytes = serde_json::to_vec_pretty(self)?;
        durable::write(&RealSystem, &folder.join(RUN_FILE), &bytes)
    }
}
