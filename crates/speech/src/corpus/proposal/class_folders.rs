//! Folders named after labels, and speakers in names.

use std::collections::BTreeSet;

use serde_json::json;

use crate::corpus::Split;
use crate::corpus::walk::FoundFile;

use super::folder_levels::{level_of_unknown_names, listed};
use super::layout::Layout;
use super::speaker_folders;
use super::words::meaning;

/// A layout where most names of folders at one level are words for emotions, or else one in which the folders of a level
/// are taken for labels.
pub(super) fn layout(files: &[FoundFile]) -> Option<Layout> {
    let recordings: Vec<&FoundFile> = files.iter().filter(|file| file.is_audio()).collect();
    let depth = recordings.iter().map(|file| file.folders().count()).max()?;
    // Counted from the folder that a file is in.
    let levels: Vec<BTreeSet<&str>> = (0..depth)
        .map(|level| {
            let names = recordings
                .iter()
                .filter_map(|file| file.folders().rev().nth(level));
            names.collect()
        })
        .collect();
    let known = levels.iter().position(|names| {
        let known = names.iter().filter(|name| meaning(name).is_some()).count();
        known >= 2 && known * 2 > names.len()
    });
    if known.is_none()
        && let Some(layout) = speaker_folders::layout(&recordings, &levels)
    {
        return Some(layout);
    }
    let level = known.or_else(|| level_of_unknown_names(&levels))?;
    let labels: BTreeSet<String> = levels[level]
        .iter()
        .map(|name| (*name).to_string())
        .collect();
    let comment = match known {
        Some(_) => format!(
            "The folders {} are labels.",
            listed(labels.iter().map(String::as_str))
        ),
        None => format!(
            "TO DO: the folders {} were taken for labels because recordings lie in them, not because they are words for emotions: check that they are labels. If they are speakers, set pattern = \"**/{{speaker}}/*\" with `{{emotion}}` where names tell it, and remove `speaker`.",
            listed(labels.iter().map(String::as_str))
        ),
    };
    let between = "*/".repeat(level);
    let separator = ['_', '-', ' ']
        .into_iter()
        .find(|separator| speakers(&recordings, *separator, &labels).is_some());
    if let Some(separator) = separator {
        let speakers = speakers(&recordings, separator, &labels).unwrap_or_default();
        return Some(Layout::new("folders", comment).option(
            "pattern",
            json!(format!("**/{{emotion}}/{between}{{speaker}}{separator}*")),
            format!(
                "names begin with {}: check that these are the {} speakers",
                listed(speakers.iter().map(String::as_str)),
                speakers.len()
            ),
        ));
    }
    let above: BTreeSet<&str> = (recordings.iter())
        .filter_map(|file| file.folders().rev().nth(level + 1))
        .collect();
    let are_splits = !above.is_empty() && above.iter().all(|name| Split::of_word(name).is_some());
    let folders_above = !are_splits
        && recordings
            .iter()
            .all(|file| file.folders().count() == level + 2);
    if folders_above && above.len() >= 2 {
        let speakers: BTreeSet<String> = above.iter().map(|name| (*name).to_string()).collect();
        return Some(Layout::new("folders", comment).option(
            "pattern",
            json!(format!("{{speaker}}/{{emotion}}/{between}*")),
            format!(
                "check that the folders {} are the speakers",
                listed(speakers.iter().map(String::as_str))
            ),
        ));
    }
    let mut layout = Layout::new("folders", comment);
    let start = match are_splits {
        true => {
            let splits: BTreeSet<String> = above.iter().map(|name| (*name).to_string()).collect();
            layout.comments.push(format!(
                "The folders {} are splits of its publisher, not speakers: the column `split` has them, and `split = {{ column = \"split\" }}` of the ingest stage follows them.",
                listed(splits.iter().map(String::as_str))
            ));
            "**/{split}/"
        }
        false => "**/",
    };
    layout.comments.push(
        "TO DO: nothing tells the speakers apart, so each file counts as one, and the same voice may be in training and test data: set `pattern`, such as \"**/{emotion}/{speaker}_*\", and remove `speaker`."
            .into(),
    );
    Some(
        layout
            .option(
                "pattern",
                json!(format!("{start}{{emotion}}/{between}*")),
                "",
            )
            .option("speaker", json!("file"), ""),
    )
}

/// What names begin with, if that tells a few speakers apart, each with several files.
fn speakers(
    recordings: &[&FoundFile],
    separator: char,
    labels: &BTreeSet<String>,
) -> Option<BTreeSet<String>> {
    let starts: Option<BTreeSet<String>> = (recordings.iter())
        .map(|file| {
            let (start, _) = file.stem().split_once(separator)?;
            (!start.is_empty()).then(|| start.to_string())
        })
        .collect();
    let starts = starts?;
    // Labels, words for emotions and splits are no names.
    let is_name = |start: &String| {
        !labels.contains(start) && meaning(start).is_none() && Split::of_word(start).is_none()
    };
    let no_label = starts.iter().all(is_name);
    (starts.len() >= 2 && starts.len() * 2 <= recordings.len() && no_label).then_some(starts)
}
