//! A safetensors file with a tensor under each name.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use pipe_foundation::{Features, regular_file};
use safetensors::tensor::{Dtype, TensorInfo};
use serde_json::Value as Json;

use super::error::{Fault, FeatureFileError};
use super::feature_file::{FeatureFile, Part};
use super::matrix;
use super::matrix::Number;

/// A longer header is not read; the format's own limit.
const LONGEST_HEADER_BYTES: u64 = 100_000_000;

/// Tensors, which stay in their file.
#[derive(Debug)]
pub struct SafetensorsFile {
    path: PathBuf,
    names: Vec<String>,
    tensors: Vec<TensorInfo>,
    /// Where the data begins.
    start: u64,
}

impl SafetensorsFile {
    /// Reads the header.
    ///
    /// # Errors
    /// A file that is not in this format, or cut short.
    pub fn open(path: &Path) -> Result<Self, FeatureFileError> {
        let wrong = |fault: Fault| FeatureFileError::new(path, fault);
        let mut file = regular_file::open(path).map_err(|error| wrong(error.into()))?;
        let length = file.metadata().map_err(|error| wrong(error.into()))?.len();
        let mut size = [0; 8];
        file.read_exact(&mut size)
            .map_err(|_| wrong("it is too short for safetensors".into()))?;
        let header = u64::from_le_bytes(size);
        if header > LONGEST_HEADER_BYTES || header > length {
            return Err(wrong("it is not in the format of safetensors".into()));
        }
        let mut head = Vec::new();
        (&mut file)
            .take(header)
            .read_to_end(&mut head)
            .map_err(|error| wrong(error.into()))?;
        let entries: serde_json::Map<String, Json> =
            serde_json::from_slice(&head).map_err(|error| wrong(error.to_string().into()))?;
        let mut tensors = Vec::new();
        for (name, entry) in entries
            .into_iter()
            .filter(|(name, _)| name != "__metadata__")
        {
            let info: TensorInfo = serde_json::from_value(entry)
                .map_err(|error| wrong(format!("{name}: {error}").into()))?;
            tensors.push((name, info));
        }
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        let start = 8 + header;
        let end = tensors
            .iter()
            .map(|(_, info)| info.data_offsets.1 as u64)
            .max();
        if start.saturating_add(end.unwrap_or(0)) > length {
            return Err(wrong("it is cut short: tensors lie beyond its end".into()));
        }
        let (names, tensors) = tensors.into_iter().unzip();
        Ok(Self {
            path: path.to_path_buf(),
            names,
            tensors,
            start,
        })
    }
}

impl FeatureFile for SafetensorsFile {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, index: usize, _part: Part) -> Result<Features, FeatureFileError> {
        let (name, info) = (&self.names[index], &self.tensors[index]);
        let wrong = |fault: Fault| FeatureFileError::of_name(&self.path, name, fault);
        let number = match info.dtype {
            Dtype::F16 => Number::F16,
            Dtype::BF16 => Number::Bf16,
            Dtype::F32 => Number::F32,
            Dtype::F64 => Number::F64,
            Dtype::I8 => Number::Signed(1),
            Dtype::I16 => Number::Signed(2),
            Dtype::I32 => Number::Signed(4),
            Dtype::I64 => Number::Signed(8),
            Dtype::BOOL | Dtype::U8 => Number::Unsigned(1),
            Dtype::U16 => Number::Unsigned(2),
            Dtype::U32 => Number::Unsigned(4),
            Dtype::U64 => Number::Unsigned(8),
            other => {
                return Err(wrong(
                    format!("numbers of the type {other:?} are not read").into(),
                ));
            }
        };
        let (from, to) = info.data_offsets;
        let values = info
            .shape
            .iter()
            .try_fold(1_usize, |all, length| all.checked_mul(*length));
        let wanted = values.and_then(|values| values.checked_mul(number.bytes()));
        if to.checked_sub(from) != wanted || wanted.is_none() {
            return Err(wrong(
                format!("its shape {:?} and its place do not agree", info.shape).into(),
            ));
        }
        let mut file = regular_file::open(&self.path).map_err(|error| wrong(error.into()))?;
        let mut bytes = vec![0; to.saturating_sub(from)];
        file.seek(SeekFrom::Start(self.start + from as u64))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|error| wrong(error.into()))?;
        matrix::features(&info.shape, number.decode(&bytes, false))
            .map_err(|reason| wrong(reason.into()))
    }
}
