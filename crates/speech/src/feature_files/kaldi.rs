//! Kaldi's archives of matrices and vectors, and the lists that point into them.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use pipe_foundation::{Features, regular_file};

use super::error::{Fault, FeatureFileError};
use super::feature_file::{FeatureFile, Part, extension};
use super::matrix;

mod object;

/// Archives, of which it is known where each matrix is.
#[derive(Debug)]
pub struct KaldiArchives {
    names: Vec<String>,
    /// The archive of each name and where in it the matrix begins.
    places: Vec<(PathBuf, u64)>,
}

impl KaldiArchives {
    /// Reads a list (`.scp`), or walks over an archive (`.ark`).
    ///
    /// # Errors
    /// A file that cannot be read or is neither.
    pub fn open(path: &Path) -> Result<Self, FeatureFileError> {
        let found = match extension(path).as_str() {
            "scp" => list(path)?,
            _ => walk(path)?,
        };
        let (names, places) = found.into_iter().unzip();
        Ok(Self { names, places })
    }
}

impl FeatureFile for KaldiArchives {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, index: usize, _part: Part) -> Result<Features, FeatureFileError> {
        let (archive, start) = &self.places[index];
        let name = &self.names[index];
        let wrong = |fault: Fault| FeatureFileError::of_name(archive, name, fault);
        let mut file = opened(archive)?;
        file.seek(SeekFrom::Start(*start))
            .map_err(|error| wrong(error.into()))?;
        let (shape, values) = object::read(&mut file).map_err(wrong)?;
        matrix::features(&shape, values).map_err(|reason| wrong(reason.into()))
    }
}

/// The archives that a list names, and itself.
///
/// # Errors
/// As [`KaldiArchives::open`].
pub fn files_of_list(path: &Path) -> Result<Vec<PathBuf>, FeatureFileError> {
    let mut files: Vec<PathBuf> = list(path)?
        .into_iter()
        .map(|(_, (archive, _))| archive)
        .collect();
    files.sort();
    files.dedup();
    files.insert(0, path.to_path_buf());
    Ok(files)
}

type Places = Vec<(String, (PathBuf, u64))>;

/// The names of a list, the archives, which are relative to the list or to the current folder, and the places in them.
fn list(path: &Path) -> Result<Places, FeatureFileError> {
    let text = regular_file::read_whole_text(path);
    let text = text.map_err(|error| FeatureFileError::new(path, error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let wrong =
            |reason: &str| FeatureFileError::new(path, format!("line {}: {reason}", number + 1));
        let (name, place) = line.trim().split_once(char::is_whitespace).ok_or_else(|| {
            wrong("expected a name and a place, such as `utterance feats.ark:17`")
        })?;
        let place = place.trim();
        if place.ends_with('|') {
            return Err(wrong("it names a program instead of a file")
                .help("write an archive first: copy-feats scp:LIST ark:FILE"));
        }
        if place.ends_with(']') {
            return Err(wrong("it names a range of a matrix")
                .help("write whole matrices first: copy-feats scp:LIST ark:FILE"));
        }
        let (archive, start) = match place.rsplit_once(':') {
            Some((archive, start)) if start.bytes().all(|byte| byte.is_ascii_digit()) => (
                archive,
                start.parse().map_err(|_| wrong("its place is no number"))?,
            ),
            _ => (place, 0),
        };
        let beside = folder.join(archive);
        let archive = match beside.exists() {
            true => beside,
            false => PathBuf::from(archive),
        };
        found.push((name.to_owned(), (archive, start)));
    }
    Ok(found)
}

/// The names of an archive and where their matrices begin.
fn walk(path: &Path) -> Result<Places, FeatureFileError> {
    let mut file = opened(path)?;
    let mut found = Vec::new();
    loop {
        let name = object::name(&mut file);
        let name = name.map_err(|reason| FeatureFileError::new(path, reason))?;
        let Some(name) = name else { return Ok(found) };
        let failed = |fault: Fault| FeatureFileError::of_name(path, &name, fault);
        let start = file
            .stream_position()
            .map_err(|error| failed(error.into()))?;
        object::skip(&mut file).map_err(failed)?;
        found.push((name, (path.to_path_buf(), start)));
    }
}

fn opened(path: &Path) -> Result<BufReader<File>, FeatureFileError> {
    let file = regular_file::open(path).map_err(|error| FeatureFileError::new(path, error))?;
    Ok(BufReader::new(file))
}
