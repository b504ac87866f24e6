//! Features that other programs have computed: NPY, NPZ, safetensors, Kaldi archives, tables, and folders of these.

mod error;
mod feature_file;
mod folder;
mod join;
mod kaldi;
mod known_name;
mod matrix;
mod npy;
mod npz;
mod safetensors_file;
mod stacked_npy;
mod table;

use std::path::{Path, PathBuf};

pub use error::FeatureFileError;
use feature_file::extension;
pub use feature_file::{FeatureFile, FeatureFileOptions, Part};
use folder::Folder;
pub use join::{Joined, NameIndex};
use kaldi::KaldiArchives;
pub use known_name::{DistinctEndings, KnownName};
use npz::Npz;
use safetensors_file::SafetensorsFile;
use stacked_npy::StackedNpy;
use table::Table;

/// Opens a file by its extension, or a folder of files each of which has the features of one recording.
///
/// | extension | what |
/// |---|---|
/// | `.npy` | an array `[recordings, values]` or `[recordings, frames, values]`, with a list of names |
/// | `.npz`, `.safetensors` | an array `[values]` or `[frames, values]` under each name |
/// | `.ark`, `.scp` | Kaldi's matrices and vectors, binary, compressed or text |
/// | `.csv`, `.tsv`, `.parquet` | a row or several for each name: those of openSMILE, audformat and Nkululeko |
/// | folder | `.npy`, `.npz` and `.safetensors` files with one array each, under their paths without extension |
///
/// # Errors
/// A file that cannot be read or is none of these.
pub fn open(
    path: &Path,
    options: &FeatureFileOptions,
) -> Result<Box<dyn FeatureFile>, FeatureFileError> {
    if path.is_dir() {
        return Ok(Box::new(Folder::open(path)?));
    }
    Ok(match extension(path).as_str() {
        "npy" => Box::new(StackedNpy::open(path, options)?),
        "npz" => Box::new(Npz::open(path)?),
        "safetensors" => Box::new(SafetensorsFile::open(path)?),
        "ark" | "scp" => Box::new(KaldiArchives::open(path)?),
        "csv" | "tsv" | "parquet" => Box::new(Table::open(path, options)?),
        _ => {
            let reason = "its extension is none of .npy, .npz, .safetensors, .ark, .scp, .csv, .tsv and .parquet";
            return Err(FeatureFileError::new(path, reason));
        }
    })
}

/// What is known of a file before its features are read: the columns of a table that are features, in order; none for other
/// formats. Archives of Kaldi and the files of a folder are not looked at.
///
/// # Errors
/// A file that cannot be read or is none of these, and options that its format does not have.
pub fn columns(
    path: &Path,
    options: &FeatureFileOptions,
) -> Result<Option<Vec<String>>, FeatureFileError> {
    let extension = match path.is_dir() {
        true => String::new(),
        false => extension(path),
    };
    let is_table = matches!(&*extension, "csv" | "tsv" | "parquet");
    for (option, is_given, of) in [
        ("columns", options.columns.is_some() && !is_table, "tables"),
        (
            "name_column",
            options.name_column.is_some() && !is_table,
            "tables",
        ),
        (
            "names",
            options.names.is_some() && extension != "npy",
            "a file .npy",
        ),
    ] {
        if is_given {
            let reason = format!("`{option}` is only for {of}");
            return Err(FeatureFileError::new(path, reason).help(format!("remove `{option}`")));
        }
    }
    match &*extension {
        _ if is_table => Ok(Some(table::columns(path, options)?)),
        "" | "ark" | "scp" if path.is_dir() || !extension.is_empty() => Ok(None),
        _ => open(path, options).map(|_| None),
    }
}

/// The files that are read for `path`: itself, what a folder holds, and the archives that an `.scp` file names.
///
/// # Errors
/// A folder or list that cannot be read.
pub fn parts(path: &Path) -> Result<Vec<PathBuf>, FeatureFileError> {
    if path.is_dir() {
        return folder::files(path);
    }
    match extension(path).as_str() {
        "scp" => kaldi::files_of_list(path),
        _ => Ok(vec![path.to_path_buf()]),
    }
}

#[cfg(test)]
mod tests;
