//! Files that appear whole or not at all, and stay: written aside, synced, renamed, and the folder synced.

use std::io::{ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

use crate::system::{File, Hold, Open, System, is_without_locks};

/// How names of files that are not whole yet begin; a killed run may leave one.
const UNFINISHED: &str = ".new-";
/// How names of links end that do not have their own name yet. A link cannot be locked, so the file of the same name
/// without this ending is, for as long.
const LINK: &str = ".link";

/// Writes `bytes` to `path`, replacing an existing file; makes the folder if needed.
///
/// # Errors
/// When the folder cannot be created or the file not be written, synced or renamed.
pub fn write(system: &dyn System, path: &Path, bytes: &[u8]) -> Result<()> {
    let mut folder = None;
    write_then(system, path, bytes, |file| {
        file.sync_data()?;
        // Opened before the file has its name: where there are no descriptors left, the old file stays, rather than a new
        // one that readers find whole and that is gone after a power cut.
        folder = Some(system.open(folder_of(path), Open::Folder)?);
        Ok(())
    })?;
    folder.map_or(Ok(()), |folder| folder.sync_all())
}

/// As [`write()`], but not synced: whole or not there for all processes, and durable once file and folder are synced.
///
/// # Errors
/// When the folder cannot be created or the file not be written or renamed.
pub fn place(system: &dyn System, path: &Path, bytes: &[u8]) -> Result<()> {
    write_then(system, path, bytes, |_| Ok(()))
}

fn write_then(
    system: &dyn System,
    path: &Path,
    bytes: &[u8],
    then: impl FnOnce(&dyn File) -> Result<()>,
) -> Result<()> {
    let folder = folder_of(path);
    create_folders(system, folder)?;
    let mut file = unfinished_in(system, folder)?;
    file.write_all(bytes)?;
    then(file.file())?;
    file.persist(path)
}

/// A file that is not whole yet; it is removed when this is dropped, unless it was given its name.
#[derive(Debug)]
pub struct Unfinished<'s> {
    system: &'s dyn System,
    path: PathBuf,
    file: Box<dyn File>,
    has_name: bool,
}

impl Unfinished<'_> {
    /// The file.
    pub fn file(&self) -> &dyn File {
        &*self.file
    }

    /// Where it is until it is whole.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, in place of the file that has it.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn persist(mut self, path: &Path) -> Result<()> {
        self.system.rename(&self.path, path)?;
        self.has_name = true;
        Ok(())
    }
}

impl Write for Unfinished<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.has_name {
            // What stays is swept away later.
            let _ = self.system.remove_file(&self.path);
        }
    }
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
pub fn unfinished_in<'s>(system: &'s dyn System, folder: &Path) -> Result<Unfinished<'s>> {
    loop {
        let path = folder.join(format!("{UNFINISHED}{:016x}", system.unique()));
        let file = match system.open(&path, Open::CreateNew) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            opened => opened?,
        };
        let unfinished = Unfinished {
            system,
            path,
            file,
            has_name: false,
        };
        match unfinished.file.lock(Hold::Alone) {
            // Then nobody sweeps either.
            Err(error) if is_without_locks(&error) => {}
            locked => drop(locked?),
        }
        // It may have been swept away before it was locked.
        if system.is_at(unfinished.file(), &unfinished.path)? {
            return Ok(unfinished);
        }
    }
}

/// Makes a symbolic link to `target` at `path`, in place of what is there, in a folder that exists.
///
/// # Errors
/// When it cannot be made or given its name.
pub fn link(system: &dyn System, target: &Path, path: &Path) -> Result<()> {
    let held = unfinished_in(system, folder_of(path))?;
    let mut new = held.path().as_os_str().to_owned();
    new.push(LINK);
    let new = Path::new(&new);
    system.link(target, new)?;
    let named = system.rename(new, path);
    if named.is_err() {
        // What stays is swept away later.
        let _ = system.remove_file(new);
    }
    named
}

/// Removes files in `folder` that killed runs were about to finish. What cannot be removed stays, and harms nothing.
pub fn sweep(system: &dyn System, folder: &Path) {
    for entry in system.entries(folder).into_iter().flatten() {
        let name = entry.path.file_name().unwrap_or_default();
        if !name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            continue;
        }
        let held = match entry.path.extension().is_some_and(|end| end == &LINK[1..]) {
            true => entry.path.with_extension(""),
            false => entry.path.clone(),
        };
        // It stays open, and locked, until the name is gone: somebody may just have made it, and be about to lock it.
        // On NFS, what is open only to be read cannot be locked alone.
        let opened = system.open(&held, Open::Append);
        let opened = opened.or_else(|_| system.open(&held, Open::Read));
        let is_free = match &opened {
            Ok(file) => file.lock(Hold::AloneIfFree).is_ok_and(|free| free),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        if is_free {
            let _ = system.remove_file(&entry.path);
        }
    }
}

/// Makes a folder and those that it is in, if needed; the names of new ones stay.
///
/// # Errors
/// When one cannot be created, or its name not be synced.
pub fn create_folders(system: &dyn System, path: &Path) -> Result<()> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !system.exists(folder);
    let new: Vec<&Path> = path.ancestors().take_while(is_new).collect();
    if new.is_empty() {
        return Ok(());
    }
    system.create_folders(path)?;
    let mut new = new.into_iter().rev();
    new.try_for_each(|folder| sync_folder(system, folder_of(folder)))
}

/// Makes renames in `folder` durable.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder(system: &dyn System, folder: &Path) -> Result<()> {
    system.open(folder, Open::Folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use crate::system::RealSystem;

    use super::*;

    #[test]
    fn only_what_nobody_writes_any_more_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        let writing = unfinished_in(&RealSystem, folder.path()).unwrap();
        std::fs::write(name(".new-dead"), b"half").unwrap();
        std::fs::write(name("whole"), b"whole").unwrap();
        sweep(&RealSystem, folder.path());
        assert!(writing.path().exists());
        assert!(!name(".new-dead").exists());
        assert!(name("whole").exists());
        writing.persist(&name("whole")).unwrap();
        assert_eq!(std::fs::read(name("whole")).unwrap(), b"");
        let given_up = unfinished_in(&RealSystem, folder.path()).unwrap();
        let path = given_up.path().to_path_buf();
        drop(given_up);
        assert!(!path.exists());
    }

    #[test]
    fn links_take_the_place_of_what_is_there_and_are_swept_when_nobody_makes_them() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        std::fs::write(name("to"), b"to").unwrap();
        std::fs::write(name("at"), b"at").unwrap();
        link(&RealSystem, &name("to"), &name("at")).unwrap();
        assert_eq!(std::fs::read_link(name("at")).unwrap(), name("to"));

        let held = unfinished_in(&RealSystem, folder.path()).unwrap();
        let made = PathBuf::from(format!("{}.link", held.path().display()));
        for (path, target) in [(&made, "to"), (&name(".new-dead.link"), "gone")] {
            std::os::unix::fs::symlink(name(target), path).unwrap();
        }
        sweep(&RealSystem, folder.path());
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        assert!(made.symlink_metadata().is_ok());
        assert_eq!(names(), 4, "the file that is held, its link, `to` and `at`");
        drop(held);
        sweep(&RealSystem, folder.path());
        assert_eq!(names(), 2);
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
            let sweeper = scope.spawn(|| {
                (0..500).for_each(|_| sweep(&RealSystem, folder.path()));
            });
            for n in 0..100u8 {
                write(&RealSystem, &folder.path().join("file"), &[n]).unwrap();
            }
            sweeper.join().unwrap();
        });
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), [99]);
    }
}
