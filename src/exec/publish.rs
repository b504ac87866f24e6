//! What a person wants from a run, under `runs/<manifest>/`: small copies that are restored when touched.

use std::io::Write;
use std::path::{Path, PathBuf};

use pipe_foundation::durable;

use crate::artifact::{BadItem, FileSet};
use crate::cache::Cache;
use crate::manifest::variant_folder;
use crate::plan::Plan;
use crate::stage::{SourceListing, Stage};

use super::observer::{Event, Observer};
use super::outcome::KnownBad;

/// Files larger than this are linked to the cache rather than copied.
const LARGEST_COPY_BYTES: u64 = 64 << 20;

/// Name of the table of items that a step could not make.
const SET_ASIDE: &str = "set_aside.tsv";

/// Puts results where people look for them.
pub struct Publisher<'a> {
    folder: PathBuf,
    plan: &'a Plan,
    cache: &'a Cache,
}

/// The folder of a step's results below that of its run: `stage`, or `stage/axis=label,...`.
pub fn runs_folder(plan: &Plan, step: usize) -> PathBuf {
    let declaration = &plan.steps[step].declaration;
    let folder = PathBuf::from(&declaration.stage);
    match variant_folder(&declaration.variant) {
        None => folder,
        Some(variant) => folder.join(variant),
    }
}

impl<'a> Publisher<'a> {
    /// A publisher below `runs`.
    pub fn new(runs: &Path, plan: &'a Plan, cache: &'a Cache) -> Self {
        Self {
            folder: runs.join(&plan.name),
            plan,
            cache,
        }
    }

    /// Tells that results could not be put where people look; they are safe in the cache.
    pub fn failed(&self, step: usize, error: &std::io::Error, observer: &dyn Observer) {
        let message = format!(
            "cannot put the result into {}: {error}",
            self.folder.display()
        );
        observer.event(&Event::Warning {
            step: self.plan.steps[step].id().into(),
            message,
        });
    }

    /// Makes the step's files appear; what is there and right is left alone.
    ///
    /// # Errors
    /// When a file cannot be copied.
    pub fn files(&self, step: usize, files: &FileSet) -> std::io::Result<()> {
        let folder = self.folder.join(runs_folder(self.plan, step));
        match std::fs::remove_dir_all(self.failed_folder(step)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for file in &files.files {
            let target = folder.join(&file.name);
            let is_right = self
                .cache
                .files
                .info(&target, || Ok(0.0))
                .is_ok_and(|facts| facts.digest == file.digest);
            if is_right {
                continue;
            }
            let parent = target.parent().unwrap_or(&folder);
            std::fs::create_dir_all(parent)?;
            let object = std::path::absolute(self.cache.objects.path(&file.digest))?;
            durable::sweep(parent);
            let mut new = durable::unfinished_in(parent)?;
            if file.bytes > LARGEST_COPY_BYTES {
                std::fs::remove_file(new.path())?;
                std::os::unix::fs::symlink(&object, new.path())?;
            } else {
                new.write_all(&std::fs::read(&object)?)?;
            }
            new.persist(&target).map_err(|error| error.error)?;
        }
        Ok(())
    }

    /// Keeps files of a failed step in its folder `failed`, which the next success removes; gives the folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn kept(&self, step: usize, files: &[(String, Vec<u8>)]) -> std::io::Result<PathBuf> {
        let folder = self.failed_folder(step);
        for (name, bytes) in files {
            durable::write(&folder.join(name), bytes)?;
        }
        Ok(folder)
    }

    fn failed_folder(&self, step: usize) -> PathBuf {
        self.folder
            .join(runs_folder(self.plan, step))
            .join("failed")
    }

    /// Writes what a source says of its data: tables such as the split, and what was left out.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn listing(&self, step: usize, listing: &SourceListing) -> std::io::Result<()> {
        if !matches!(self.plan.steps[step].stage, Stage::Source(_)) {
            return Ok(());
        }
        let folder = self.folder.join(runs_folder(self.plan, step));
        for (name, text) in &listing.tables {
            write_table(&folder, name, text)?;
        }
        Ok(())
    }

    /// Writes which items a step set aside, and why, into `set_aside.tsv`; without any, there is no such file.
    ///
    /// # Errors
    /// When the file cannot be written or removed.
    pub fn set_aside(&self, step: usize, bad: &[BadItem]) -> std::io::Result<()> {
        let folder = self.folder.join(runs_folder(self.plan, step));
        if bad.is_empty() {
            return match std::fs::remove_file(folder.join(SET_ASIDE)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let mut text = String::from("id\treason\n");
        for BadItem { id, reason } in bad {
            let plain = |field: &str| field.replace(['\t', '\n', '\r'], " ");
            text.push_str(&format!("{}\t{}\n", plain(id), plain(reason)));
        }
        write_table(&folder, SET_ASIDE, &text)
    }

    /// Writes what a failed step knows of its bad items, and says where that is.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn known_bad(&self, step: usize, known: &KnownBad) -> std::io::Result<String> {
        let mut tables = Vec::new();
        if !known.set_aside.is_empty() {
            self.set_aside(step, &known.set_aside)?;
            tables.push(SET_ASIDE);
        }
        if known.missing {
            tables.push(SourceListing::DROPPED);
        }
        let folder = self.folder.join(runs_folder(self.plan, step));
        let paths = tables.iter().map(|name| folder.join(name));
        let paths: Vec<String> = paths.map(|path| path.display().to_string()).collect();
        let which = match known.ended_early {
            true => "those found so far, since the step ended early",
            false => "all of them",
        };
        Ok(format!("{which}: {}", paths.join(", ")))
    }
}

/// Writes a table unless it is there already.
fn write_table(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let path = folder.join(name);
    if std::fs::read(&path).ok().as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    durable::sweep(folder);
    durable::write(&path, text.as_bytes())
}
