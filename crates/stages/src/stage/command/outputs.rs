//! What a program has written, made fit to be kept.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use pipe_foundation::interruptible_copy::copy_unless;
use pipe_foundation::regular_file::{self, FileError};
use walkdir::WalkDir;

use super::error::CommandError;

/// Makes sure that `out` is still the folder that the program was given, that every file of `wanted` is in it, and that
/// all files have names that a record of the cache may hold. A file with other names elsewhere is copied: what is kept must
/// not change with them.
///
/// # Errors
/// What is missing or cannot be kept; also once `interrupted`.
pub fn check(
    out: &Path,
    wanted: &[String],
    interrupted: &dyn Fn() -> bool,
) -> Result<(), CommandError> {
    if !out.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Err(CommandError::NoOutputFolder);
    }
    for name in wanted {
        // A link would lead out of the result.
        let written = out.join(name).symlink_metadata();
        if !written.is_ok_and(|metadata| metadata.is_file()) {
            return Err(CommandError::NoOutput { name: name.clone() });
        }
    }
    for entry in WalkDir::new(out).min_depth(1).into_iter().flatten() {
        let name = entry.file_name().to_string_lossy();
        if name.contains(char::is_control) {
            let name = name.escape_default().to_string();
            return Err(CommandError::OddName { name });
        }
        let linked = entry
            .metadata()
            .is_ok_and(|found| found.is_file() && found.nlink() > 1);
        if linked {
            own(entry.path(), interrupted).map_err(|reason| CommandError::Prepare {
                path: entry.path().to_path_buf(),
                reason,
            })?;
        }
    }
    Ok(())
}

/// Puts a copy in the place of a file.
fn own(path: &Path, interrupted: &dyn Fn() -> bool) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let copy = tempfile::NamedTempFile::new_in(folder)?;
    copy_unless(
        &mut regular_file::open(path).map_err(FileError::into_io)?,
        &mut copy.as_file(),
        interrupted,
    )?;
    copy.persist(path)?;
    Ok(())
}
