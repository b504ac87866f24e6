//! Why a bundle cannot be made or used.

use std::path::PathBuf;

use miette::Diagnostic;
use pipe_engine::cache::CacheError;
use thiserror::Error;

/// Why a bundle cannot be made or used.
#[derive(Debug, Error, Diagnostic)]
pub enum BundleError {
    /// A record cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cache(#[from] CacheError),
    /// A file of the manifest is not in its project.
    #[error("{} is outside of the project {}, so it cannot be in a bundle", path.display(), project.display())]
    #[diagnostic(
        code(bundle::outside),
        help("a bundle has the layout of the project: move the file into it")
    )]
    Outside {
        /// The file.
        path: PathBuf,
        /// The folder of the project.
        project: PathBuf,
    },
    /// A file of a corpus is a link to one that is not of it.
    #[error("{} leads to {}, outside of the corpus in {}", path.display(), target.display(), corpus.display())]
    #[diagnostic(
        code(bundle::link_outside),
        help(
            "what is outside of a corpus is not passed on with it: put the file itself in the place of the link, or leave out --audio"
        )
    )]
    LinkOutside {
        /// The link, or a file below one.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
        /// The folder of the corpus.
        corpus: PathBuf,
    },
    /// A result is damaged in the cache.
    #[error("{name} of `{step}` is damaged in the cache")]
    #[diagnostic(code(bundle::damaged_result), help("`pipe run` makes it again"))]
    DamagedResult {
        /// The step.
        step: String,
        /// The file.
        name: String,
    },
    /// Two files would have one name.
    #[error("two files would be {name} in the bundle")]
    #[diagnostic(code(bundle::same_name), help("rename one of the steps or files"))]
    SameName {
        /// The name.
        name: String,
    },
    /// A corpus must not be passed on.
    #[error("recordings of {corpus} may not be passed on: its licence is \"{licence}\"")]
    #[diagnostic(
        code(bundle::licence),
        help(
            "leave out --audio: whoever gets the bundle brings recordings of their own; or, if you know better, write the licence into the corpus's entry in corpora.toml as it is, such as \"CC BY 4.0\""
        )
    )]
    Licence {
        /// The corpus.
        corpus: String,
        /// What its entry says.
        licence: String,
    },
    /// A file cannot be read or written.
    #[error("cannot use {}: {reason}", path.display())]
    #[diagnostic(code(bundle::file))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// It is not a bundle, or not whole.
    #[error("{} cannot be used: {reason}", path.display())]
    #[diagnostic(
        code(bundle::damaged),
        help("get it again from whoever made it; nothing of it was kept")
    )]
    Damaged {
        /// The bundle.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It is larger than wanted.
    #[error("{} unpacks to {bytes} bytes, and the limit is {most}", path.display())]
    #[diagnostic(
        code(bundle::too_large),
        help("if this is meant, raise it with --max-size")
    )]
    TooLarge {
        /// The bundle.
        path: PathBuf,
        /// Bytes of all files.
        bytes: u64,
        /// How many it may have.
        most: u64,
    },
    /// It has more files than wanted.
    #[error("{} unpacks to {files} files, and the limit is {most}", path.display())]
    #[diagnostic(
        code(bundle::too_many_files),
        help("if this is meant, raise it with --max-files")
    )]
    TooManyFiles {
        /// The bundle.
        path: PathBuf,
        /// How many files.
        files: u64,
        /// How many it may have.
        most: u64,
    },
}

impl BundleError {
    /// A file that cannot be read or written.
    pub fn file(path: impl Into<PathBuf>, reason: std::io::Error) -> Self {
        Self::File {
            path: path.into(),
            reason,
        }
    }
}
