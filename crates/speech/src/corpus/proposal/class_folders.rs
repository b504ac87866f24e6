//! Folders named after labels, and speakers in names.

use std::collections::BTreeSet;

use serde_json::json;

use crate::corpus::protocol::split_of;
use crate::corpus::walk::FoundFile;

use super::layout::Layout;
use super::words::meaning;

/// A layout where most names of folders at one level are words for emotions.
pub(super) fn layout(files: &[FoundFile]) -> Option<Layout> {
    let recordings: Vec<&FoundFile> = files.iter().filter(|file| file.is_audio()).collect();
    let depth = recordings.iter().map(|file| file.folders().count()).max()?;
    // Counted from the folder that a file is in.
    let level = (0..depth).find(|level| {
        let names: BTreeSet<&str> = (recordings.iter())
            .filter_map(|file| file.folders().rev().nth(*level))
            .collect();
        let known = names.iter().filter(|name| meaning(name).is_some()).count();
        known >= 2 && known * 2 > names.len()
    })?;
    let label = |file: &FoundFile| file.folders().rev().nth(level).map(str::to_string);
    let labels: BTreeSet<String> = recordings.iter().filter_map(|file| label(file)).collect();
    let comment = format!("The folders {} are labels.", listed(&labels));
    let between = "*/".repeat(level);
    let separator = ['_', '-', ' ']
        .into_iter()
        .find(|separator| speakers(&recordings, *separator).is_some());
    if let Some(separator) = separator {
        let speakers = speakers(&recordings, separator).unwrap_or_default();
        return Some(Layout::new("folders", comment).option(
            "pattern",
            json!(format!("**/{{emotion}}/{between}{{speaker}}{separator}*")),
            format!(
                "names begin with {}: check that these are the {} speakers",
                listed(&speakers),
                speakers.len()
            ),
        ));
    }
    let above: BTreeSet<&str> = (recordings.iter())
        .filter_map(|file| file.folders().rev().nth(level + 1))
        .collect();
    let are_splits = !above.is_empty() && above.iter().all(|name| split_of(name).is_some());
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
                listed(&speakers)
            ),
        ));
    }
    let mut layout = Layout::new("folders", comment);
    let start = match are_splits {
        true => {
            let splits: BTreeSet<String> = above.iter().map(|name| (*name).to_string()).collect();
            layout.comments.push(format!(
                "The folders {} are splits of its publisher, not speakers: the column `split` has them, and `split = {{ column = \"split\" }}` of the ingest stage follows them.",
                listed(&splits)
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
fn speakers(recordings: &[&FoundFile], separator: char) -> Option<BTreeSet<String>> {
    let starts: Option<BTreeSet<String>> = (recordings.iter())
        .map(|file| {
            let (start, _) = file.stem().split_once(separator)?;
            (!start.is_empty()).then(|| start.to_string())
        })
        .collect();
    let starts = starts?;
    // Words for emotions and splits are no names.
    let no_label = starts
        .iter()
        .all(|start| meaning(start).is_none() && split_of(start).is_none());
    (starts.len() >= 2 && starts.len() * 2 <= recordings.len() && no_label).then_some(starts)
}

fn listed(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
    if names.len() > shown.len() {
        shown.push("...");
    }
    shown.join(", ")
}
