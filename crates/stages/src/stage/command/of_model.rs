//! The program of a `command` stage as a model file remembers it, run on new recordings.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use pipe_engine::artifact::ItemData;
use pipe_engine::stage::{DeclaredFile, ItemContext};
use pipe_foundation::progress::Silent;
use pipe_foundation::{Digest, Features};
use pipe_speech::audio::Waveform;
use serde::Deserialize;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::items::{Audio, FEATURES, FeatureItem};
use crate::predict::{ForeignProgram, ProgramError};

use super::{CommandStage, Options};

/// A program, and where it exchanges files with this one.
struct ModelProgram {
    stage: CommandStage,
    scratch: TempDir,
}

/// Prepares the program of a `command` stage that makes features. It runs in the first of `folders` in which all files
/// that the stage declared have the content that they had in training, and may take `timeout_s` for each recording.
///
/// # Errors
/// A file that is in none of them, or a model file that says something else than a program.
pub fn program_of_model(
    stage: &Json,
    folders: &[PathBuf],
    timeout_s: u64,
) -> Result<Box<dyn ForeignProgram>, ProgramError> {
    let wrong = |reason: String| ProgramError::Parameters { reason };
    let options = Options::deserialize(&stage["parameters"]);
    let mut options = options.map_err(|error| wrong(error.to_string()))?;
    options.timeout_s = Some(timeout_s);
    let mut wanted = Vec::new();
    for (name, digest) in stage["files"].as_object().into_iter().flatten() {
        let digest = digest.as_str().and_then(Digest::parse);
        let digest = digest.ok_or_else(|| wrong(format!("{name} has no digest")))?;
        wanted.push((name.as_str(), digest));
    }
    let has_all = |folder: &&PathBuf| wanted.iter().all(|wanted| is_there(folder, wanted));
    let Some(folder) = folders.iter().find(has_all) else {
        let missing =
            |wanted: &&(&str, Digest)| folders.iter().all(|folder| !is_there(folder, wanted));
        // Each may be somewhere, but not together.
        let missing = wanted.iter().find(missing).or(wanted.first());
        return Err(missing.map_or_else(
            || wrong("there is no folder to run it in".into()),
            |(name, digest)| ProgramError::NoFile {
                name: (*name).to_owned(),
                digest: digest.short(),
                folders: folders.to_vec(),
            },
        ));
    };
    let files = wanted.iter().map(|(name, _)| DeclaredFile {
        name: (*name).to_owned(),
        path: folder.join(name),
    });
    let scratch = tempfile::tempdir().map_err(|error| wrong(error.to_string()))?;
    Ok(Box::new(ModelProgram {
        stage: CommandStage {
            folders: Vec::new(),
            files: files.collect(),
            options,
            folder: folder.clone(),
            makes: FEATURES,
            sandbox: false,
            warned: AtomicBool::new(false),
            workers: Mutex::default(),
        },
        scratch,
    }))
}

/// Whether the file with a name and a digest is in a folder.
fn is_there(folder: &Path, (name, digest): &(&str, Digest)) -> bool {
    Digest::of_file(&folder.join(name)).is_ok_and(|found| found == *digest)
}

/// What a recording of a prediction goes by.
const RECORDING: &str = "a recording";

impl ModelProgram {
    fn make(&self, input: &dyn ItemData) -> Result<Features, String> {
        let context = ItemContext {
            scratch: self.scratch.path(),
            progress: &Silent,
            threads: 1,
            devices: &[],
        };
        let made = self.stage.make(RECORDING, input, &context);
        let made = made.map_err(|error| error.reason)?;
        let made = made.downcast_ref::<FeatureItem>();
        Ok(made.ok_or("the program made no features")?.0.clone())
    }
}

impl ForeignProgram for ModelProgram {
    fn of_samples(&self, samples: &[f32], rate_hz: u32) -> Result<Features, String> {
        self.make(&Audio::from(Waveform {
            samples: samples.to_vec(),
            rate_hz,
        }))
    }

    fn of_features(&self, features: Features) -> Result<Features, String> {
        self.make(&FeatureItem(features))
    }
}

impl Drop for ModelProgram {
    fn drop(&mut self) {
        self.stage.end_workers(&Silent);
    }
}
