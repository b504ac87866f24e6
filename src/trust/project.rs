//! The project that a manifest belongs to.

use std::path::{Path, PathBuf};

use pipe_engine::manifest::location;

use crate::project_root::{BUNDLE_FILE, MARKERS};

/// What the folder of a project holds, besides what marks its root.
const GIT: &str = ".git";

/// A folder of manifests in it.
const MANIFESTS: &str = "pipelines";

/// The folder with everything that a manifest may use unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The folder, without links.
    pub folder: PathBuf,
    /// True for an unpacked bundle, which somebody else has made.
    pub is_bundle: bool,
}

impl Project {
    /// The project of the manifest at `path`: the bundle that it is in; or the nearest folder above it with `.git`,
    /// `corpora.toml` or `.pipe`; or its own folder, and for one in `pipelines` the folder above.
    pub fn of(path: &Path) -> Self {
        let path = location(path);
        let own = path.parent().unwrap_or(Path::new("/"));
        let holds = |folder: &&Path, name: &str| folder.join(name).symlink_metadata().is_ok();
        let bundle = own.ancestors().find(|folder| holds(folder, BUNDLE_FILE));
        let marked = || {
            let mut above = own.ancestors();
            let markers = [GIT].into_iter().chain(MARKERS);
            above.find(|folder| markers.clone().any(|name| holds(folder, name)))
        };
        let alone = || match own.parent() {
            Some(above) if own.ends_with(MANIFESTS) => above,
            _ => own,
        };
        Self {
            folder: bundle.or_else(marked).unwrap_or_else(alone).to_path_buf(),
            is_bundle: bundle.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder_that_is_marked_is_the_project() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let project_of = |path: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            let project = Project::of(&path);
            let folder = project.folder.strip_prefix(&root).unwrap().to_path_buf();
            (folder.display().to_string(), project.is_bundle)
        };
        let own = |folder: &str| (folder.to_owned(), false);
        assert_eq!(project_of("a/x.toml"), own("a"));
        assert_eq!(project_of("a/pipelines/x.toml"), own("a"));
        std::fs::create_dir(root.join("a/.git")).unwrap();
        assert_eq!(project_of("a/b/c/x.toml"), own("a"));
        std::fs::write(root.join("a/b/corpora.toml"), "").unwrap();
        assert_eq!(project_of("a/b/c/x.toml"), own("a/b"));
        std::fs::write(root.join("a").join(BUNDLE_FILE), "{}").unwrap();
        assert_eq!(project_of("a/b/c/x.toml"), ("a".into(), true));
    }
}
