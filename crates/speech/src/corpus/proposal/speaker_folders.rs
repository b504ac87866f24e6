//! Folders named after speakers, and labels in the names of their files, or none.

use std::collections::BTreeSet;

use serde_json::json;

use crate::corpus::walk::FoundFile;

use super::folder_levels::{is_numbered, level_of_unknown_names, listed};
use super::layout::Layout;
use super::words::meaning;

/// Words that numbered folders of speakers begin with; no word at all is one too.
const SPEAKER: [&str; 12] = [
    "",
    "spk",
    "spkr",
    "speaker",
    "s",
    "actor",
    "subject",
    "subj",
    "sub",
    "person",
    "participant",
    "id",
];

/// A layout in which a level of folders is taken for speakers: the names of files tell the labels, or the folders are
/// numbered as speakers are.
pub(super) fn layout(recordings: &[&FoundFile], levels: &[BTreeSet<&str>]) -> Option<Layout> {
    let level = level_of_unknown_names(levels)?;
    let names = listed(levels[level].iter().copied());
    let below = "*/".repeat(level);
    if let Some((pattern, labels)) = labels_in_names(recordings) {
        let comment = format!(
            "TO DO: the folders {names} were taken for speakers, and {} in the names of files for labels: check both.",
            listed(labels)
        );
        let pattern = json!(format!("**/{{speaker}}/{below}{pattern}"));
        return Some(Layout::new("folders", comment).option("pattern", pattern, ""));
    }
    if !are_speakers(&levels[level]) {
        return None;
    }
    let mut layout = Layout::new(
        "folders",
        format!("TO DO: the folders {names} were taken for speakers: check that they are."),
    );
    layout.comments.push(
        "TO DO: nothing tells the labels. Where names do, write `{emotion}` there, such as \"**/{speaker}/{emotion}_*\"; where a table does, draft the entry of that. As it is, an ingest stage needs `classes = \"none\"`."
            .into(),
    );
    let pattern = json!(format!("**/{{speaker}}/{below}*"));
    Some(layout.option("pattern", pattern, ""))
}

/// Whether names are numbers, or numbered as speakers are.
fn are_speakers(names: &BTreeSet<&str>) -> bool {
    let first = names.first().copied().unwrap_or_default();
    let is_word = |c: &char| c.is_alphabetic();
    let word: String = first.chars().filter(is_word).collect();
    is_numbered(names) && SPEAKER.contains(&word.to_lowercase().as_str())
}

/// The part of names that tells words for emotions, as a pattern, with the words.
fn labels_in_names<'f>(recordings: &[&'f FoundFile]) -> Option<(String, BTreeSet<&'f str>)> {
    for separator in ['_', '-', ' ', '.'] {
        let parts: Vec<Vec<&str>> = recordings
            .iter()
            .map(|file| file.stem().split(separator).collect())
            .collect();
        let shortest = parts.iter().map(Vec::len).min()?;
        let longest = parts.iter().map(Vec::len).max()?;
        for place in 0..shortest {
            let words: BTreeSet<&str> = parts.iter().map(|parts| parts[place]).collect();
            let known = words.iter().filter(|word| meaning(word).is_some()).count();
            // The last part of some names and not of others has no pattern.
            let is_last = place + 1 == shortest;
            if known < 2 || known * 2 <= words.len() || (is_last && longest > shortest) {
                continue;
            }
            let before = format!("*{separator}").repeat(place);
            let after = match is_last {
                true => String::new(),
                false => format!("{separator}*"),
            };
            return Some((format!("{before}{{emotion}}{after}"), words));
        }
    }
    None
}
