//! `--runs`: where results appear.

use std::path::{Path, PathBuf};

use clap::Args;

/// The folder under which results appear.
#[derive(Args, Default)]
pub struct RunsFolder {
    /// Folder under which results appear: `runs` in the root of the project by default.
    #[arg(long = "runs", value_name = "FOLDER")]
    given: Option<PathBuf>,
    /// The same once it is known where the project is.
    #[arg(skip)]
    folder: PathBuf,
}

impl RunsFolder {
    /// Decides for `runs` in `root`, as people read it, where none was given.
    pub fn settle(&mut self, root: &Path) {
        let own = || root.join("runs");
        self.folder = self.given.clone().unwrap_or_else(own);
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}
