//! The folder that a project's cache and results are in.

use std::path::{Path, PathBuf};

use pipe_engine::manifest::location;

/// What marks the folder of a project: its corpora, or a folder for nothing but that.
pub const MARKERS: [&str; 2] = ["corpora.toml", ".pipe"];

/// What the folder of an unpacked bundle holds.
pub const BUNDLE_FILE: &str = "bundle.json";

/// A folder for the manifests of a project.
const MANIFESTS: &str = "pipelines";

/// The root of the project that the manifest at `path` belongs to: the nearest folder above it with `corpora.toml` or
/// `.pipe`. Without one, and for a manifest in an unpacked bundle, which decides nothing about where others' results are,
/// the root is [`root_here`]; but where that is an unmarked folder that the manifest is not in, or the root of the file
/// system, the folder of the manifest, and for one in `pipelines` the folder above.
pub fn root_of(path: &Path) -> PathBuf {
    let here = current_folder();
    root_from(path, &here)
}

/// The root of the project that the current folder belongs to: the nearest folder above it that is marked, or itself.
pub fn root_here() -> PathBuf {
    let here = current_folder();
    marked_above(&here).unwrap_or(&here).to_path_buf()
}

/// `path` as people read it from the current folder: relative where it is below.
pub fn shown_from_here(path: &Path) -> PathBuf {
    path.strip_prefix(current_folder())
        .unwrap_or(path)
        .to_path_buf()
}

fn current_folder() -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    // One that was removed meanwhile has no path.
    here.unwrap_or_default()
}

fn root_from(path: &Path, here: &Path) -> PathBuf {
    let path = location(path);
    let own = path.parent().unwrap_or(Path::new("/"));
    let mut above = own.ancestors();
    let is_bundled = above.any(|folder| folder.join(BUNDLE_FILE).symlink_metadata().is_ok());
    let marked = marked_above(own).filter(|_| !is_bundled);
    if let Some(marked) = marked.or_else(|| marked_above(here)) {
        return marked.to_path_buf();
    }
    let is_root = here.parent().is_none() && !here.as_os_str().is_empty();
    // What is no file, such as standard input, has no folder of its own.
    if is_bundled || !path.is_file() || (own.starts_with(here) && !is_root) {
        return here.to_path_buf();
    }
    match own.parent() {
        Some(above) if own.ends_with(MANIFESTS) => above.to_path_buf(),
        _ => own.to_path_buf(),
    }
}

fn marked_above(folder: &Path) -> Option<&Path> {
    let is_marked = |folder: &&Path| {
        let mut markers = MARKERS.iter();
        markers.any(|marker| folder.join(marker).symlink_metadata().is_ok())
    };
    folder.ancestors().find(is_marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_marked_folder_above_a_manifest_is_its_root_from_anywhere() {
        let space = tempfile::tempdir().unwrap();
        let top = space.path().canonicalize().unwrap();
        for folder in [
            "a/b/pipelines",
            "a/other",
            "alone/pipelines",
            "received/project",
            "elsewhere",
        ] {
            std::fs::create_dir_all(top.join(folder)).unwrap();
        }
        for manifest in [
            "a/x.toml",
            "a/b/pipelines/x.toml",
            "alone/x.toml",
            "alone/pipelines/x.toml",
            "received/project/x.toml",
        ] {
            std::fs::write(top.join(manifest), "").unwrap();
        }
        std::fs::write(top.join("a/corpora.toml"), "").unwrap();
        std::fs::write(top.join("received").join(BUNDLE_FILE), "").unwrap();
        std::fs::write(top.join("received/project/corpora.toml"), "").unwrap();
        let root = |manifest: &str, here: &str| {
            let here = match here.starts_with('/') {
                true => PathBuf::from(here),
                false => top.join(here),
            };
            let root = root_from(&top.join(manifest), &here);
            let inside = root.strip_prefix(&top).unwrap_or(&root);
            inside.display().to_string()
        };
        for (manifest, here, expected) in [
            // Marked: from wherever.
            ("a/x.toml", "a", "a"),
            ("a/x.toml", "elsewhere", "a"),
            ("a/x.toml", "/", "a"),
            ("a/b/pipelines/x.toml", "a/b", "a"),
            // Not marked: of a project here, or in the current folder, or on its own.
            ("alone/x.toml", "a/other", "a"),
            ("alone/x.toml", "alone", "alone"),
            (
                "alone/pipelines/x.toml",
                "alone/pipelines",
                "alone/pipelines",
            ),
            ("alone/pipelines/x.toml", "elsewhere", "alone"),
            ("alone/x.toml", "/", "alone"),
            ("alone/pipelines/x.toml", "/", "alone"),
            // What somebody else has sent.
            ("received/project/x.toml", "elsewhere", "elsewhere"),
            ("received/project/x.toml", "a/b", "a"),
            // Not a file.
            ("missing.toml", "elsewhere", "elsewhere"),
        ] {
            assert_eq!(root(manifest, here), expected, "{manifest} from {here}");
        }
        std::fs::create_dir(top.join("a/b/.pipe")).unwrap();
        assert_eq!(root("a/b/pipelines/x.toml", "/"), "a/b");
    }
}
