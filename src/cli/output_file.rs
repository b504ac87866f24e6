//! Files that are written where somebody says.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::error::CliError;

/// Makes sure that a file which takes the place of what is at `path` replaces nothing but a file.
///
/// # Errors
/// Where a device, a named pipe, a folder or a symbolic link is there.
pub fn check_replaceable(path: &Path) -> Result<(), CliError> {
    let refused = |what: &str| {
        Err(CliError::Output {
            what: path.display().to_string(),
            reason: Error::new(
                ErrorKind::AlreadyExists,
                format!("it is {what}, which would be replaced; give the name of a file"),
            ),
        })
    };
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => refused("a symbolic link"),
        Ok(found) if found.is_dir() => refused("a folder"),
        Ok(found) if !found.is_file() => refused("a device or a named pipe"),
        _ => Ok(()),
    }
}
