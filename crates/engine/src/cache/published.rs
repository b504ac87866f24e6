//! What was put into folders for people: so that what no run puts there any more can be taken away, and nothing else.
//!
//! A record for each folder and manifest, under the digest of their paths. A file that a person has changed is left
//! alone.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::system::{Kind, System};
use serde::{Deserialize, Serialize};

use crate::artifact::plain_relative;
use crate::file_name::file_name;
use crate::manifest::location;

use super::checksummed::{self, Stored};
use super::error::CacheError;
use super::folder;
use super::lock::Lock;

/// A file in a folder for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublishedFile {
    /// Id of the step that it is of.
    pub step: String,
    /// What it is.
    pub part: PublishedPart,
    /// Its path below the folder.
    #[serde(deserialize_with = "plain_relative")]
    pub name: String,
    /// Digest of its content.
    pub digest: Digest,
    /// Whether it is a link to an object of the cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub link: bool,
}

/// What is put into folders for people; each part of a step is replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedPart {
    /// The files that a step made.
    Result,
    /// What a source says of its data.
    Tables,
    /// Which items were set aside.
    SetAside,
    /// A file that the domain makes of a result, such as a page of a report.
    #[serde(rename = "page")]
    Companion,
    /// What a failed step left.
    Failed,
}

/// What runs of one manifest put into one folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublishedFolder {
    /// The folder's absolute path.
    pub folder: String,
    /// The manifest's absolute path.
    pub manifest: String,
    /// What was put there.
    pub files: Vec<PublishedFile>,
}

/// What a run, or part of one, puts into a folder.
#[derive(Debug, Default)]
pub struct Publication {
    /// The parts of steps that it put there, or found there as they should be.
    pub parts: HashSet<(String, PublishedPart)>,
    /// The files of these parts.
    pub files: Vec<PublishedFile>,
}

/// The records of all folders.
#[derive(Debug)]
pub struct Published {
    system: Arc<dyn System>,
    folder: PathBuf,
    locks: PathBuf,
}

impl Published {
    /// The records in `folder`, with locks in `locks`.
    pub fn new(system: Arc<dyn System>, folder: PathBuf, locks: PathBuf) -> Self {
        Self {
            system,
            folder,
            locks,
        }
    }

    /// All records that are whole.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn all(&self) -> Result<Vec<PublishedFolder>, CacheError> {
        let mut all = Vec::new();
        for path in self.paths()? {
            all.extend(self.read(&path)?.whole());
        }
        Ok(all)
    }

    /// Records what a run of `manifest` put into `folder`, and takes away what earlier runs of it put there: what is of
    /// the same parts and no longer among their files, and what is of steps that are not wanted. Gives the files that
    /// could not be removed, with the reason.
    ///
    /// Files that were changed since are a person's own and stay. Where a path is not Unicode, nothing is recorded.
    ///
    /// # Errors
    /// When the record cannot be read or written.
    pub fn update(
        &self,
        folder: &Path,
        manifest: &Path,
        publication: Publication,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(PathBuf, std::io::Error)>, CacheError> {
        let folder = (self.system.canonical(folder)).or_else(|_| std::path::absolute(folder));
        let (Some(folder), Some(manifest)) =
            (folder.ok().and_then(unicode), unicode(location(manifest)))
        else {
            return Ok(Vec::new());
        };
        let name = record_name(&folder, &manifest);
        let lock = self.locks.join(format!("published-{name}"));
        let _lock = Lock::take(&*self.system, &lock, || {}, || false)?;
        let path = self.folder.join(format!("{name}.json"));
        let stored = self.read(&path)?;
        let before = stored.whole().map_or_else(Vec::new, |record| record.files);

        let Publication { parts, mut files } = publication;
        let (stays, goes): (Vec<_>, Vec<_>) = before.iter().cloned().partition(|file| {
            is_wanted(&file.step) && !parts.contains(&(file.step.clone(), file.part))
        });
        files.extend(stays);
        let there: HashSet<String> = files.iter().map(|file| file.name.clone()).collect();
        let root = Path::new(&folder);
        let mut failed = Vec::new();
        for file in goes {
            if there.contains(&file.name) {
                continue;
            }
            let target = root.join(&file.name);
            if let Err(error) = remove(&*self.system, root, &target, &file) {
                failed.push((target, error));
                files.push(file);
            }
        }
        files.sort();
        files.dedup();
        if files != before {
            let record = PublishedFolder {
                folder,
                manifest,
                files,
            };
            checksummed::write(&*self.system, &path, &record)?;
        }
        Ok(failed)
    }

    /// Reads one record; what no run writes is damaged, such as files in the folders of other steps.
    ///
    /// # Errors
    /// When it exists but cannot be read.
    pub fn read(&self, path: &Path) -> Result<Stored<PublishedFolder>, CacheError> {
        let stored: Stored<PublishedFolder> = checksummed::read(&*self.system, path)?;
        Ok(match stored {
            Stored::Whole(record) if !record.is_at(path) => Stored::Damaged,
            stored => stored,
        })
    }

    /// Paths of all records.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub fn paths(&self) -> Result<Vec<PathBuf>, CacheError> {
        let mut paths = folder::entries(&*self.system, &self.folder)?;
        paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
        Ok(paths)
    }
}

impl PublishedFolder {
    /// Whether a run would have written this to `path`.
    fn is_at(&self, path: &Path) -> bool {
        let name = record_name(&self.folder, &self.manifest);
        let stage = |file: &PublishedFile| {
            let stage = file
                .step
                .split_once('[')
                .map_or(&*file.step, |(stage, _)| stage);
            file_name(stage)
        };
        let is_of_step = |file: &PublishedFile| Path::new(&file.name).starts_with(stage(file));
        path.file_stem() == Some(OsStr::new(&name)) && self.files.iter().all(is_of_step)
    }
}

/// The name of the record of a folder and a manifest.
fn record_name(folder: &str, manifest: &str) -> String {
    Digest::of(format!("{folder}\0{manifest}").as_bytes()).hex()
}

fn unicode(path: PathBuf) -> Option<String> {
    path.into_os_string().into_string().ok()
}

impl PublishedFile {
    /// True when `target` is as it was put there.
    ///
    /// # Errors
    /// When that cannot be determined.
    pub fn is_at(&self, system: &dyn System, target: &Path) -> std::io::Result<bool> {
        let kind = match system.link_metadata(target) {
            Ok(metadata) => metadata.kind,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if kind == Kind::Link {
            let object = system.read_link(target)?;
            return Ok(self.link && object.file_name() == Some(OsStr::new(&self.digest.hex())));
        }
        Ok(!self.link && kind == Kind::File && system.digest(target)? == self.digest)
    }
}

/// Removes a file that is as it was put there, and the folders below `place` that are empty then.
fn remove(
    system: &dyn System,
    place: &Path,
    target: &Path,
    file: &PublishedFile,
) -> std::io::Result<()> {
    // What is beyond a link is a person's own.
    if system.link_on_the_way(place, target).is_some() || !file.is_at(system, target)? {
        return Ok(());
    }
    system.remove_file(target)?;
    let folders = target.ancestors().skip(1);
    for folder in folders.take_while(|folder| *folder != place && folder.starts_with(place)) {
        if system.remove_folder(folder).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::*;

    /// A result that cannot be looked at may still be there: that it is not removed has to be reported.
    #[test]
    fn an_earlier_result_that_is_gone_needs_no_removal_and_one_that_cannot_be_looked_at_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = PublishedFile {
            step: "step".into(),
            part: PublishedPart::Result,
            name: "name".into(),
            digest: Digest::of(b"content"),
            link: false,
        };
        let at = |path: &Path| file.is_at(&RealSystem, path);
        assert!(!at(&folder.path().join("absent/name")).unwrap());
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink(&circle, &circle).unwrap();
        assert!(at(&circle.join("name")).is_err());
        std::fs::write(folder.path().join("name"), b"content").unwrap();
        assert!(at(&folder.path().join("name")).unwrap());
    }
}
