//! What recordings are called, and how much of it tells each from all others.

use std::collections::HashMap;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use crate::audio::is_audio_extension;

/// A name of a recording, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownName {
    /// Its parts, from the folder of the corpus on.
    pub(super) parts: Vec<String>,
    /// So many parts at its end lie below the folder of the corpus.
    pub(super) below: usize,
    /// The fewest parts at its end that tell it from all other recordings; more than it has where none do.
    pub(super) telling: usize,
    /// It names a part of a recording, with the times or the channel as its last parts.
    pub of_part: bool,
}

impl KnownName {
    /// The id of a recording, `<corpus>/<path below its folder>`, or that of a part of one.
    pub fn of_id(id: &str, of_part: bool) -> Self {
        Self::new(parts(id), of_part)
    }

    /// The end of the path of a recording: the folder of the corpus, and as many parts below it as the id has.
    pub fn of_path(path: &Path, id: &Self) -> Self {
        let mut parts = parts(&path.with_extension("").to_string_lossy());
        parts.drain(..parts.len().saturating_sub(id.parts.len()));
        Self::new(parts, false)
    }

    /// The recording of which this is a part, whose id is shorter by so many parts.
    pub fn recording(&self, shorter_by: usize) -> Self {
        let parts = &self.parts[..self.parts.len().saturating_sub(shorter_by)];
        Self::new(parts.to_vec(), false)
    }

    /// What the files of a corpus that names utterances itself call one.
    pub fn given(name: &str) -> Self {
        let parts = parts(name);
        Self {
            below: parts.len(),
            telling: parts.len(),
            parts,
            of_part: true,
        }
    }

    fn new(parts: Vec<String>, of_part: bool) -> Self {
        let below = parts.len().saturating_sub(1);
        Self {
            parts,
            below,
            telling: below,
            of_part,
        }
    }
}

/// How many parts at the end of each name tell it from those of other recordings.
#[derive(Debug, Default)]
pub struct DistinctEndings(HashMap<Vec<String>, usize>);

impl DistinctEndings {
    /// Compares all names with one another; those with the same `owner` are of one recording, or of one part.
    pub fn new(named: impl IntoIterator<Item = (String, KnownName)>) -> Self {
        let mut sorted: Vec<(Vec<String>, String)> = named
            .into_iter()
            .map(|(owner, name)| (name.parts.into_iter().rev().collect(), owner))
            .collect();
        sorted.sort();
        sorted.dedup();
        let mut telling = HashMap::new();
        // The name of another recording that has most in common is the nearest one before or after.
        let mut note = |of: &[String], other: Option<&Vec<String>>| {
            let common = other.map_or(0, |other| common(of.iter(), other.iter()));
            let key: Vec<String> = of.iter().rev().cloned().collect();
            let most = telling.entry(key).or_insert(0);
            *most = common.saturating_add(1).max(*most);
        };
        for reversed in [false, true] {
            let mut before: Option<usize> = None;
            let mut last = 0;
            let order = (0..sorted.len()).map(|at| match reversed {
                true => sorted.len() - 1 - at,
                false => at,
            });
            for at in order {
                if sorted[last].1 != sorted[at].1 {
                    before = Some(last);
                }
                note(&sorted[at].0, before.map(|before| &sorted[before].0));
                last = at;
            }
        }
        Self(telling)
    }

    /// The same name with what tells it from the others; where they were not told of it, all that is below the folder of
    /// its corpus does.
    pub fn of(&self, name: KnownName) -> KnownName {
        let telling = self.0.get(&name.parts).copied();
        KnownName {
            telling: telling.unwrap_or(name.telling),
            ..name
        }
    }
}

/// How many are the same from the first on.
pub(super) fn common<'a>(
    one: impl Iterator<Item = &'a String>,
    other: impl Iterator<Item = &'a String>,
) -> usize {
    one.zip(other).take_while(|(a, b)| a == b).count()
}

/// The parts of a path or an id in Unicode's form NFC, the last one without the extension of an audio file.
pub(super) fn parts(name: &str) -> Vec<String> {
    let name = name.trim().trim_matches(['\'', '"']);
    let name = match name.rsplit_once('.') {
        Some((stem, extension))
            if is_audio_extension(extension) || extension.eq_ignore_ascii_case("npy") =>
        {
            stem
        }
        _ => name,
    };
    let parts = name
        .split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".");
    parts.map(|part| part.nfc().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telling(ids: &[(&str, &str)]) -> Vec<usize> {
        let named = |&(owner, id): &(&str, &str)| (owner.to_owned(), KnownName::of_id(id, false));
        let all = DistinctEndings::new(ids.iter().map(named));
        ids.iter()
            .map(|(_, id)| all.of(KnownName::of_id(id, false)).telling)
            .collect()
    }

    #[test]
    fn as_many_parts_tell_a_name_as_it_takes() {
        let ids = [
            ("1", "D/spk1/a000"),
            ("2", "D/spk2/a000"),
            ("3", "D/spk2/a001"),
            ("4", "A/wav/7"),
            ("5", "B/wav/7"),
            ("4", "other/wav/7"),
        ];
        assert_eq!(telling(&ids), [2, 2, 1, 3, 3, 3]);
        // Where two have one name, nothing tells them.
        assert_eq!(telling(&[("1", "A/7"), ("2", "A/7")]), [3, 3]);
        assert_eq!(telling(&[("1", "A/7")]), [1]);
    }
}
