//! `[cache]` of the configuration: where results are kept beside the folder of the cache.

use std::path::PathBuf;

use serde::Deserialize;

/// Where results are kept beside the folder of the cache.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfiguration {
    /// The URL of an object store that several machines share, such as `s3://bucket/prefix`; none without one.
    pub remote: Option<String>,
    /// What runs do with it.
    pub mode: RemoteMode,
    /// Public keys of minisign, or files with one; where there are any, only entries that one of them has signed count.
    pub trusted_keys: Vec<String>,
    /// The file of a secret key of minisign, with which entries are signed.
    pub sign_with: Option<PathBuf>,
    /// How long it may fail to answer, in seconds, before a run goes on without it.
    pub patience_s: u32,
}

/// What runs do with a remote cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemoteMode {
    /// They send what they make.
    Push,
    /// They fetch what it has.
    Pull,
    /// They do both.
    #[default]
    Both,
}

impl Default for CacheConfiguration {
    fn default() -> Self {
        Self {
            remote: None,
            mode: RemoteMode::Both,
            trusted_keys: Vec::new(),
            sign_with: None,
            patience_s: 30,
        }
    }
}
