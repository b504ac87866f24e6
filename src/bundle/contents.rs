//! The list of what a bundle holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use pipe_engine::artifact::plain_relative;
use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};

use crate::lock::MadeBy;

/// The version of the format that is written, and the only one that is read.
pub const FORMAT: &str = "pipe bundle 1";

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The version of the format.
    pub format: String,
    /// The name of the manifest.
    pub name: String,
    /// The manifest's file in the bundle.
    #[serde(deserialize_with = "plain_relative")]
    pub manifest: String,
    /// The arguments of `--set` of the run.
    pub set: Vec<String>,
    /// Which program on which machine made it.
    pub made_by: MadeBy,
    /// All other files, in the order in which they follow.
    pub files: Vec<BundledFile>,
}

/// One file in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledFile {
    /// Its path in the bundle, with `/`.
    #[serde(deserialize_with = "plain_relative")]
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// BLAKE3 of its content.
    pub digest: Digest,
}

/// Where the content of a file comes from.
#[derive(Clone, Debug)]
pub enum Content {
    /// Here it is.
    Bytes(Vec<u8>),
    /// In this file.
    File(PathBuf),
}

/// All files of a bundle, and what is not the same in every bundle of the same run.
#[derive(Clone, Debug)]
pub struct Collected {
    /// What it is; the list of its files is made when it is written.
    pub contents: Contents,
    /// Its files by name.
    pub files: BTreeMap<String, Content>,
    /// Files that programs of other versions may write otherwise.
    pub written: BTreeSet<String>,
    /// Those of them that are pages, which also say how long the run took.
    pub pages: BTreeSet<String>,
    /// Files that say something of the copy of the recordings, such as which files count for nothing.
    pub of_copy: BTreeSet<String>,
}
