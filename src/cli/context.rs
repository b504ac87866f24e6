//! What subcommands need before they start: the plan, the corpora, the cache.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use miette::Diagnostic as _;
use pipe_engine::cache::Cache;
use pipe_engine::manifest::{
    Diagnostic, Diagnostics, Manifest, OUTSIDE, ReadOptions, leads_out, not_shown,
};
use pipe_engine::source::{Place, Source};
use pipe_foundation::regular_file;
use pipe_nn::model::Devices;
use pipe_speech::corpus::{Confinement, Corpora};

use crate::bundle::{PlacesGiven, places_outside};
use crate::project_root::{root_here, shown_from_here};
use crate::trust::{Project, TrustedFolders};
use pipe_stages::domain::{CORPORA, PlanOptions, SpeechPlan};

use super::arguments::Common;
use super::built_in_corpora::built_in_corpora;
use super::corpora_diagnostic;
use super::error::CliError;
use super::manifest_arguments::{DeviceArguments, ManifestArguments};

/// Reads the manifest and builds its plan for `devices`. It stays until the process ends: to free the memory of thousands of
/// steps piece by piece would take a tenth of the time that they take to plan.
pub fn plan(
    arguments: &ManifestArguments,
    devices: Devices,
    common: &Common,
) -> Result<ManuallyDrop<SpeechPlan>, CliError> {
    plan_to_run(arguments, devices, false, common)
}

/// As [`plan`], with programs in a sandbox if so wanted.
pub fn plan_to_run(
    arguments: &ManifestArguments,
    devices: Devices,
    sandbox: bool,
    common: &Common,
) -> Result<ManuallyDrop<SpeechPlan>, CliError> {
    let project = Project::of(&arguments.manifest);
    // Where it cannot be found out, nothing is trusted; that is only told where it matters.
    let trusted = match arguments.allow_paths {
        true => Ok(true),
        false => TrustedFolders::load().map(|folders| folders.trusts(&project)),
    };
    let is_free = trusted.as_ref().is_ok_and(|trusted| *trusted);
    let corpora = |manifest: &Manifest| {
        let named = manifest.files.get(CORPORA);
        let folder = manifest.path.parent().unwrap_or(Path::new(""));
        let given = common.corpora.as_deref();
        let read = known_corpora(given, named, folder, common);
        let read = read.map(|mut known| {
            if !is_free {
                known.confine(given, &project, common);
            }
            known.corpora
        });
        if let (Ok(read), true) = (&read, project.is_bundle && !is_free) {
            let given = match given {
                None => PlacesGiven::None,
                Some(given) if given.is_dir() => PlacesGiven::Folder,
                Some(_) => PlacesGiven::Own(read),
            };
            if let Some(outside) = places_outside(read, &project.folder, given) {
                return Err(outside.into());
            }
        }
        read.map_err(|problems| match named {
            Some((path, place)) if leads_out(&project.folder, path) && path.is_file() => {
                not_shown(path, place).into()
            }
            _ => problems,
        })
    };
    let options = PlanOptions {
        read: ReadOptions {
            root: Some(&common.root),
            overrides: &arguments.overrides,
            limits: common.limits(),
            confined_to: (!is_free).then_some(&project.folder),
            project: Some(&project.folder),
        },
        present_only: arguments.present,
        devices,
        sandbox,
        corpora: &corpora,
    };
    let plan = SpeechPlan::read(&arguments.manifest, &options).map_err(|problems| {
        let is_outside = |problem: &Diagnostic| {
            problem
                .code()
                .is_some_and(|code| code.to_string() == OUTSIDE)
        };
        match trusted {
            Err(unknown) if problems.shown().iter().any(is_outside) => CliError::Trust(unknown),
            _ => CliError::Manifest(problems),
        }
    })?;
    Ok(ManuallyDrop::new(plan))
}

/// The devices to look for results of; nothing is computed on them, so they need not be there.
pub fn device_of_results(arguments: &DeviceArguments) -> Result<Devices, CliError> {
    Ok(arguments.device.resolve_for_keys(arguments.tf32)?)
}

/// Opens the cache for a command that stores results.
pub fn cache(common: &Common, rehash: bool) -> Result<Cache, CliError> {
    Ok(Cache::open(&common.cache, rehash)?)
}

/// Opens the cache for a command that looks at it.
pub fn cache_to_read(common: &Common, rehash: bool) -> Result<Cache, CliError> {
    Ok(Cache::open_to_read(&common.cache, rehash)?)
}

/// Opens a cache that must exist for a command that looks at it.
pub fn existing_cache_to_read(common: &Common) -> Result<Cache, CliError> {
    require_cache(common)?;
    cache_to_read(common, false)
}

/// Opens a cache that must exist for a command that removes something.
pub fn existing_cache(common: &Common) -> Result<Cache, CliError> {
    require_cache(common)?;
    cache(common, false)
}

fn require_cache(common: &Common) -> Result<(), CliError> {
    if !common.cache.is_dir() {
        return Err(CliError::Usage {
            message: format!("no cache found at {}", common.cache.display()),
            help: "`pipe run` creates it; choose another with --cache".into(),
        });
    }
    Ok(())
}

/// The corpora that are known, and where from.
pub struct KnownCorpora {
    /// The entries of the file on top of those that come with the program.
    pub corpora: Corpora,
    /// The `corpora.toml` that was found.
    pub file: Option<PathBuf>,
    /// The names of its entries.
    pub of_file: BTreeSet<String>,
}

impl KnownCorpora {
    /// The `project` is not trusted: files of corpora have to be in it, in the project of the file that was found, or in
    /// the folder that the user gave. The user's own file may name any.
    pub fn confine(&mut self, given: Option<&Path>, project: &Project, common: &Common) {
        self.corpora.confinement = match given {
            Some(path) if !path.is_dir() => Confinement::default(),
            given => {
                let file = self.file.clone();
                let beside = Project::of(&file.unwrap_or_else(|| own_file(common))).folder;
                let given: Vec<PathBuf> = given.map(Path::to_path_buf).into_iter().collect();
                Confinement::to(&project.folder, &[beside], &given)
            }
        };
    }
}

/// Finds and reads `corpora.toml`; its folder of corpora is made usable from here.
///
/// `given` is the argument of `--corpora`, `named` what the manifest names, `folder` where the search starts. It may be
/// as long as a manifest. Without a file, corpora are in `corpora` in the root of the project.
pub fn corpora(
    given: Option<&Path>,
    named: Option<&(PathBuf, Place)>,
    folder: &Path,
    common: &Common,
) -> Result<Corpora, Diagnostics> {
    Ok(known_corpora(given, named, folder, common)?.corpora)
}

/// The corpora that a command knows where it names no manifest.
pub fn corpora_here(common: &Common) -> Result<KnownCorpora, Diagnostics> {
    let folder = Path::new(".");
    let given = common.corpora.as_deref();
    let mut known = known_corpora(given, None, folder, common)?;
    if given.is_some_and(|given| !given.is_dir()) {
        return Ok(known);
    }
    let file = known.file.clone();
    let project = Project::of(&file.unwrap_or_else(|| own_file(common)));
    if TrustedFolders::load().is_ok_and(|all| all.trusts(&project)) {
        return Ok(known);
    }
    // That of a bundle was found, not given.
    let bundle = Some(&project).filter(|project| project.is_bundle && known.file.is_some());
    if let Some(bundle) = bundle {
        let places = match given {
            None => PlacesGiven::None,
            Some(_) => PlacesGiven::Folder,
        };
        if let Some(outside) = places_outside(&known.corpora, &bundle.folder, places) {
            return Err(outside.into());
        }
    }
    known.confine(given, &project, common);
    Ok(known)
}

/// As [`corpora`], with the file that each entry is from.
pub fn known_corpora(
    given: Option<&Path>,
    named: Option<&(PathBuf, Place)>,
    folder: &Path,
    common: &Common,
) -> Result<KnownCorpora, Diagnostics> {
    let limits = common.limits();
    let place = named
        .filter(|_| given.is_none_or(Path::is_dir))
        .map(|(_, place)| place);
    let given_folder = given.filter(|path| path.is_dir());
    let given_file = given.filter(|path| !path.is_dir()).map(Path::to_path_buf);
    let file = given_file
        .or_else(|| named.map(|(path, _)| path.clone()))
        .or_else(|| search(folder));
    let Some(file) = file else {
        let own = || shown_from_here(&common.root).join("corpora");
        let folder = given_folder.map_or_else(own, Path::to_path_buf);
        let corpora = Corpora {
            folder,
            made_items: Some(limits.made_items),
            ..built_in_corpora()
        };
        return Ok(KnownCorpora {
            corpora,
            file: None,
            of_file: BTreeSet::new(),
        });
    };
    // What the user gives may be a pipe; what a manifest names may not.
    let read = match given {
        Some(path) if path == file => regular_file::read_given_text,
        _ => regular_file::read_text,
    };
    let text = read(&file, limits.manifest_bytes).map_err(|error| {
        let missing = error.is_missing();
        let diagnostic = Diagnostic::new(
            "corpora::unreadable",
            match missing {
                true => format!("{} does not exist", file.display()),
                false => format!("cannot read {}: {error}", file.display()),
            },
        );
        match place {
            Some(place) => diagnostic
                .at(place, "expected a corpora.toml")
                .help("the path is relative to the manifest it is written in"),
            None => diagnostic.help("give a corpora.toml, or the folder of all corpora"),
        }
    })?;
    let source = Source::new(file.display().to_string(), text);
    let mut corpora = Corpora::parse_on_top_of(source.text(), built_in_corpora())
        .map_err(|error| corpora_diagnostic::diagnostic(&source, &error))?;
    corpora.made_items = Some(limits.made_items);
    let base = file.parent().unwrap_or(Path::new(""));
    corpora.folder = match given_folder {
        Some(folder) => folder.to_path_buf(),
        None => base.join(&corpora.folder),
    };
    Ok(KnownCorpora {
        of_file: Corpora::names_in(source.text()),
        corpora,
        file: Some(file),
    })
}

/// `corpora.toml` in `folder`, in one above it, or in the root of the project of the current folder.
pub fn search(folder: &Path) -> Option<PathBuf> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let start = std::path::absolute(folder).ok()?;
    let mut candidates: Vec<PathBuf> = start
        .ancestors()
        .map(|above| above.join("corpora.toml"))
        .collect();
    candidates.push(root_here().join("corpora.toml"));
    let found = candidates.into_iter().find(|path| path.is_file())?;
    // People read the short form.
    Some(shown_from_here(&found))
}

/// Where `corpora.toml` of the project would be.
pub fn own_file(common: &Common) -> PathBuf {
    shown_from_here(&common.root).join("corpora.toml")
}
