//! What the command line leaves open and the folders decide: where the cache and results are.

use std::path::Path;

use crate::project_root::{root_here, root_of, shown_from_here};

use super::arguments::{Arguments, Subcommand};
use super::runs_folder::RunsFolder;

impl Arguments {
    /// These with everything decided that depends on where the project is.
    pub fn settled(mut self) -> Self {
        self.settle();
        self
    }

    /// Decides where the cache and results are, unless the user has said so: in the root of the project.
    fn settle(&mut self) {
        let manifest = self.command.manifest();
        let root = manifest.map_or_else(root_here, root_of);
        let shown = shown_from_here(&root);
        let own_cache = || shown.join("cache");
        let common = &mut self.common;
        common.cache = common.cache_given.clone().unwrap_or_else(own_cache);
        if let Some(runs) = self.command.runs_folder() {
            runs.settle(&shown);
        }
        common.root = root;
    }
}

impl Subcommand {
    /// The manifest that it is about, if any.
    fn manifest(&self) -> Option<&Path> {
        match self {
            Self::Run(options) => Some(&options.manifest.manifest),
            Self::Step(options) => Some(&options.run.manifest.manifest),
            Self::Lock(options) => Some(&options.manifest.manifest),
            Self::Plan(options) => Some(&options.manifest.manifest),
            Self::Why(options) => Some(&options.manifest.manifest),
            Self::Report(options) => Some(&options.manifest.manifest),
            Self::Items(options) => Some(&options.manifest.manifest),
            Self::Graph(options) => Some(&options.manifest.manifest),
            Self::Bundle(options) => options.manifest(),
            // These may be names.
            Self::Audit(options) => Some(options.what.as_path()).filter(|path| path.is_file()),
            Self::Attach(options) | Self::Cancel(options) => {
                let manifest = options.manifest.as_deref().map(Path::new);
                manifest.filter(|path| path.is_file())
            }
            Self::Runs(options) => {
                let manifest = options.manifest.as_deref().map(Path::new);
                manifest.filter(|path| path.is_file())
            }
            _ => None,
        }
    }

    /// Where its results appear, if it has any.
    fn runs_folder(&mut self) -> Option<&mut RunsFolder> {
        match self {
            Self::Run(options) => Some(&mut options.runs),
            Self::Step(options) => Some(&mut options.run.runs),
            Self::Report(options) => Some(&mut options.runs),
            Self::Doctor(options) => Some(&mut options.runs),
            _ => None,
        }
    }
}
