//! Whether a path that a manifest names stays inside a folder, links followed.

use std::path::Path;

use pipe_foundation::real_path;

use crate::source::Place;

use super::declaration::Declaration;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;

/// The code of a diagnostic about a path that leads out of the folder that a manifest is confined to.
pub const OUTSIDE: &str = "manifest::outside";

/// What is wrong with `path`, written at `place`: it leads out of `folder`. Paths of the command line are the user's own
/// and may lead anywhere.
pub(super) fn check(folder: Option<&Path>, path: &Path, place: &Place) -> Option<Diagnostic> {
    let folder = folder.filter(|_| !place.is_of_command_line())?;
    let real = real_path(path);
    if !leads_out(folder, path) {
        return None;
    }
    let message = format!("{} is outside of {}", real.display(), folder.display());
    let help = format!(
        "move it into the project; or, if you know who wrote this manifest, `pipe trust {}`, or --allow-paths for this \
        once",
        folder.display()
    );
    let diagnostic = Diagnostic::new(OUTSIDE, message);
    Some(diagnostic.at(place, "leads out of the project").help(help))
}

/// True where `path`, links followed, is not below `folder`.
pub fn leads_out(folder: &Path, path: &Path) -> bool {
    !real_path(path).starts_with(real_path(folder))
}

/// The paths of a step must not lead out of `folder`.
pub fn check_paths(step: &Declaration, folder: Option<&Path>, diagnostics: &mut Diagnostics) {
    for (parameter, written) in &step.paths {
        let path = step.resolve(parameter, written);
        if let Some(outside) = check(folder, &path, step.place_of(parameter)) {
            diagnostics.push(outside);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::Source;

    use super::*;

    #[test]
    fn paths_that_lead_out_by_dots_links_or_a_root_are_found() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let folder = root.join("project");
        std::fs::create_dir_all(folder.join("a")).unwrap();
        std::fs::create_dir_all(root.join("project-2")).unwrap();
        std::os::unix::fs::symlink(&root, folder.join("out")).unwrap();
        std::os::unix::fs::symlink(folder.join("a"), folder.join("in")).unwrap();
        let place = Source::new("x.toml", "x").place(0..1);
        let is_outside = |name: &str| check(Some(&folder), &folder.join(name), &place).is_some();
        for name in [
            "",
            "a",
            "a/b/c",
            "a/../b",
            "in/x",
            "out/project/x",
            "..a",
            "missing/../b",
        ] {
            assert!(!is_outside(name), "{name}");
        }
        for name in [
            "..",
            "a/../..",
            "/etc/passwd",
            "out",
            "out/x",
            "in/../..",
            "../project-2/x",
            "missing/../../x",
        ] {
            assert!(is_outside(name), "{name}");
        }
        let of_command_line = Source::of_override("x").place(0..1);
        assert!(check(Some(&folder), &root, &of_command_line).is_none());
        assert!(check(None, &root, &place).is_none());
    }
}
