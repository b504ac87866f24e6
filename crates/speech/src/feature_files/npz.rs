//! NumPy's archives: an array under each name.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use pipe_foundation::{Features, regular_file};
use zip::ZipArchive;
use zip::result::ZipError;

use super::error::{Fault, FeatureFileError};
use super::feature_file::{FeatureFile, Part};
use super::{matrix, npy};

/// An array is read that is no longer: an archive can promise any size.
const LONGEST_ARRAY_BYTES: u64 = 1 << 30;

/// An archive, which stays in its file.
#[derive(Debug)]
pub struct Npz {
    path: PathBuf,
    names: Vec<String>,
    /// Where in the archive each name is.
    entries: Vec<usize>,
}

impl Npz {
    /// Reads the archive's table of contents.
    ///
    /// # Errors
    /// A file that is no archive.
    pub fn open(path: &Path) -> Result<Self, FeatureFileError> {
        let mut archive = archive(path)?;
        let (mut names, mut entries) = (Vec::new(), Vec::new());
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index);
            let entry = entry.map_err(|error| FeatureFileError::new(path, fault(error)))?;
            let name = entry
                .name()
                .map_err(|error| FeatureFileError::new(path, fault(error)))?;
            if let Some(name) = name.strip_suffix(".npy") {
                names.push(name.to_owned());
                entries.push(index);
            }
        }
        Ok(Self {
            path: path.to_path_buf(),
            names,
            entries,
        })
    }
}

fn archive(path: &Path) -> Result<ZipArchive<BufReader<std::fs::File>>, FeatureFileError> {
    let file = regular_file::open(path).map_err(|error| FeatureFileError::new(path, error))?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| FeatureFileError::new(path, fault(error)))
}

fn fault(error: ZipError) -> Fault {
    match error {
        ZipError::Io(error) => error.into(),
        ZipError::InvalidArchive(_) => {
            "it is no whole archive of NumPy: write it again with numpy.savez(path, **features), or copy it again".into()
        }
        other => other.to_string().into(),
    }
}

impl FeatureFile for Npz {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, index: usize, _part: Part) -> Result<Features, FeatureFileError> {
        let mut archive = archive(&self.path)?;
        let name = &self.names[index];
        let wrong = |fault: Fault| FeatureFileError::of_name(&self.path, name, fault);
        let entry = archive.by_index(self.entries[index]);
        let entry = entry.map_err(|error| wrong(fault(error)))?;
        let mut bytes = Vec::new();
        entry
            .take(LONGEST_ARRAY_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(error.into()))?;
        if bytes.len() as u64 > LONGEST_ARRAY_BYTES {
            return Err(wrong("it is longer than 1 GiB".into()));
        }
        let (shape, values) = npy::read(&bytes).map_err(|reason| wrong(reason.into()))?;
        matrix::features(&shape, values).map_err(|reason| wrong(reason.into()))
    }
}
