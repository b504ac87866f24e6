//! A bundle that somebody has sent: unpacked into a folder of its own, with the receiver's own corpora.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use pipe_foundation::{Digest, durable};
use pipe_speech::corpus::Corpora;

use crate::project_root::BUNDLE_FILE;

use super::archive;
use super::contents::{BundledFile, Contents};
use super::error::BundleError;
use super::opened::{BundleLimits, OpenedBundle};

/// How many bytes are copied at once.
const BLOCK_BYTES: usize = 1 << 20;

/// Unpacks a bundle, once all of it is found right, into `folder`, which must not exist.
///
/// # Errors
/// When the bundle is not whole or has more than `limits` say, or the folder exists or cannot be written.
pub fn unpack(
    bundle: &OpenedBundle,
    folder: &Path,
    limits: BundleLimits,
) -> Result<Contents, BundleError> {
    let parent = durable::folder_of(folder);
    let failed = |reason| BundleError::file(folder, reason);
    if folder.symlink_metadata().is_ok() {
        return Err(failed(std::io::Error::other(
            "it exists; choose another folder with --out",
        )));
    }
    std::fs::create_dir_all(parent).map_err(failed)?;
    // Removed again unless everything goes well.
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(parent);
    let new = new.map_err(failed)?;
    let contents = archive::read(bundle, limits, |file, content| {
        keep(new.path(), file, content)
    })?;
    let list =
        serde_json::to_vec_pretty(&contents).map_err(|e| failed(std::io::Error::other(e)))?;
    std::fs::write(new.path().join(BUNDLE_FILE), list).map_err(failed)?;
    std::fs::rename(new.path(), folder).map_err(failed)?;
    // What is under its name now is not temporary any more.
    let _ = new.keep();
    Ok(contents)
}

/// As [`unpack`], but where `folder` is there with exactly what is in the bundle, and other files, it is used as it is.
///
/// # Errors
/// As [`unpack`], and when `folder` holds something else in the place of a file of the bundle.
pub fn unpack_or_reuse(
    bundle: &OpenedBundle,
    folder: &Path,
    limits: BundleLimits,
) -> Result<Contents, BundleError> {
    if folder.symlink_metadata().is_err() {
        return unpack(bundle, folder, limits);
    }
    let contents = archive::read(bundle, limits, |_, content| digest(content))?;
    let is_same = |file: &BundledFile| {
        Digest::of_file(&folder.join(&file.name)).is_ok_and(|found| found == file.digest)
    };
    match contents.files.iter().find(|file| !is_same(file)) {
        None => Ok(contents),
        Some(file) => Err(BundleError::file(
            folder,
            std::io::Error::other(format!(
                "it exists, and {} in it is not that of the bundle; choose another folder with --out",
                file.name
            )),
        )),
    }
}

/// The digest of all of `content`.
fn digest(content: &mut dyn Read) -> Result<Digest, BundleError> {
    let mut hasher = blake3::Hasher::new();
    let read = hasher.update_reader(content);
    read.map_err(|reason| BundleError::file("bundle", reason))?;
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// Writes one file below `folder` and gives the digest of what was written.
fn keep(folder: &Path, file: &BundledFile, content: &mut dyn Read) -> Result<Digest, BundleError> {
    let path = folder.join(&file.name);
    let failed = |reason| BundleError::file(&file.name, reason);
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).map_err(failed)?;
    let mut target = File::create_new(&path).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let count = content.read(&mut block).map_err(failed)?;
        if count == 0 {
            break;
        }
        hasher.update(&block[..count]);
        target.write_all(&block[..count]).map_err(failed)?;
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// The corpora of a bundle where the receiver has them: what entries mean is said by the bundle, where their files are by
/// `own`.
pub fn corpora_at(bundled: Corpora, own: &Corpora) -> Corpora {
    let mut corpora = bundled;
    corpora.folder.clone_from(&own.folder);
    for (name, entry) in &mut corpora.corpora {
        if let Some(own) = own.corpora.get(name) {
            entry.root.clone_from(&own.root);
        }
    }
    corpora
}
