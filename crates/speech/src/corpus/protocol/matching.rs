//! Which utterance each file of a partition is: by its name, and where several have it, by the folders before it.

use std::collections::HashMap;

use crate::corpus::reader::crema_d;
use crate::corpus::{AudioSource, Entry, Split};

use super::{Partition, ProtocolError};

/// What a partition says of some entries.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionMatch {
    /// The file of the partition that each entry is, by position; none for those that it does not name.
    pub file_of: Vec<Option<usize>>,
    /// Files of the partition that are no entry.
    pub unmatched: Vec<usize>,
    /// Files of the partition that may be one of several, since their names and folders do not tell these apart; each with
    /// the positions of two entries.
    pub ambiguous: Vec<(usize, [usize; 2])>,
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
    let mut found = PartitionMatch {
        file_of: vec![None; paths.len()],
        unmatched: Vec::new(),
        ambiguous: Vec::new(),
    };
    let paths: Vec<String> = paths.iter().map(|path| as_published(path)).collect();
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, path) in paths.iter().enumerate() {
        by_name.entry(name(path)).or_default().push(index);
    }
    for (number, file) in partition.files.iter().enumerate() {
        let published = as_published(&without_extension(&file.path));
        let candidates = by_name.get(name(&published)).map_or(&[][..], Vec::as_slice);
        let depth = |index: &usize| common_end(&paths[*index], &published);
        let deepest = candidates.iter().map(depth).max().unwrap_or(0);
        let best = candidates
            .iter()
            .copied()
            .filter(|index| depth(index) == deepest);
        let best: Vec<usize> = best.collect();
        let Some(&first) = best.first() else {
            found.unmatched.push(number);
            continue;
        };
        // Several of them are one file, or it cannot be known which one is meant.
        if let Some(&other) = best.iter().find(|&&index| paths[index] != paths[first]) {
            found.ambiguous.push((number, [first, other]));
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
    let is_none = found.file_of.iter().all(Option::is_none);
    match is_none && found.ambiguous.is_empty() {
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

/// A path without extension as publishers write it: the one recording of CREMA-D that old mirrors call
/// `1040_ITH_SAD_X` is `1040_ITH_SAD_XX`.
fn as_published(path: &str) -> String {
    match crema_d::is_of_old_mirror(name(path)) {
        true => format!("{path}X"),
        false => path.to_owned(),
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

#[cfg(test)]
mod tests {
    use pipe_foundation::Digest;

    use super::*;
    use crate::corpus::protocol::PublishedFile;

    fn matched(published: &[&str], paths: &[&str]) -> Result<PartitionMatch, ProtocolError> {
        let files = published.iter().map(|path| PublishedFile {
            path: (*path).to_owned(),
            split: Split::Test,
            key: None,
            label: None,
        });
        let partition = Partition {
            name: "p".into(),
            digest: Digest::of(b""),
            files: files.collect(),
            has_validation: false,
        };
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        match_paths(&partition, &paths)
    }

    #[test]
    fn a_name_that_may_be_several_files_is_not_one_that_is_missing() {
        let paths = ["one/a/x", "two/a/x", "two/b/y"];
        let found = matched(&["a/x.wav", "y.wav", "z.wav"], &paths).unwrap();
        assert_eq!(found.file_of, [None, None, Some(1)]);
        assert_eq!(found.ambiguous, [(0, [0, 1])]);
        assert_eq!(found.unmatched, [2]);
        let found = matched(&["two/a/x.wav"], &paths).unwrap();
        assert_eq!(found.file_of, [None, Some(0), None]);
        let none = matched(&["q.wav"], &paths).unwrap_err().to_string();
        assert_eq!(none, "the only file of p, q.wav, is not in the corpora");
    }

    #[test]
    fn the_recording_that_old_mirrors_of_crema_d_call_otherwise_is_found() {
        let names = ["1040_ITH_SAD_X", "1040_ITH_SAD_XX"];
        for published in names {
            for own in names {
                let path = format!("AudioWAV/{published}.wav");
                let found = matched(&[&path], &[&format!("crema-d/{own}")]).unwrap();
                assert_eq!(found.file_of, [Some(0)], "{published} {own}");
            }
        }
        assert!(matched(&["s_X.wav"], &["s_XX"]).is_err());
    }
}
