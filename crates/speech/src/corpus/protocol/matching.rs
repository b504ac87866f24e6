//! Which utterance each file of a partition is: by its name, and where several have it, by the folders before it.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

use crate::corpus::reader::crema_d;
use crate::corpus::{AudioSource, Entry, Split};

use super::{Partition, ProtocolError, PublishedFile};

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
    /// Files of the partition whose names are those of entries but for case or the form of letters; each with the position
    /// of one.
    pub respelled: Vec<(usize, usize)>,
}

impl PartitionMatch {
    /// The split of each entry; none for those that the partition does not name.
    pub fn splits(&self, partition: &Partition) -> Vec<Option<Split>> {
        let split = |file: &Option<usize>| Some(partition.files[(*file)?].split);
        self.file_of.iter().map(split).collect()
    }
}

/// What a file of a partition is compared with.
struct Place {
    /// The path of audio without its extension, or the id of an utterance.
    path: String,
    segment_s: Option<(f64, f64)>,
}

impl Place {
    fn of_entry(entry: &Entry) -> Self {
        match &entry.source {
            AudioSource::File {
                path, segment_s, ..
            } => Self {
                path: without_extension(&path.to_string_lossy()),
                segment_s: *segment_s,
            },
            AudioSource::Synthetic(_) => Self::of_path(&entry.utterance.id),
        }
    }

    fn of_path(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            segment_s: None,
        }
    }

    /// Whether a file of a partition, or the part of it that is meant, is this.
    fn is_of(&self, file: &PublishedFile) -> bool {
        /// Bounds are rounded to milliseconds in tables.
        const ROUNDING_S: f64 = 1e-3;
        // Two ends of a file are both infinite.
        let same = |one: f64, other: f64| one == other || (one - other).abs() < ROUNDING_S;
        match (file.segment_s, self.segment_s) {
            (None, _) => true,
            (Some(theirs), Some(own)) => same(theirs.0, own.0) && same(theirs.1, own.1),
            (Some(_), None) => false,
        }
    }
}

/// Finds the entries of a partition's files. All segments of a file go with it, unless the partition names segments: these
/// are found by start and end, too.
///
/// # Errors
/// [`ProtocolError::TwoSplits`] where a file is named twice, [`ProtocolError::NoMatch`] where no file is found.
pub fn match_files(
    partition: &Partition,
    entries: &[&Entry],
) -> Result<PartitionMatch, ProtocolError> {
    let places = entries.iter().map(|entry| Place::of_entry(entry));
    match_places(partition, places.collect())
}

/// As [`match_files`], by the paths of audio files without their extensions, or by ids of utterances.
///
/// # Errors
/// As [`match_files`].
pub fn match_paths(
    partition: &Partition,
    paths: &[String],
) -> Result<PartitionMatch, ProtocolError> {
    let places = paths.iter().map(|path| Place::of_path(path));
    match_places(partition, places.collect())
}

fn match_places(
    partition: &Partition,
    mut places: Vec<Place>,
) -> Result<PartitionMatch, ProtocolError> {
    let mut found = PartitionMatch {
        file_of: vec![None; places.len()],
        unmatched: Vec::new(),
        ambiguous: Vec::new(),
        respelled: Vec::new(),
    };
    for place in &mut places {
        place.path = as_published(&place.path);
    }
    let paths = PathsByName::new(places.iter().map(|place| place.path.as_str()));
    for (number, file) in partition.files.iter().enumerate() {
        let published = as_published(&without_extension(&file.path));
        let (mut best, is_respelled) = paths.nearest(&published);
        best.retain(|index| places[*index].is_of(file));
        let Some(&first) = best.first() else {
            found.unmatched.push(number);
            continue;
        };
        // Several of them are one file, or it cannot be known which one is meant.
        let is_other = |index: &&usize| places[**index].path != places[first].path;
        if let Some(&other) = best.iter().find(is_other) {
            found.ambiguous.push((number, [first, other]));
            continue;
        }
        if is_respelled {
            found.respelled.push((number, first));
        }
        for index in best {
            if let Some(earlier) = found.file_of[index] {
                let earlier = &partition.files[earlier];
                if earlier.split != file.split {
                    return Err(ProtocolError::TwoSplits {
                        file: file.name(),
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
                .map_or_else(String::new, PublishedFile::name),
        }),
        false => Ok(found),
    }
}

/// The positions of paths by the names that they end with.
struct PathsByName<'p> {
    paths: Vec<&'p str>,
    by_name: HashMap<&'p str, Vec<usize>>,
    /// In the form in which names are compared that are nowhere as they are written.
    compared: Vec<String>,
    by_compared_name: HashMap<String, Vec<usize>>,
}

impl<'p> PathsByName<'p> {
    fn new(paths: impl Iterator<Item = &'p str>) -> Self {
        let paths: Vec<&str> = paths.collect();
        let compared: Vec<String> = paths.iter().map(|path| compared(path)).collect();
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_compared_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, path) in paths.iter().enumerate() {
            by_name.entry(name(path)).or_default().push(index);
            let own = by_compared_name.entry(name(&compared[index]).to_owned());
            own.or_default().push(index);
        }
        Self {
            paths,
            by_name,
            compared,
            by_compared_name,
        }
    }

    /// The paths of the same name that have most folders before it in common with `published`; and whether the name is
    /// only the same but for case and the form of its letters.
    fn nearest(&self, published: &str) -> (Vec<usize>, bool) {
        let deepest = |candidates: &[usize], depth: &dyn Fn(&usize) -> usize| -> Vec<usize> {
            let most = candidates.iter().map(depth).max().unwrap_or(0);
            let best = candidates.iter().copied();
            best.filter(|index| depth(index) == most).collect()
        };
        if let Some(candidates) = self.by_name.get(name(published)) {
            let depth = |index: &usize| common_end(self.paths[*index], published);
            return (deepest(candidates, &depth), false);
        }
        let published = compared(published);
        let candidates = self.by_compared_name.get(name(&published));
        let depth = |index: &usize| common_end(&self.compared[*index], &published);
        let best = candidates.map(|candidates| deepest(candidates, &depth));
        (best.unwrap_or_default(), true)
    }
}

/// A path in lower case, its letters with their accents (NFC, Unicode Standard Annex 15).
fn compared(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.nfc().flat_map(char::to_lowercase).nfc().collect()
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

    fn matched(published: &[&str], paths: &[&str]) -> Result<PartitionMatch, ProtocolError> {
        let files = published.iter().map(|path| PublishedFile {
            path: (*path).to_owned(),
            segment_s: None,
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
    fn names_in_other_case_or_unicode_form_are_found_where_only_one_is_meant() {
        let paths = ["a/X1", "a/ge\u{308}n", "b/y", "b/Y"];
        let found = matched(&["x1.wav", "G\u{cb}N.wav", "y.wav"], &paths).unwrap();
        assert_eq!(found.file_of, [Some(0), Some(1), Some(2), None]);
        assert_eq!(found.respelled, [(0, 0), (1, 1)]);
        let paths = ["a/Y", "b/y\u{308}", "c/Ÿ"];
        let found = matched(&["Y.wav", "\u{ff}.wav"], &paths).unwrap();
        assert_eq!(found.file_of, [Some(0), None, None]);
        assert_eq!(found.ambiguous, [(1, [1, 2])]);
    }

    #[test]
    fn segments_are_found_by_start_and_end() {
        let segments = [Some((0.0, 1.0)), Some((1.0, f64::INFINITY)), None];
        let place = |segment_s| Place {
            path: "a/x".into(),
            segment_s,
        };
        let file = |segment_s, split| PublishedFile {
            path: "x.wav".into(),
            segment_s,
            split,
            key: None,
            label: None,
        };
        let partition = |files| Partition {
            name: "p".into(),
            digest: Digest::of(b""),
            files,
            has_validation: true,
        };
        let published = partition(vec![
            file(Some((0.0, 0.9996)), Split::Train),
            file(Some((1.0, f64::INFINITY)), Split::Test),
            file(Some((1.0, 2.0)), Split::Test),
        ]);
        let found = match_places(&published, segments.map(place).into()).unwrap();
        assert_eq!(found.file_of, [Some(0), Some(1), None]);
        assert_eq!(found.unmatched, [2]);
        let twice = partition(vec![
            file(Some((0.0, 1.0)), Split::Train),
            file(Some((0.0, 1.0)), Split::Test),
        ]);
        let told = match_places(&twice, segments.map(place).into()).unwrap_err();
        assert_eq!(
            told.to_string(),
            "x.wav (0 s to 1 s) is in train and in test"
        );
        let whole = partition(vec![file(None, Split::Test)]);
        let found = match_places(&whole, segments.map(place).into()).unwrap();
        assert_eq!(found.file_of, [Some(0); 3]);
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
