//! The name of a new corpus.

use std::path::Path;

/// A name for the corpus in a folder.
pub(super) fn name_of(root: &Path) -> String {
    let name = root
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(plain).collect();
    match name.trim_matches(['-', '.']) {
        "" => "corpus".into(),
        name => name.into(),
    }
}
