//! Nkululeko's tables: CSV with `file`, `speaker`, `gender`, `emotion`, and `start` and `end` where they list segments.

use crate::corpus::CorpusError;
use crate::corpus::draft::Draft;

use super::options::Options;
use super::table;

/// - `table`: the table, a file below the root (required),
/// - `encoding`, `audio_folder`, `columns`, `constants`: as of reader `table`.
pub(super) const OPTIONS: &[&str] = &["table", "encoding", "audio_folder", "columns", "constants"];

/// The names of its columns. Nkululeko names the emotion by the target of an experiment.
const USUAL: &[(&str, &[&str])] = &[
    ("path", &["file"]),
    ("emotion", &["class_label", "label", "target"]),
    ("gender", &["sex"]),
];

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    table::list_with(draft, options, USUAL)
}
