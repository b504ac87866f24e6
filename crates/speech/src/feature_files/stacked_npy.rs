//! One NPY array for all recordings, `[recordings, values]` or `[recordings, frames, values]`, and a list of their names.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use pipe_foundation::{Features, regular_file};

use super::error::{Fault, FeatureFileError};
use super::feature_file::{FeatureFile, FeatureFileOptions, Part};
use super::matrix;
use super::npy::{LONGEST_HEADER, NpyHeader};

/// The array, which stays in its file.
#[derive(Debug)]
pub struct StackedNpy {
    path: PathBuf,
    header: NpyHeader,
    names: Vec<String>,
}

impl StackedNpy {
    /// Reads the header and the names.
    ///
    /// # Errors
    /// No list of names, another number of them than of recordings, an array that cannot be read by recordings.
    pub fn open(path: &Path, options: &FeatureFileOptions) -> Result<Self, FeatureFileError> {
        let wrong = |fault: Fault| FeatureFileError::new(path, fault);
        let Some(list) = &options.names else {
            let help = "add names = \"names.txt\", a file with a name on each line in the order of the array";
            return Err(
                wrong("an array does not say which recording each row is of".into()).help(help),
            );
        };
        let text = regular_file::read_whole_text(list);
        let text = text.map_err(|error| FeatureFileError::new(list, error))?;
        let text = text.trim_end();
        let names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
        let mut file = regular_file::open(path).map_err(|error| wrong(error.into()))?;
        let mut head = Vec::new();
        (&mut file)
            .take(LONGEST_HEADER as u64)
            .read_to_end(&mut head)
            .map_err(|error| wrong(error.into()))?;
        let header = NpyHeader::read(&head).map_err(|reason| wrong(reason.into()))?;
        if header.fortran_order {
            let help = "save it with numpy.save(path, numpy.ascontiguousarray(array))";
            return Err(wrong("its values are in Fortran order".into()).help(help));
        }
        let length = file.metadata().map_err(|error| wrong(error.into()))?.len();
        let promised = header
            .bytes()
            .and_then(|bytes| bytes.checked_add(header.start));
        if promised.map(|bytes| bytes as u64) != Some(length) {
            let shape = &header.shape;
            return Err(wrong(
                format!("its header promises an array {shape:?}, but the file has {length} bytes")
                    .into(),
            ));
        }
        let [recordings, ..] = header.shape[..] else {
            return Err(wrong("it is a single number".into()));
        };
        if recordings != names.len() {
            return Err(wrong(
                format!(
                    "it has {recordings} rows, but {} names {} recordings",
                    list.display(),
                    names.len()
                )
                .into(),
            ));
        }
        Ok(Self {
            path: path.to_path_buf(),
            header,
            names,
        })
    }
}

impl FeatureFile for StackedNpy {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, index: usize, _part: Part) -> Result<Features, FeatureFileError> {
        let wrong = |fault: Fault| FeatureFileError::new(&self.path, fault);
        let shape = &self.header.shape[1..];
        let bytes = shape.iter().product::<usize>() * self.header.number.bytes();
        let mut row = vec![0; bytes];
        let start = self.header.start as u64 + index as u64 * bytes as u64;
        let mut file = regular_file::open(&self.path).map_err(|error| wrong(error.into()))?;
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.read_exact(&mut row))
            .map_err(|error| wrong(error.into()))?;
        let values = self.header.number.decode(&row, self.header.big_endian);
        let shape = if shape.is_empty() { &[1] } else { shape };
        matrix::features(shape, values)
            .map_err(|reason| wrong(format!("row {index}: {reason}").into()))
    }
}
