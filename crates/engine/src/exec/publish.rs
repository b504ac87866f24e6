//! What a person wants from a run, under `runs/<manifest>/`: small copies that are restored when touched.

use std::collections::{BTreeSet, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pipe_foundation::interruptible_copy::copy_unless;
use pipe_foundation::progress::Interrupted;
use pipe_foundation::spreadsheet::guarded;
use pipe_foundation::system::{Open, System};
use pipe_foundation::{Digest, durable};

use crate::artifact::{BadItem, FileSet};
use crate::cache::{Cache, CacheError, Publication, PublishedFile, PublishedPart};
use crate::file_name::file_name;
use crate::manifest::variant_folder;
use crate::plan::{Plan, Step};
use crate::stage::{SourceListing, Stage};

use super::event::Event;
use super::in_the_way::InTheWay;
use super::observer::Observer;
use super::outcome::KnownBad;
use super::run_options::RunOptions;

/// Name of the table of items that a step could not make.
const SET_ASIDE: &str = "set_aside.tsv";

/// Puts results where people look for them.
pub struct Publisher<'a> {
    /// The folder of the results of all manifests.
    runs: &'a Path,
    folder: PathBuf,
    /// False where another run shows the results.
    pub shows: bool,
    plan: &'a Plan,
    cache: &'a Cache,
    publication: Publication,
    /// Files larger than this are linked to the cache rather than copied.
    largest_copy_bytes: u64,
    /// Objects that were found damaged when they were to be copied.
    pub damaged: BTreeSet<Digest>,
    /// Steps with results that something is in the way of.
    pub blocked: BTreeSet<usize>,
    /// Steps with results that could not be put where people look.
    pub failed: BTreeSet<usize>,
}

/// The folder of a step's results below that of its run: `stage`, or `stage/axis=label,...`.
pub fn runs_folder(plan: &Plan, step: usize) -> PathBuf {
    let declaration = &plan.steps[step].declaration;
    let folder = PathBuf::from(file_name(&declaration.stage));
    match variant_folder(&declaration.variant) {
        None => folder,
        Some(variant) => folder.join(variant),
    }
}

impl<'a> Publisher<'a> {
    /// A publisher where `options` say.
    pub fn new(options: &RunOptions<'a>, plan: &'a Plan, cache: &'a Cache) -> Self {
        Self {
            runs: options.runs,
            folder: options.runs.join(plan.results_folder()),
            shows: !options.for_another_run,
            largest_copy_bytes: options.largest_copy_bytes,
            plan,
            cache,
            publication: Publication::default(),
            damaged: BTreeSet::new(),
            blocked: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    /// Warns that results could not be put where people look; they are safe in the cache, if that can be written. Where something is in their way, the
    /// run has not done all that it was asked to.
    pub fn failed(&mut self, step: usize, error: &std::io::Error, observer: &dyn Observer) {
        if Interrupted::is_cause_of(error) {
            return;
        }
        self.failed.insert(step);
        if InTheWay::is_cause_of(error) {
            self.blocked.insert(step);
        }
        let message = format!(
            "cannot write the result to {}: {error}",
            self.folder.display()
        );
        observer.event(&Event::Warning {
            step: self.plan.steps[step].id().into(),
            message,
        });
    }

    /// Takes away what earlier runs put there and this one does not: of the steps it did, and, if it was completed, of
    /// steps that the manifest no longer has. Files that a person has changed stay.
    ///
    /// # Errors
    /// When the cache's record of the folder cannot be read or written.
    pub fn finish(self, completed: bool, observer: &dyn Observer) -> Result<(), CacheError> {
        let ids: HashSet<&str> = self.plan.steps.iter().map(Step::id).collect();
        let is_wanted = |step: &str| !completed || ids.contains(step);
        let manifest = Path::new(&self.plan.manifest);
        let published = &self.cache.published;
        let not_removed = published.update(&self.folder, manifest, self.publication, is_wanted)?;
        for (path, error) in not_removed {
            observer.event(&Event::Warning {
                step: self.plan.name.clone(),
                message: format!(
                    "cannot remove the earlier result {}: {error}",
                    path.display()
                ),
            });
        }
        Ok(())
    }

    /// Makes the step's files appear; files that already exist and are right are left alone.
    ///
    /// # Errors
    /// When a file cannot be copied.
    pub fn files(&mut self, step: usize, files: &FileSet) -> std::io::Result<()> {
        let folder = runs_folder(self.plan, step);
        let mut published = Vec::new();
        for file in &files.files {
            let name = folder.join(&file.name);
            // What is not stored is gone when the process ends.
            let link =
                file.bytes > self.largest_copy_bytes && self.cache.why_not_stored().is_none();
            published.push((name.clone(), file.digest, link));
            let target = self.target(&name)?;
            let was_remembered = self.cache.files.remembered(&target).is_some();
            let found = self.cache.files.digest(&target);
            if found.is_ok_and(|found| found == file.digest) {
                if !was_remembered {
                    // Whoever made it may have been killed before it was synced.
                    self.vouched(&target)?;
                }
                continue;
            }
            let parent = target.parent().unwrap_or(&self.folder);
            self.system().create_folders(parent)?;
            let Some(object) = self.open(&file.digest)? else {
                self.damaged.insert(file.digest);
                continue;
            };
            durable::sweep(self.system(), parent);
            if link {
                durable::link(self.system(), &object, &target)?;
            } else {
                let mut new = durable::unfinished_in(self.system(), parent)?;
                let mut object = self.system().open(&object, Open::Read)?;
                let interrupted = || self.cache.interruption.asked();
                copy_unless(&mut object, &mut new, &interrupted)?;
                new.persist(&target)?;
            }
            self.vouched(&target)?;
        }
        self.note(step, PublishedPart::Result, published);
        self.remove_failed(step)
    }

    /// The stat cache will vouch for the copy at `path`, so what it holds must outlive a power cut.
    fn vouched(&self, path: &Path) -> std::io::Result<()> {
        let synced = self.cache.sync_later(path);
        synced.map_err(std::io::Error::other)
    }

    /// Where the file called `name` is for people.
    ///
    /// # Errors
    /// Where something else is in the place of a folder on the way, such as a link, beyond which nothing is written or removed,
    /// or a folder in its own.
    fn target(&self, name: &Path) -> std::io::Result<PathBuf> {
        let target = self.folder.join(name);
        match InTheWay::of(self.system(), self.runs, &target) {
            None => Ok(target),
            Some(found) => Err(found.into()),
        }
    }

    fn system(&self) -> &'a dyn System {
        &*self.cache.system
    }

    /// Where the object with `digest` is; none where it is damaged.
    fn open(&self, digest: &Digest) -> std::io::Result<Option<PathBuf>> {
        match self.cache.objects.open(digest) {
            Ok(object) => object.map(std::path::absolute).transpose(),
            Err(CacheError::Read { reason, .. }) => Err(reason),
            Err(error) => Err(std::io::Error::other(error)),
        }
    }

    /// Keeps files of a failed step in its folder `failed`, which go with its next success; gives the folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn kept(&mut self, step: usize, files: &[(String, Vec<u8>)]) -> std::io::Result<PathBuf> {
        let folder = runs_folder(self.plan, step).join("failed");
        let mut published = Vec::new();
        for (name, bytes) in files {
            let name = folder.join(name);
            durable::write(self.system(), &self.target(&name)?, bytes)?;
            published.push((name, Digest::of(bytes), false));
        }
        self.note(step, PublishedPart::Failed, published);
        Ok(self.folder.join(folder))
    }

    /// Removes what a failed try of the step left.
    fn remove_failed(&mut self, step: usize) -> std::io::Result<()> {
        if let Stage::Aggregate(stage) = &self.plan.steps[step].stage {
            let folder = self
                .folder
                .join(runs_folder(self.plan, step))
                .join("failed");
            if let Some(found) = InTheWay::of_folder(self.system(), self.runs, &folder) {
                return Err(found.into());
            }
            for name in stage.kept_on_failure() {
                remove_if_there(self.system(), &folder.join(name))?;
            }
            // A person may have put something there.
            let _ = self.system().remove_folder(&folder);
        }
        self.note(step, PublishedPart::Failed, Vec::new());
        Ok(())
    }

    /// Writes what a source says of its data: tables such as the split, and what was left out.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn listing(&mut self, step: usize, listing: &SourceListing) -> std::io::Result<()> {
        if !matches!(self.plan.steps[step].stage, Stage::Source(_)) {
            return Ok(());
        }
        let tables = listing.tables.iter();
        let tables = tables.map(|(name, text)| (name.as_ref(), text.as_ref()));
        self.tables(step, PublishedPart::Tables, tables)
    }

    /// Writes which items a step set aside, and why, into `set_aside.tsv`; without any, there is no such file.
    ///
    /// # Errors
    /// When the file cannot be written or removed.
    pub fn set_aside(&mut self, step: usize, bad: &[BadItem]) -> std::io::Result<()> {
        if bad.is_empty() {
            // Also where the cache, and with it the record of what was put there, is new.
            let table = self.target(&runs_folder(self.plan, step).join(SET_ASIDE))?;
            remove_if_there(self.system(), &table)?;
        }
        let mut text = String::from("id\treason\n");
        for BadItem { id, reason } in bad {
            let cell = |field: &str| guarded(&field.replace(['\t', '\n', '\r'], " ")).into_owned();
            text.push_str(&format!("{}\t{}\n", cell(id), cell(reason)));
        }
        let table = (!bad.is_empty()).then_some((SET_ASIDE, text.as_str()));
        self.tables(step, PublishedPart::SetAside, table)
    }

    /// Writes what a failed step knows of its bad items, and says where that is.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn known_bad(&mut self, step: usize, known: &KnownBad) -> std::io::Result<String> {
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
            true => "bad items found before the step ended early",
            false => "all bad items",
        };
        Ok(format!("{which}: {}", paths.join(", ")))
    }

    /// Writes tables unless they already exist.
    fn tables<'t>(
        &mut self,
        step: usize,
        part: PublishedPart,
        tables: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> std::io::Result<()> {
        let folder = runs_folder(self.plan, step);
        let mut published = Vec::new();
        for (name, text) in tables {
            let name = folder.join(name);
            write_table(self.system(), &self.target(&name)?, text)?;
            published.push((name, Digest::of(text.as_bytes()), false));
        }
        self.note(step, part, published);
        Ok(())
    }

    /// Remembers that a part of a step consists of these files: name below the folder, digest, whether it is a link.
    fn note(&mut self, step: usize, part: PublishedPart, files: Vec<(PathBuf, Digest, bool)>) {
        let step = self.plan.steps[step].id();
        let is_first = self.publication.parts.insert((step.into(), part));
        if !is_first {
            let is_other = |file: &PublishedFile| (file.step.as_str(), file.part) != (step, part);
            self.publication.files.retain(is_other);
        }
        let files = files.into_iter().map(|(name, digest, link)| PublishedFile {
            step: step.into(),
            part,
            name: name.to_string_lossy().into_owned(),
            digest,
            link,
        });
        self.publication.files.extend(files);
    }
}

fn remove_if_there(system: &dyn System, path: &Path) -> std::io::Result<()> {
    match system.remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_table(system: &dyn System, path: &Path, text: &str) -> std::io::Result<()> {
    if system
        .read(path)
        .is_ok_and(|there| there == text.as_bytes())
    {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        durable::sweep(system, folder);
    }
    durable::write(system, path, text.as_bytes())
}
