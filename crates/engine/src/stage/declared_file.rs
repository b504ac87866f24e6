//! Files outside the cache that a stage depends on, and the folders and patterns that stand for several.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file outside the cache whose content is part of a key; it is checked again around the work that reads it.
#[derive(Clone, Debug)]
pub struct DeclaredFile {
    /// Its path as the manifest has it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Lists what a folder or a pattern stands for now; none where that cannot be found out.
type List = dyn Fn() -> Option<Vec<PathBuf>> + Send + Sync;

/// What a folder or a pattern stood for when the plan was made. It is listed again around the work, since a program sees
/// a file that was added, which is in no key.
#[derive(Clone)]
pub struct DeclaredFolder {
    files: Vec<PathBuf>,
    list: Arc<List>,
}

impl DeclaredFolder {
    /// One that stands for `files`, as `list` finds out again.
    pub fn new(
        mut files: Vec<PathBuf>,
        list: impl Fn() -> Option<Vec<PathBuf>> + Send + Sync + 'static,
    ) -> Self {
        files.sort_unstable();
        Self {
            files,
            list: Arc::new(list),
        }
    }

    /// The first file that was added or is gone, or the first of all where they cannot be listed.
    pub fn changed(&self) -> Option<PathBuf> {
        let Some(mut now) = (self.list)() else {
            return self.files.first().cloned();
        };
        now.sort_unstable();
        let lacks = |files: &[PathBuf], path: &Path| {
            files
                .binary_search_by(|other| other.as_path().cmp(path))
                .is_err()
        };
        let added = now.iter().find(|path| lacks(&self.files, path));
        let gone = || self.files.iter().find(|path| lacks(&now, path));
        added.or_else(gone).cloned()
    }
}

impl fmt::Debug for DeclaredFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeclaredFolder").field(&self.files).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_come_and_go_are_seen() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let changed = |now: Option<Vec<PathBuf>>| {
            let folder = DeclaredFolder::new(paths(&["b", "a"]), move || now.clone());
            folder.changed()
        };
        assert_eq!(changed(Some(paths(&["a", "b"]))), None);
        assert_eq!(changed(Some(paths(&["a", "b", "c"]))), Some("c".into()));
        assert_eq!(changed(Some(paths(&["a"]))), Some("b".into()));
        assert_eq!(changed(None), Some("a".into()));
    }
}
