//! The folders that the user trusts, in a file of the user's own configuration.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use pipe_foundation::durable;
use pipe_foundation::regular_file;
use pipe_foundation::system::RealSystem;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::configuration;

use super::project::Project;

/// Why it is not known, or cannot be written down, what the user trusts.
#[derive(Debug, Error, Diagnostic)]
pub enum TrustError {
    /// There is no place for it.
    #[error("neither XDG_CONFIG_HOME nor HOME says where your configuration is")]
    #[diagnostic(
        code(trust::no_home),
        help("set HOME; or use --allow-commands and --allow-paths, which need no configuration")
    )]
    NoHome,
    /// The file is there and cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    #[diagnostic(
        code(trust::unreadable),
        help("fix the file, or remove it and trust your folders again with `pipe trust FOLDER`")
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    #[diagnostic(
        code(trust::unwritable),
        help("check that the folder is yours and has free space")
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
}

/// The folders that the user trusts, with everything below them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedFolders {
    /// Absolute paths without links, sorted.
    pub folders: Vec<PathBuf>,
}

impl TrustedFolders {
    /// Reads them; none where there is no file.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn load() -> Result<Self, TrustError> {
        let path = file()?;
        let unreadable = |reason: String| TrustError::Unreadable {
            path: path.clone(),
            reason,
        };
        match regular_file::read_whole_text(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(unreadable(error.to_string())),
            Ok(text) => toml::from_str(&text)
                .map_err(|error: toml::de::Error| unreadable(error.message().to_owned())),
        }
    }

    /// Whether the manifests of `project` are trusted. A bundle is somebody else's, so that it is trusted only where it is
    /// named itself.
    pub fn trusts(&self, project: &Project) -> bool {
        let above = |trusted: &&PathBuf| project.folder.starts_with(trusted);
        let mut trusting = self.folders.iter().filter(above);
        trusting.any(|trusted| !project.is_bundle || *trusted == project.folder)
    }

    /// Trusts `folder` from now on; false where it was trusted before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, folder: &Path) -> Result<bool, TrustError> {
        let Err(place) = self.folders.binary_search_by(|known| (**known).cmp(folder)) else {
            return Ok(false);
        };
        self.folders.insert(place, folder.to_path_buf());
        self.save().map(|()| true)
    }

    /// Trusts `folder` no longer; false where it was not trusted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove(&mut self, folder: &Path) -> Result<bool, TrustError> {
        let before = self.folders.len();
        self.folders.retain(|known| known != folder);
        if self.folders.len() == before {
            return Ok(false);
        }
        self.save().map(|()| true)
    }

    fn save(&self) -> Result<(), TrustError> {
        let path = file()?;
        let unwritable = |reason| TrustError::Unwritable {
            path: path.clone(),
            reason,
        };
        let text = toml::to_string_pretty(self);
        let text = text.map_err(|error| unwritable(std::io::Error::other(error)))?;
        let text = format!(
            "# Manifests in these folders may start programs and name files elsewhere: see `pipe trust --help`.\n{text}"
        );
        durable::write(&RealSystem, &path, text.as_bytes()).map_err(unwritable)
    }
}

/// `pipe/trust.toml` in the user's configuration.
fn file() -> Result<PathBuf, TrustError> {
    let folder = configuration::folder().ok_or(TrustError::NoHome)?;
    Ok(folder.join("trust.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_trusted_with_what_is_below_it_but_for_bundles() {
        let trusted = TrustedFolders {
            folders: vec!["/home/me/projects".into()],
        };
        let project = |folder: &str, is_bundle| Project {
            folder: folder.into(),
            is_bundle,
        };
        assert!(trusted.trusts(&project("/home/me/projects", false)));
        assert!(trusted.trusts(&project("/home/me/projects/a", false)));
        assert!(trusted.trusts(&project("/home/me/projects", true)));
        assert!(!trusted.trusts(&project("/home/me/projects/a", true)));
        assert!(!trusted.trusts(&project("/home/me/projects-2", false)));
        assert!(!trusted.trusts(&project("/home/me", false)));
    }
}
