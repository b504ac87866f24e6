//! Folder names that contradict what the file names say.

use crate::corpus::draft::Draft;
use crate::corpus::labels::normalise;
use crate::corpus::walk::FoundFile;

/// Warns where a file is in a folder named after another label of the corpus than `label`.
pub(super) fn compare_label(draft: &mut Draft<'_>, file: &FoundFile, label: &str) {
    let folder = file.folder();
    if normalise(folder) != normalise(label) && draft.labels().lists(folder) {
        disagree(draft, file, "label", label);
    }
}

/// Warns that the folder of `file` contradicts its name, which is used.
pub(super) fn disagree(draft: &mut Draft<'_>, file: &FoundFile, what: &str, used: &str) {
    let message = format!(
        "folder {} contains files whose names say {what} {used}: the names are used",
        file.folder()
    );
    draft.note(message, &file.relative);
}
