//! `[cache]` of the configuration: where results are kept beside the folder of the cache.

use serde::Deserialize;

/// Where results are kept beside the folder of the cache.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfiguration {
    /// The URL of an object store that several machines share, such as `s3://bucket/prefix`; none without one.
    pub remote: Option<String>,
}
