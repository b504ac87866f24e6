//! Which utterance each file of a partition is: by its name, and where several have it, by the folders before it.

use std::collections::HashMap;

use crate::corpus::{AudioSource, Entry, Split};

use super::{Partition, ProtocolError};

/// What a partition says of some entries.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionMatch {
    /// The file of the partition that each entry is, by position; none for those that it does not name.
    pub file_of: Vec<Option<usize>>,
    /// Files of the partition that are no entry.
    pub unmatched: Vec<usize>,
}

impl PartitionMatch {
    /// The split of each entry; none for those that the partition does not name.
    pub fn splits(&self, partition: &Partition) -> Vec<Option<Split>> {
        let split = |file: &Option<usize>| Some(partition.files[(*file)?].split);
        self.file_of.iter().map(split).collect()
    }
}

/// Finds the entries of a partition's files. All segments of a file go with it.
///
/// # Errors
/// [`ProtocolError::TwoSplits`] where a file is named twice, [`ProtocolError::NoMatch`] where no file is found.
pub fn match_files(
    partition: &Partition,
    entries: &[&Entry],
) -> Result<PartitionMatch, ProtocolError> {
    let paths: Vec<String> = entries.iter().map(|entry| path_of(entry)).collect();
    match_paths(partition, &paths)
}

/// As [`match_files`], by the paths of audio files without their extensions, or by ids of utterances.
///
/// # Errors
/// As [`match_files`].
pub fn match_paths(
    partition: &Partition,
    paths: &[String],
) -> Result<PartitionMatch, ProtocolError> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, path) in paths.iter().enumerate() {
        by_name.entry(name(path)).or_default().push(index);
    }
    let mut found = PartitionMatch {
        file_of: vec![None; paths.len()],
        unmatched: Vec::new(),
    };
    for (number, file) in partition.files.iter().enumerate() {
        let published = without_extension(&file.path);
        let candidates = by_name.get(name(&published)).map_or(&[][..], Vec::as_slice);
        let depth = |index: &usize| common_end(&paths[*index], &published);
        let deepest = candidates.iter().map(depth).max().unwrap_or(0);
        let best = candidates
            .iter()
            .copied()
            .filter(|index| depth(index) == deepest);
        let best: Vec<usize> = best.collect();
        // Several of them are one file, or it cannot be known which one is meant.
        if best.is_empty() || best.iter().any(|&index| paths[index] != paths[best[0]]) {
            found.unmatched.push(number);
            continue;
        }
        for index in best {
            if let Some(earlier) = found.file_of[index] {
                let earlier = &partition.files[earlier];
                if earlier.split != file.split {
                    return Err(ProtocolError::TwoSplits {
                        file: file.path.clone(),
                        first: earlier.split.name(),
                        second: file.split.name(),
                    });
                }
            }
            found.file_of[index] = Some(number);
        }
    }
    match found.file_of.iter().all(Option::is_none) {
        true => Err(ProtocolError::NoMatch {
            partition: partition.name.clone(),
            files: partition.files.len(),
            first: partition
                .files
                .first()
                .map_or_else(String::new, |file| file.path.clone()),
        }),
        false => Ok(found),
    }
}

/// The path of an entry's audio, without extension.
fn path_of(entry: &Entry) -> String {
    match &entry.source {
        AudioSource::File { path, .. } => without_extension(&path.to_string_lossy()),
        AudioSource::Synthetic(_) => entry.utterance.id.clone(),
    }
}

/// A path with `/` between its parts, without the extension of its file.
fn without_extension(path: &str) -> String {
    let path = path.replace('\\', "/");
    let start = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[start..].rfind('.') {
        Some(dot) if dot > 0 => path[..start + dot].to_owned(),
        _ => path,
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// How many of their last parts two paths have in common.
fn common_end(one: &str, other: &str) -> usize {
    let parts = one.rsplit('/').zip(other.rsplit('/'));
    parts.take_while(|(one, other)| one == other).count()
}
