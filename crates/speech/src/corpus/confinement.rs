//! The folders that the files of corpora have to lie in where nobody has said that whoever wrote `corpora.toml` is trusted.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

use pipe_foundation::real_path;
use pipe_foundation::sync::lock;
use serde_json::Value;

use super::CorpusError;

/// Options of readers that name a file or a folder of the corpus.
const PATHS: [&str; 4] = ["table", "folder", "audio_folder", "labels"];

/// Where the files of corpora may lie; anywhere by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confinement(Option<Folders>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Folders {
    project: PathBuf,
    /// Links followed.
    real: Vec<PathBuf>,
    /// As written: the links in them are the user's own.
    given: Vec<PathBuf>,
}

impl Confinement {
    /// To `project`, which the user may trust, and to the folders of `more`; and to what is written as a path below one
    /// of `given`, the user's own choice, wherever its links lead.
    pub fn to(project: &Path, more: &[PathBuf], given: &[PathBuf]) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into());
        let own = std::iter::once(project);
        let all = own.chain(more.iter().map(PathBuf::as_path));
        Self(Some(Folders {
            project: project.to_path_buf(),
            real: all.map(real_path).collect(),
            given: given.iter().map(|path| absolute(path)).collect(),
        }))
    }

    /// Whether files may be anywhere.
    pub fn is_free(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a file or folder may be used.
    pub fn allows(&self, path: &Path) -> bool {
        self.0.as_ref().is_none_or(|folders| {
            folders.is_below_given(path) || folders.holds_real(&real_path(path))
        })
    }

    /// The file or folder of the corpus at `path` has to lie inside.
    ///
    /// # Errors
    /// [`CorpusError::Outside`].
    pub(super) fn check(&self, corpus: &str, path: &Path) -> Result<(), CorpusError> {
        match &self.0 {
            Some(folders) if !self.allows(path) => Err(CorpusError::Outside {
                corpus: corpus.to_owned(),
                path: real_path(path),
                project: folders.project.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// The folder `root` of a corpus, and what the options of its reader name in it, have to lie inside. Nothing is opened.
    ///
    /// # Errors
    /// [`CorpusError::Outside`].
    pub fn check_entry(
        &self,
        corpus: &str,
        root: &Path,
        options: &BTreeMap<String, Value>,
    ) -> Result<(), CorpusError> {
        self.check(corpus, root)?;
        let named = options
            .iter()
            .filter(|(name, _)| PATHS.contains(&name.as_str()));
        named
            .filter_map(|(_, value)| Value::as_str(value))
            .try_for_each(|name| self.check(corpus, &root.join(name)))
    }

    /// Whether files may be used, for many files of few folders.
    pub(super) fn of_files(&self) -> ConfinedFiles<'_> {
        ConfinedFiles {
            confinement: self,
            folders: Mutex::default(),
            outside: Mutex::default(),
        }
    }
}

impl Folders {
    fn is_below_given(&self, path: &Path) -> bool {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let is_plain = |below: &Path| !below.components().any(|part| part == Component::ParentDir);
        let mut below = self
            .given
            .iter()
            .filter_map(|given| path.strip_prefix(given).ok());
        below.any(is_plain)
    }

    fn holds_real(&self, path: &Path) -> bool {
        self.real.iter().any(|folder| path.starts_with(folder))
    }
}

/// Answers for many files; each folder is looked at once.
pub(super) struct ConfinedFiles<'a> {
    confinement: &'a Confinement,
    folders: Mutex<HashMap<PathBuf, bool>>,
    /// The first that may not be used.
    outside: Mutex<Option<PathBuf>>,
}

impl ConfinedFiles<'_> {
    /// As [`Confinement::allows`]; what is not allowed is remembered.
    pub fn allows(&self, path: &Path) -> bool {
        let allowed = self.look(path);
        if !allowed {
            lock(&self.outside).get_or_insert(path.to_path_buf());
        }
        allowed
    }

    /// Nothing must have been refused.
    ///
    /// # Errors
    /// [`CorpusError::Outside`].
    pub fn check(&self, corpus: &str) -> Result<(), CorpusError> {
        let outside = lock(&self.outside);
        let outside = outside.as_ref();
        outside.map_or(Ok(()), |path| self.confinement.check(corpus, path))
    }

    fn look(&self, path: &Path) -> bool {
        if self.confinement.is_free() {
            return true;
        }
        let is_link = path
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink());
        let Some(folder) = path
            .parent()
            .filter(|_| !is_link && path.file_name().is_some())
        else {
            return self.confinement.allows(path);
        };
        if let Some(known) = lock(&self.folders).get(folder) {
            return *known;
        }
        let allowed = self.confinement.allows(folder);
        lock(&self.folders).insert(folder.to_path_buf(), allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_that_dots_links_or_a_root_lead_to_are_outside() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let project = root.join("project");
        fs::create_dir_all(project.join("made")).unwrap();
        fs::create_dir_all(root.join("data/elsewhere")).unwrap();
        fs::create_dir_all(root.join("given")).unwrap();
        for name in ["secret.csv", "project/made/own.csv"] {
            fs::write(root.join(name), "x").unwrap();
        }
        symlink(root.join("secret.csv"), project.join("made/link.csv")).unwrap();
        symlink(root.join("data"), project.join("linked")).unwrap();
        symlink(root.join("data/elsewhere"), root.join("given/linked")).unwrap();
        let confined = Confinement::to(&project, &[], &[root.join("given")]);
        for (name, allowed) in [
            ("project/made/own.csv", true),
            ("project/made/missing.csv", true),
            ("project/made/../made/own.csv", true),
            ("project/made/link.csv", false),
            ("project/linked", false),
            ("project/linked/x.csv", false),
            ("project/../secret.csv", false),
            ("secret.csv", false),
            ("given/linked/x.csv", true),
            ("given/../secret.csv", false),
        ] {
            let path = root.join(name);
            assert_eq!(confined.allows(&path), allowed, "{name}");
            assert_eq!(confined.of_files().allows(&path), allowed, "{name}");
            assert!(Confinement::default().allows(&path));
        }
        let is_inside = |root: &str, table: &str| {
            let options = [("table".to_owned(), table.into())].into();
            let root = project.join(root);
            confined.check_entry("c", &root, &options).is_ok()
        };
        assert!(is_inside("made", "own.csv"));
        assert!(!is_inside("/etc", "passwd"));
        assert!(!is_inside("made", "link.csv"));
        assert!(!is_inside("made", "../../secret.csv"));
        assert!(!is_inside("linked", "x.csv"));
    }
}
