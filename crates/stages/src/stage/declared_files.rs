//! The files that a command declares: single ones, all below a folder, and those that a pattern matches.

use std::path::{Path, PathBuf};

use pipe_engine::manifest::{Declaration, Diagnostic};
use pipe_engine::stage::{DeclaredFile, DeclaredFolder};
use pipe_foundation::regular_file;
use walkdir::WalkDir;

use super::missing_file::missing_file;

/// Files that one entry may stand for: more are a data set, which belongs into a stage of its own.
const MOST: usize = 10_000;

/// The files that the entry `parameter` stands for, which reads `written`: itself; all regular files below a folder at any
/// depth, but for what begins with a dot and Python's `__pycache__`; or, with `*`, `?` or `[` in it, what the pattern
/// matches (`**` crosses folders). They are sorted by name. Names are those of the manifest, so that they are the same
/// elsewhere. With them comes what finds them again, where it is not a single file.
///
/// # Errors
/// Nothing there, something that is no regular file, or too many.
pub fn declared_files(
    declaration: &Declaration,
    parameter: &str,
    written: &str,
) -> Result<(Vec<DeclaredFile>, Option<DeclaredFolder>), Box<Diagnostic>> {
    let place = declaration.place_of(parameter);
    let path = declaration.resolve(parameter, written);
    let checked = |path: PathBuf, name: String| match regular_file::check(&path) {
        Ok(()) => Ok(DeclaredFile { name, path }),
        Err(error) => {
            let missing = missing_file(&path.display().to_string(), &error, place);
            let help = "the path is relative to the manifest it is written in";
            Err(Box::new(missing.help(help)))
        }
    };
    let (list, what): (fn(&Path) -> Listed, _) = if path.is_dir() {
        (below, "the folder has no files")
    } else if written.contains(['*', '?', '[']) && !path.exists() {
        (matching, "no file matches the pattern")
    } else {
        return Ok((vec![checked(path, written.to_owned())?], None));
    };
    let paths = list(&path);
    let refused = |message: String, help: &str| {
        let refused = Diagnostic::new("manifest::declared_files", message).at(place, "these files");
        Box::new(refused.help(help))
    };
    let help = "name the files that the program reads";
    let paths =
        paths.map_err(|reason| refused(format!("cannot list {written}: {reason}"), help))?;
    if paths.is_empty() {
        return Err(refused(format!("{written}: {what}"), help));
    }
    if paths.len() > MOST {
        let message = format!(
            "{written} stands for {} files, more than {MOST}",
            paths.len()
        );
        return Err(refused(message, help));
    }
    let folder = DeclaredFolder::new(paths.clone(), move || list(&path).ok());
    let root = declaration.resolve(parameter, "");
    let named = paths.into_iter().map(|path| {
        let name = path.strip_prefix(&root).unwrap_or(&path);
        let name = name.to_string_lossy().into_owned();
        checked(path, name)
    });
    Ok((named.collect::<Result<_, _>>()?, Some(folder)))
}

/// The files that a folder or a pattern stands for, or why they cannot be listed.
type Listed = Result<Vec<PathBuf>, String>;

fn below(folder: &Path) -> Listed {
    let is_seen = |name: &std::ffi::OsStr| {
        name.as_encoded_bytes().first() != Some(&b'.') && name != "__pycache__"
    };
    let entries = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || is_seen(entry.file_name()));
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        if !entry.file_type().is_dir() {
            found.push(entry.into_path());
        }
        if found.len() > MOST {
            break;
        }
    }
    Ok(found)
}

fn matching(pattern: &Path) -> Listed {
    let pattern = pattern.to_str().ok_or("it is not UTF-8")?;
    let paths = glob::glob(pattern).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| error.to_string())?;
        if !path.is_dir() {
            found.push(path);
        }
        if found.len() > MOST {
            break;
        }
    }
    Ok(found)
}
