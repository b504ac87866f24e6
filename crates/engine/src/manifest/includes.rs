//! Reads a manifest file with all that it includes, into one table.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use pipe_foundation::grouped;
use pipe_foundation::regular_file::{self, FileError};

use crate::source::{Place, Source};

use super::confinement;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::limits::{Limits, exceeded, reached};
use super::parse::parse;
use super::read_options::ReadOptions;
use super::value::{Node, Table, TableEntry, Value};

/// Reads the manifest at `path` with its includes. Included manifests come first and the including one overrides them;
/// tables merge key by key. Gives the files that were read, too, `path` first.
///
/// # Errors
/// Every unreadable file, syntax error and include loop; the limit that was exceeded.
pub fn read_with_includes(
    path: &Path,
    options: &ReadOptions<'_>,
) -> Result<(Vec<Source>, Table), Diagnostics> {
    let limits = &options.limits;
    // What the user named may be a pipe; what a manifest names may not.
    let text = regular_file::read_given_text(path, limits.manifest_bytes);
    let text = text.map_err(|error| match error {
        FileError::TooLong { bytes, .. } => too_long(limits, 0, bytes),
        error => unreadable(path, &error, None),
    })?;
    let source = Source::new(path.display().to_string(), text);
    let reading = Reading {
        options,
        bytes: source.text().len() as u64,
        includes: 0,
        sources: Vec::new(),
        open: HashSet::new(),
        diagnostics: Diagnostics::default(),
    };
    reading.read(path, source)
}

/// What was read so far. Files that are being read are kept in a list, not in calls of calls, so that their number is
/// limited by nothing but the limits.
struct Reading<'a> {
    options: &'a ReadOptions<'a>,
    /// Bytes of all files.
    bytes: u64,
    /// How many are included, those that cannot be read too.
    includes: u64,
    /// The files that were read, that of the manifest first.
    sources: Vec<Source>,
    /// Where the files are that are being read.
    open: HashSet<PathBuf>,
    diagnostics: Diagnostics,
}

/// A file whose includes are being read.
struct OpenFile {
    path: PathBuf,
    canonical: PathBuf,
    /// What it holds itself.
    own: Table,
    /// What those of its includes hold that were read.
    under: Table,
    includes: std::vec::IntoIter<Node>,
}

impl Reading<'_> {
    fn read(mut self, path: &Path, source: Source) -> Result<(Vec<Source>, Table), Diagnostics> {
        let mut files = vec![self.start(path, canonical(path), source)?];
        while let Some(file) = files.last_mut() {
            let Some(include) = file.includes.next() else {
                let Some(mut done) = files.pop() else { break };
                self.open.remove(&done.canonical);
                done.under.merge(done.own);
                match files.last_mut() {
                    Some(including) => including.under.merge(done.under),
                    None => return self.diagnostics.or_ok((self.sources, done.under)),
                }
                continue;
            };
            let folder = file.path.parent().unwrap_or(Path::new("")).to_path_buf();
            let depth = files.len() as u64;
            files.extend(self.include(&folder, &include, depth)?);
        }
        self.diagnostics.or_ok((self.sources, Table::default()))
    }

    /// Starts with an included file; none, with problems reported, where that is not possible.
    ///
    /// # Errors
    /// All problems so far, and the limit that was exceeded.
    fn include(
        &mut self,
        folder: &Path,
        include: &Node,
        depth: u64,
    ) -> Result<Option<OpenFile>, Diagnostics> {
        let Value::Text(name) = &include.value else {
            self.diagnostics.push(
                Diagnostic::new("manifest::type", "`include` has the wrong type").at(
                    &include.place,
                    format!("expected a path, found {}", include.value.found()),
                ),
            );
            return Ok(None);
        };
        let target = folder.join(name);
        let canonical = canonical(&target);
        if self.open.contains(&canonical) {
            self.diagnostics.push(
                Diagnostic::new(
                    "manifest::include_loop",
                    format!("`{name}` includes itself"),
                )
                .at(&include.place, "this file is already being read")
                .help("remove one of the includes that form the loop"),
            );
            return Ok(None);
        }
        let outside = confinement::check(self.options.confined_to, &target, &include.place);
        if let Some(outside) = outside {
            self.diagnostics.push(outside);
            return Ok(None);
        }
        self.includes += 1;
        let limits = &self.options.limits;
        let (limit, what) = if depth > limits.include_depth.most {
            (limits.include_depth, "includes are nested too deep")
        } else if self.includes > limits.includes.most {
            (limits.includes, "too many files are included")
        } else {
            match self.text(&target, &include.place)? {
                None => return Ok(None),
                Some(text) => {
                    let name = target.display().to_string();
                    let project = self.options.project;
                    let is_outside =
                        project.is_some_and(|folder| confinement::leads_out(folder, &target));
                    let source = match is_outside {
                        true => Source::withheld(name, text),
                        false => Source::new(name, text),
                    };
                    return match self.start(&target, canonical, source) {
                        Ok(file) => Ok(Some(file)),
                        Err(_) if is_outside => {
                            self.diagnostics.push(not_shown(&target, &include.place));
                            Ok(None)
                        }
                        Err(more) => {
                            self.diagnostics.extend(more);
                            Ok(None)
                        }
                    };
                }
            }
        };
        Err(self.stopped(reached(limit, what).at(&include.place, "this one is not read any more")))
    }

    /// The text of an included file; none, with the problem reported, where it cannot be read.
    fn text(&mut self, target: &Path, place: &Place) -> Result<Option<String>, Diagnostics> {
        let mut left = self.options.limits.manifest_bytes;
        left.most -= self.bytes;
        match regular_file::read_text(target, left) {
            Ok(text) => {
                self.bytes += text.len() as u64;
                Ok(Some(text))
            }
            Err(FileError::TooLong { bytes, .. }) => {
                let told = too_long(&self.options.limits, self.bytes, bytes);
                Err(self.stopped(told.at(place, "too long")))
            }
            Err(error) => {
                self.diagnostics
                    .push(unreadable(target, &error, Some(place)));
                Ok(None)
            }
        }
    }

    fn start(
        &mut self,
        path: &Path,
        canonical: PathBuf,
        source: Source,
    ) -> Result<OpenFile, Diagnostics> {
        let parsed = parse(&source);
        self.sources.push(source);
        let mut own = parsed?;
        let includes = match own.take("include") {
            None => Vec::new(),
            Some(TableEntry { node, .. }) => match node.value {
                Value::List(nodes) => nodes,
                _ => vec![node],
            },
        };
        self.open.insert(canonical.clone());
        Ok(OpenFile {
            path: path.to_path_buf(),
            canonical,
            own,
            under: Table::default(),
            includes: includes.into_iter(),
        })
    }

    /// All problems, with the one that ends the reading.
    fn stopped(&mut self, last: Diagnostic) -> Diagnostics {
        let mut diagnostics = std::mem::take(&mut self.diagnostics);
        diagnostics.push(last);
        diagnostics.sorted()
    }
}

/// What is said of a file outside of the project that is no manifest: it may be anything, and hold anything.
pub fn not_shown(path: &Path, place: &Place) -> Diagnostic {
    let message = format!("{} cannot be parsed", path.display());
    Diagnostic::new("manifest::outside_syntax", message)
        .at(place, "not a file of TOML with the keys that belong here")
        .help("it is outside of the project, so nothing of it is shown here")
}

fn too_long(limits: &Limits, before: u64, bytes: Option<u64>) -> Diagnostic {
    let limit = limits.manifest_bytes;
    let what = match before {
        0 => "the manifest has",
        _ => "the manifest and what it includes have",
    };
    match bytes.map(|bytes| bytes.saturating_add(before)) {
        Some(all) => exceeded(limit, format!("{what} {} bytes", grouped(all)), all),
        None => reached(limit, format!("{what} too many bytes")),
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn unreadable(path: &Path, error: &FileError, place: Option<&Place>) -> Diagnostic {
    let missing = error.is_missing();
    let diagnostic = Diagnostic::new(
        "manifest::unreadable",
        match missing {
            true => format!("{} does not exist", path.display()),
            false => format!("cannot read {}: {error}", path.display()),
        },
    );
    match place {
        Some(place) => diagnostic
            .at(place, if missing { "not found" } else { "not readable" })
            .help("the path is relative to the manifest it is written in"),
        None => diagnostic.help(
            "give a manifest such as pipelines/demo.toml; `pipe init` writes one to start from",
        ),
    }
}
