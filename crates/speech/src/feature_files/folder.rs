//! A folder with a file of features for each recording.

use std::path::{Path, PathBuf};

use pipe_foundation::{Features, regular_file};
use walkdir::WalkDir;

use super::error::{Fault, FeatureFileError};
use super::feature_file::{FeatureFile, Part, extension};
use super::npz::Npz;
use super::safetensors_file::SafetensorsFile;
use super::{matrix, npy};

/// Files, each of which is opened when its features are asked for.
#[derive(Debug)]
pub struct Folder {
    names: Vec<String>,
    paths: Vec<PathBuf>,
}

impl Folder {
    /// Lists the files.
    ///
    /// # Errors
    /// A folder that cannot be listed, or has no files of features.
    pub fn open(path: &Path) -> Result<Self, FeatureFileError> {
        let paths = files(path)?;
        let name = |file: &PathBuf| {
            let below = file.strip_prefix(path).unwrap_or(file).with_extension("");
            below.to_string_lossy().into_owned()
        };
        Ok(Self {
            names: paths.iter().map(name).collect(),
            paths,
        })
    }
}

/// The files of features in a folder, at any depth and sorted by path. Links are followed.
///
/// # Errors
/// As [`Folder::open`].
pub fn files(path: &Path) -> Result<Vec<PathBuf>, FeatureFileError> {
    let mut found = Vec::new();
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let entry =
            entry.map_err(|error| FeatureFileError::new(path, std::io::Error::from(error)))?;
        let is_known = matches!(
            extension(entry.path()).as_str(),
            "npy" | "npz" | "safetensors"
        );
        if entry.file_type().is_file() && is_known {
            found.push(entry.into_path());
        }
    }
    match found.is_empty() {
        true => {
            let reason = "the folder has no files .npy, .npz or .safetensors";
            Err(FeatureFileError::new(path, reason))
        }
        false => Ok(found),
    }
}

impl FeatureFile for Folder {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, index: usize, part: Part) -> Result<Features, FeatureFileError> {
        let path = &self.paths[index];
        let of_one = |file: &dyn FeatureFile| match file.names().len() {
            1 => file.read(0, part),
            count => {
                let reason = format!("it has {count} arrays; expected those of one recording");
                Err(FeatureFileError::new(path, reason))
            }
        };
        match extension(path).as_str() {
            "npz" => of_one(&Npz::open(path)?),
            "safetensors" => of_one(&SafetensorsFile::open(path)?),
            _ => {
                let wrong = |fault: Fault| FeatureFileError::new(path, fault);
                let bytes = regular_file::read_whole(path);
                let bytes = bytes.map_err(|error| wrong(error.into()))?;
                let (shape, values) = npy::read(&bytes).map_err(|reason| wrong(reason.into()))?;
                matrix::features(&shape, values).map_err(|reason| wrong(reason.into()))
            }
        }
    }
}
