//! The files of a project that a plan was read from, as somebody else would need them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pipe_engine::manifest::location;
use pipe_speech::corpus::{Confinement, Corpora};

use crate::lock::{LockFile, lock_path};
use pipe_stages::domain::{CORPORA, SpeechPlan};

use super::contents::Content;
use super::error::BundleError;

/// Files of a project by their path in it.
pub struct ProjectFiles {
    /// The manifest, what it includes and names, its lock file, and the entries of `corpora.toml` that it uses.
    pub files: BTreeMap<String, Content>,
    /// Which of them is the manifest.
    pub manifest: String,
    /// Which of them are not files of the project, but written from what is known: the lock file, `corpora.toml`.
    pub written: BTreeSet<String>,
}

/// The files of a plan, named from the folder `project`. Corpora are below `corpora_folder`, which is relative to `corpora.toml`, under their own names.
///
/// # Errors
/// When the manifest names files outside of its project.
pub fn project_files(
    plan: &SpeechPlan,
    project: &Path,
    lock: Option<&LockFile>,
    corpora_folder: &str,
) -> Result<ProjectFiles, BundleError> {
    let manifest = Path::new(&plan.manifest);
    let inside = |path: &Path| -> Result<String, BundleError> {
        let path = location(path);
        match path.strip_prefix(project) {
            Ok(inside) => Ok(inside.display().to_string()),
            Err(_) => Err(BundleError::Outside {
                project: project.into(),
                path,
            }),
        }
    };
    let mut files = BTreeMap::new();
    let mut written = BTreeSet::new();
    for source in &plan.sources {
        let bytes = Content::Bytes(source.text().as_bytes().to_vec());
        files.insert(inside(Path::new(source.name()))?, bytes);
    }
    for path in declared_paths(plan) {
        files.insert(inside(&path)?, Content::File(path));
    }
    if let Some(lock) = lock {
        let text = lock.to_text().into_bytes();
        let name = inside(&lock_path(manifest))?;
        written.insert(name.clone());
        files.insert(name, Content::Bytes(text));
    }
    let corpora_file = match plan.files.get(CORPORA) {
        Some((path, _)) => inside(path)?,
        None => "corpora.toml".into(),
    };
    let text = toml::to_string(&used_corpora(plan, corpora_folder));
    let text =
        text.map_err(|error| BundleError::file(&corpora_file, std::io::Error::other(error)))?;
    written.insert(corpora_file.clone());
    files.insert(corpora_file, Content::Bytes(text.into_bytes()));
    Ok(ProjectFiles {
        files,
        manifest: inside(manifest)?,
        written,
    })
}

/// The files that steps of the manifest name.
fn declared_paths(plan: &SpeechPlan) -> BTreeSet<PathBuf> {
    let steps = plan.steps.iter().map(|step| &step.declaration);
    steps
        .flat_map(|step| {
            let paths = step.paths.iter();
            paths.map(|(parameter, written)| step.resolve(parameter, written))
        })
        .collect()
}

/// The entries of `corpora.toml` that the plan uses, without what they say of this machine.
fn used_corpora(plan: &SpeechPlan, folder: &str) -> Corpora {
    let steps = plan.steps.iter().map(|step| &step.declaration);
    let named = steps.flat_map(|step| step.named.iter().map(|(_, name)| name));
    let named: BTreeSet<&String> = named.collect();
    let steps = plan.steps.iter().map(|step| &step.declaration);
    let chosen = steps.filter_map(|step| step.parameters.get("classes")?.as_str());
    let chosen: BTreeSet<&str> = chosen.collect();
    let maps = plan.corpora.classes.iter();
    let maps = maps.filter(|(name, _)| chosen.contains(name.as_str()));
    let entries = plan.corpora.corpora.iter();
    let used = entries.filter(|(name, _)| named.contains(name));
    Corpora {
        folder: folder.into(),
        classes: maps
            .map(|(name, map)| (name.clone(), map.clone()))
            .collect(),
        corpora: used
            .map(|(name, entry)| {
                let mut entry = entry.clone();
                entry.root = name.into();
                (name.clone(), entry)
            })
            .collect(),
        confinement: Confinement::default(),
        made_items: None,
    }
}
