//! Files that appear whole or not at all, and stay: written aside, synced, renamed, and the folder synced.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use tempfile::NamedTempFile;

/// How names of files that are not whole yet begin; a killed run may leave one.
const UNFINISHED: &str = ".new-";

/// Writes `bytes` to `path`, replacing an existing file; makes the folder if needed.
///
/// # Errors
/// When the folder cannot be created or the file not be written, synced or renamed.
pub fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_then(path, bytes, File::sync_data)?;
    sync_folder(folder_of(path))
}

/// As [`write()`], but not synced: whole or not there for all processes, and durable once file and folder are synced.
///
/// # Errors
/// When the folder cannot be created or the file not be written or renamed.
pub fn place(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write_then(path, bytes, |_| Ok(()))
}

fn write_then(
    path: &Path,
    bytes: &[u8],
    then: impl FnOnce(&File) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder)?;
    let mut file = unfinished_in(folder)?;
    file.write_all(bytes)?;
    then(file.as_file())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The folder that `path` is in, which is the current one for a name alone.
pub fn folder_of(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// A new file in `folder`, to be renamed once it is whole; locked so that [`sweep`] leaves it alone.
///
/// # Errors
/// When it cannot be created or locked.
pub fn unfinished_in(folder: &Path) -> std::io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)?;
        flock(file.as_file(), FlockOperation::LockExclusive)?;
        // It may have been swept away before it was locked.
        if is_at(file.as_file(), file.path())? {
            return Ok(file);
        }
    }
}

/// Removes files in `folder` that killed runs were about to finish. What cannot be removed stays, and harms nothing.
pub fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        if !entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNFINISHED.as_bytes())
        {
            continue;
        }
        let path = entry.path();
        if let Ok(file) = File::open(&path)
            && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Makes renames in `folder` durable.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// True while `file` is the one that `path` names.
///
/// # Errors
/// When that cannot be determined.
pub fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    let open = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok(open.dev() == there.dev() && open.ino() == there.ino()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_writes_any_more_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        let writing = unfinished_in(folder.path()).unwrap();
        std::fs::write(name(".new-dead"), b"half").unwrap();
        std::fs::write(name("whole"), b"whole").unwrap();
        sweep(folder.path());
        assert!(writing.path().exists());
        assert!(!name(".new-dead").exists());
        assert!(name("whole").exists());
        writing.persist(name("whole")).unwrap();
    }

    #[test]
    fn a_name_alone_is_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("a")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/b")), Path::new("a"));
        assert_eq!(folder_of(Path::new("/a")), Path::new("/"));
    }

    #[test]
    fn writing_beside_sweeping_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let sweeper = scope.spawn(|| (0..500).for_each(|_| sweep(folder.path())));
            for n in 0..100u8 {
                write(&folder.path().join("file"), &[n]).unwrap();
            }
            sweeper.join().unwrap();
        });
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), [99]);
    }
}
