//! What keeps results from being put where people look for them: something else that has their name.

use std::path::{Path, PathBuf};

use pipe_foundation::regular_file::FileError;
use pipe_foundation::system::{Kind, Open, System};
use thiserror::Error;

/// Something in the place of a folder or a file of results.
#[derive(Debug, Error)]
#[error("{} is {found}, and nothing is written {}; remove it, or give another folder with --runs", path.display(), self.place())]
pub struct InTheWay {
    /// Where it is.
    path: PathBuf,
    /// What it is, with its article.
    found: &'static str,
    is_link: bool,
}

impl InTheWay {
    /// What is in the way of the file at `path`, which is below `runs`; nothing where it can be written, or where that cannot
    /// be known.
    pub fn of(system: &dyn System, runs: &Path, path: &Path) -> Option<Self> {
        let folder = path.parent()?;
        if let Some(found) = Self::of_folder(system, runs, folder) {
            return Some(found);
        }
        let kind = system.link_metadata(path).ok()?.kind;
        (kind == Kind::Folder).then(|| Self::with(system, path.into(), kind))
    }

    /// As [`InTheWay::of`], of a folder. The folder `runs` itself may be a link to one.
    pub fn of_folder(system: &dyn System, runs: &Path, path: &Path) -> Option<Self> {
        let kind = system.metadata(runs).ok()?.kind;
        if kind != Kind::Folder {
            return Some(Self::with(system, runs.into(), kind));
        }
        let mut at = runs.to_path_buf();
        for part in path.strip_prefix(runs).ok()?.components() {
            at.push(part);
            let kind = system.link_metadata(&at).ok()?.kind;
            if kind != Kind::Folder {
                return Some(Self::with(system, at, kind));
            }
        }
        None
    }

    fn with(system: &dyn System, path: PathBuf, kind: Kind) -> Self {
        let found = match kind {
            Kind::Link => "a symbolic link",
            Kind::File => "a file",
            Kind::Folder => "a folder",
            // It is not opened, and the error says what it is.
            Kind::Other => match system
                .open(&path, Open::Read)
                .map_err(FileError::not_regular)
            {
                Err(Ok(FileError::NotRegular { found })) => found,
                _ => "no folder",
            },
        };
        let is_link = kind == Kind::Link;
        Self {
            path,
            found,
            is_link,
        }
    }

    fn place(&self) -> &'static str {
        match self.is_link {
            true => "where it leads",
            false => "in its place",
        }
    }

    /// Whether that is why writing failed.
    pub fn is_cause_of(error: &std::io::Error) -> bool {
        error.get_ref().is_some_and(|cause| cause.is::<Self>())
    }
}

impl From<InTheWay> for std::io::Error {
    fn from(found: InTheWay) -> Self {
        Self::other(found)
    }
}
