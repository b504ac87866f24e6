//! What is next to a folder and says more of the same recordings.

use std::path::{Path, PathBuf};

use pipe_foundation::{Limit, regular_file};

/// The file that makes a folder one of Kaldi's data folders.
const WAV_SCP: &str = "wav.scp";

/// How many folders below the one above are looked into.
const DEPTH: usize = 2;

/// A hint where another reader was chosen though a data folder of Kaldi is in the folder, or next to it and names its
/// recordings; its list is read up to `file_bytes`.
pub(super) fn kaldi(root: &Path, reader: &str, file_bytes: Limit) -> Option<String> {
    if reader == "kaldi" {
        return None;
    }
    let above = root.parent()?;
    let name = root.file_name()?.to_str()?;
    let names_recordings = |folder: &Path| {
        let text = regular_file::read_text(&folder.join(WAV_SCP), file_bytes);
        text.is_ok_and(|text| text.lines().any(|line| is_below(line, name)))
    };
    let (from, found) = match data_folder(root, DEPTH, &|_| true) {
        Some(found) => (root, found),
        None => (above, data_folder(above, DEPTH, &names_recordings)?),
    };
    Some(format!(
        "{} is a data folder of Kaldi: where it is of these recordings, `pipe corpora add {}` takes its speakers and labels.",
        found.display(),
        from.display()
    ))
}

/// Whether a line of a list has a path below a folder of that name.
fn is_below(line: &str, folder: &str) -> bool {
    let mut parts = line.split(['/', ' ', '\t']);
    parts.any(|part| part == folder)
}

/// The first data folder in a folder, by the names, that is wanted.
fn data_folder(folder: &Path, depth: usize, is_wanted: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    if folder.join(WAV_SCP).is_file() && is_wanted(folder) {
        return Some(folder.to_path_buf());
    }
    if depth == 0 {
        return None;
    }
    let entries = std::fs::read_dir(folder).ok()?;
    // What cannot be read gives no hint.
    let folders = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    folders.sort();
    folders
        .iter()
        .find_map(|folder| data_folder(folder, depth - 1, is_wanted))
}
