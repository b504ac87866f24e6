//! Nested second copies of a corpus tree, as mirrors hold them.

use std::collections::BTreeMap;

use crate::corpus::Utterance;

use super::{Item, same_audio};

/// An utterance that a mirror holds a second time in a nested copy of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedCopy {
    /// Id of the copy, to be left out.
    pub dropped: String,
    /// Id of the utterance that stays: the one in fewer folders.
    pub kept: String,
}

impl NestedCopy {
    /// Why the copy is left out, as a lower-case fragment.
    pub fn reason(&self) -> String {
        format!("it is a nested copy of {}", self.kept)
    }
}

/// Copies to leave out before the data are split, sorted by id.
///
/// A copy has the audio, corpus, speaker, label and file name of the utterance that stays, and its
/// path has the folders of the other in their order, and more (`tess/x/OAF_angry/a` and
/// `tess/x/x/OAF_angry/a`). Folder names are compared without case.
pub fn nested_copies(items: &[Item<'_>]) -> Vec<NestedCopy> {
    let mut groups: BTreeMap<_, Vec<&Utterance>> = BTreeMap::new();
    for alike in same_audio(items.iter().map(|item| &item.audio)) {
        for item in alike.into_iter().map(|index| &items[index]) {
            let of = item.utterance;
            let stem = of.id.rsplit('/').next().unwrap_or_default();
            let key = (item.audio, stem, &*of.corpus, &*of.speaker, &*of.label);
            groups.entry(key).or_default().push(of);
        }
    }
    let mut copies = Vec::new();
    for group in groups.into_values().filter(|group| group.len() > 1) {
        let mut group: Vec<Path<'_>> = group.into_iter().map(Path::of).collect();
        group.sort_by(|a, b| (a.folders.len(), a.id).cmp(&(b.folders.len(), b.id)));
        let mut kept: Vec<Path<'_>> = Vec::new();
        for path in group {
            match kept.iter().find(|outer| path.is_nested_copy_of(outer)) {
                Some(outer) => copies.push(NestedCopy {
                    dropped: path.id.to_string(),
                    kept: outer.id.to_string(),
                }),
                None => kept.push(path),
            }
        }
    }
    copies.sort_by(|a, b| a.dropped.cmp(&b.dropped));
    copies
}

struct Path<'a> {
    id: &'a str,
    folders: Vec<String>,
}

impl<'a> Path<'a> {
    fn of(utterance: &'a Utterance) -> Self {
        let id = utterance.id.as_str();
        let folders = id.rsplit_once('/').map_or("", |(folders, _)| folders);
        Self {
            id,
            folders: folders.split('/').map(str::to_lowercase).collect(),
        }
    }

    /// True if `outer`'s folders are among ours in their order, and ours are more.
    fn is_nested_copy_of(&self, outer: &Self) -> bool {
        let mut ours = self.folders.iter();
        self.folders.len() > outer.folders.len()
            && outer
                .folders
                .iter()
                .all(|folder| ours.any(|our| our == folder))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{item, utterance};
    use super::*;

    #[test]
    fn nested_copies_are_left_out_and_other_duplicates_stay() {
        let outer = utterance("tess/Set/OAF_angry/OAF_back_angry", "tess/OAF", "angry");
        let inner = utterance("tess/Set/set/OAF_angry/OAF_back_angry", "tess/OAF", "angry");
        let nearby = utterance("tess/Other/OAF_angry/OAF_back_angry", "tess/OAF", "angry");
        let renamed = utterance("tess/Set/set/OAF_angry/OAF_bar_angry", "tess/OAF", "angry");
        let relabelled = utterance("tess/Set/set/OAF_sad/OAF_back_angry", "tess/OAF", "sad");
        let other_audio = utterance("tess/Set/x/OAF_angry/OAF_back_angry", "tess/OAF", "angry");
        let items = [
            item(&inner, "a"),
            item(&outer, "a"),
            item(&nearby, "a"),
            item(&renamed, "a"),
            item(&relabelled, "a"),
            item(&other_audio, "b"),
        ];
        let copies = nested_copies(&items);
        assert_eq!(
            copies,
            [NestedCopy {
                dropped: inner.id.clone(),
                kept: outer.id.clone()
            }]
        );
        assert_eq!(
            copies[0].reason(),
            format!("it is a nested copy of {}", outer.id)
        );
        assert_eq!(nested_copies(&items[..1]), []);
    }
}
