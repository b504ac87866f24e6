//! The list of the files of a bundle, with the digest of each.

use std::collections::BTreeMap;

use pipe_foundation::Digest;
use pipe_foundation::system::{RealSystem, System};

use super::contents::{BundledFile, Content};
use super::error::BundleError;

/// What `files` hold, in the order of their names.
///
/// # Errors
/// When one of them cannot be read; also once `interrupted`.
pub fn list_of(
    files: &BTreeMap<String, Content>,
    interrupted: &dyn Fn() -> bool,
) -> Result<Vec<BundledFile>, BundleError> {
    let system: &dyn System = &RealSystem;
    let listed = files.iter().map(|(name, content)| {
        let (bytes, digest) = match content {
            Content::Bytes(bytes) => (bytes.len() as u64, Digest::of(bytes)),
            Content::File(file) => {
                let bytes = std::fs::metadata(file).map(|metadata| metadata.len());
                let known =
                    bytes.and_then(|bytes| Ok((bytes, system.digest_unless(file, interrupted)?)));
                known.map_err(|reason| BundleError::file(file, reason))?
            }
        };
        Ok(BundledFile {
            name: name.clone(),
            bytes,
            digest,
        })
    });
    listed.collect()
}
