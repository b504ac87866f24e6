//! The name of a manifest: its path inside the project, or the `name` that it gives itself.

use std::path::{Component, Path, PathBuf};

use crate::file_name::file_name;

use super::diagnostics::Diagnostics;
use super::limits::Limits;
use super::read::read;
use super::read_options::ReadOptions;
use super::value::{Table, Value};

/// A folder for the manifests of a project, which is not part of their names.
const MANIFESTS: &str = "pipelines";

/// The folder of a manifest's runs has a name of fewer bytes than this, so that it is not shortened: the manifest's name
/// is read back from it.
const LONGEST_BYTES: usize = 230;

/// What a name must look like, for messages.
pub(super) const EXPECTED: &str = "a relative path without `.`, `..` and control characters, such as \"demo\" or \"paper/demo\", of fewer than 230 bytes, where each slash counts as three";

/// Where a manifest is: absolute, with links to its folder followed, but not one that it is itself.
pub fn location(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => absolute(),
    }
}

/// The name that a manifest has by its path alone: the path inside the folder `root` of the project without `.toml` and without a leading
/// `pipelines/`; the name of the file where it is outside.
pub fn name_by_path(path: &Path, root: &Path) -> String {
    let path = location(path);
    let root = root.canonicalize().ok();
    let inside = root.and_then(|root| path.strip_prefix(root).ok());
    let inside = inside.map(|inside| inside.strip_prefix(MANIFESTS).unwrap_or(inside));
    let file = path.file_name().map(Path::new).unwrap_or(&path);
    let name = inside
        .unwrap_or(file)
        .to_string_lossy()
        .replace(char::is_control, "_");
    match name.strip_suffix(".toml") {
        Some(stem) if !stem.is_empty() && !stem.ends_with('/') => stem.into(),
        _ => name,
    }
}

/// The name that the manifest at `path` of the project in `root` has at present; none where there is no such file. One that cannot be read has
/// the name of its path.
pub fn present_name(path: &Path, root: &Path, limits: &Limits) -> Option<String> {
    if !path.is_file() {
        return None;
    }
    let options = ReadOptions {
        limits: *limits,
        ..ReadOptions::default()
    };
    let table = read(path, &options, &[], &mut Diagnostics::default());
    let given = table.ok().and_then(|(_, table)| given_name(&table));
    Some(given.unwrap_or_else(|| name_by_path(path, root)))
}

fn given_name(table: &Table) -> Option<String> {
    match &table.get("name")?.value {
        Value::Text(name) => Some(name.clone()),
        _ => None,
    }
}

/// Whether results can be kept under `name`: it must stay below the folder of all results.
pub fn is_usable(name: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let tidy: PathBuf = Path::new(name).components().collect();
    !name.is_empty()
        && file_name(name).len() < LONGEST_BYTES
        && !name.contains(char::is_control)
        && tidy.as_os_str() == name
        && tidy.components().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder_of_results() {
        for name in ["demo", "a/b", "a.b", "..a", "demo 2"] {
            assert!(is_usable(name), "{name}");
        }
        let long = "x".repeat(LONGEST_BYTES);
        let deep = format!("{}demo", "a/".repeat(60));
        for name in [
            "", ".", "..", "/a", "a/", "a//b", "a/../b", "./a", "a\nb", &long, &deep,
        ] {
            assert!(!is_usable(name), "{name:?}");
        }
    }

    #[test]
    fn a_path_inside_the_project_is_a_name_and_outside_it_the_file_is() {
        // Tests run in the folder of the crate.
        for (path, name) in [
            ("pipelines/demo.toml", "demo"),
            ("pipelines/include/paper.toml", "include/paper"),
            ("src/../src/demo.toml", "src/demo"),
            ("demo.toml", "demo"),
            ("src/demo.v2.toml", "src/demo.v2"),
            ("src/demo", "src/demo"),
            ("src/.toml", "src/.toml"),
            ("/usr/demo.toml", "demo"),
            ("../demo.toml", "demo"),
        ] {
            assert_eq!(
                name_by_path(Path::new(path), Path::new(".")),
                name,
                "{path}"
            );
        }
    }
}
