//! The user's own configuration: `pipe/config.toml` beside what the user trusts, a section for each concern.
//!
//! Nothing in it changes a result. It says where results are kept and where work is done, which is the business of the
//! machine's user and not of a manifest, which may come from somebody else.

mod cache;
mod executor;
mod folder;

use std::io::ErrorKind;
use std::path::Path;

use pipe_engine::manifest::{Diagnostic, Diagnostics, suggest};
use pipe_engine::source::Source;
use pipe_foundation::regular_file;
use serde::Deserialize;

pub use cache::{CacheConfiguration, RemoteMode};
pub use executor::{ExecutorConfiguration, ExecutorKind};
pub use folder::folder;

/// The file in [`folder`].
pub const FILE: &str = "config.toml";

/// What the user has configured; a section that is absent has its defaults.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// Where results are kept beside the folder of the cache.
    pub cache: CacheConfiguration,
    /// Who executes steps.
    pub executor: ExecutorConfiguration,
}

impl Configuration {
    /// Reads the user's file; the defaults where there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or does not say what it may.
    pub fn load() -> Result<Self, Diagnostics> {
        match folder() {
            Some(folder) => Self::read(&folder.join(FILE)),
            None => Ok(Self::default()),
        }
    }

    fn read(path: &Path) -> Result<Self, Diagnostics> {
        let name = path.display().to_string();
        match regular_file::read_whole_text(path) {
            Ok(text) => Self::parse(&Source::new(name, text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Diagnostic::new(
                "configuration::unreadable",
                format!("cannot read {name}: {error}"),
            )
            .help("fix the file, or remove it to use the defaults")
            .into()),
        }
    }

    /// Reads a text of TOML.
    ///
    /// # Errors
    /// When it is not TOML, or has keys or values that are not known.
    pub fn parse(source: &Source) -> Result<Self, Diagnostics> {
        toml::from_str(source.text()).map_err(|error| diagnostic(source, &error).into())
    }
}

/// The reader's error as a diagnostic that points into the file.
fn diagnostic(source: &Source, error: &toml::de::Error) -> Diagnostic {
    let place = source.place(error.span().unwrap_or(0..0));
    let message = error.message().lines().next().unwrap_or("wrong");
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let names: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        if let Some((found, valid)) = names.split_first() {
            return Diagnostic::new(
                "configuration::unknown_key",
                format!("unknown key `{found}`"),
            )
            .at(&place, "the configuration has no such key here")
            .help(suggest(found, valid.iter().copied()));
        }
    }
    match message.split_once(", expected ") {
        Some((message, expected)) => Diagnostic::new("configuration::value", message)
            .at(&place, format!("expected {expected}")),
        None => Diagnostic::new("configuration::value", message).at(&place, "cannot be used"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_gives_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let read = Configuration::read(&folder.path().join(FILE)).unwrap();
        assert_eq!(read, Configuration::default());
        // One that is there and is no file is not taken for absent.
        assert!(Configuration::read(folder.path()).is_err());
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_known() {
        let read = |text: &str| Configuration::parse(&Source::new("config.toml", text));
        let wrong = |text: &str| {
            let errors = read(text).unwrap_err();
            let error = &errors.shown()[0];
            let help = miette::Diagnostic::help(error).map(|help| help.to_string());
            (error.to_string(), help.unwrap_or_default())
        };
        let (message, help) = wrong("[cache]\nremot = \"s3://lab/pipe\"\n");
        assert_eq!(message, "unknown key `remot`");
        assert!(help.contains("remote"), "{help}");
        let (message, _) = wrong("[cache]\nremote = 3\n");
        assert!(message.starts_with("invalid type"), "{message}");
        assert!(read("[cache]\nremote = \"file:///lab\"\n").is_ok());
    }
}
