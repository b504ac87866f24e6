//! The list of what a bundle holds.

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
