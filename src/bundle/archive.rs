//! The file of a bundle: written with the same bytes for the same content, read without trust.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use pipe_foundation::regular_file::{self, FileError};
use pipe_foundation::system::RealSystem;
use pipe_foundation::{Digest, durable};
use tar::{Archive, Builder, Entry, EntryType, Header};

use crate::project_root::BUNDLE_FILE;

use super::contents::{BundledFile, Content, Contents, FORMAT};
use super::error::BundleError;
use super::list::list_of;
use super::opened::{BundleLimits, OpenedBundle};

/// How hard zstd tries; higher levels take much longer for little.
const LEVEL: i32 = 9;
/// Bundles are unpacked with at most 2 to this many bytes of memory for what was read before.
const WINDOW_LOG: u32 = 27;
/// The longest list of files that is read.
const LONGEST_LIST_BYTES: u64 = 256 << 20;

/// Writes a bundle of `files` to `path`, whole or not at all; `contents` gets the list of them.
///
/// # Errors
/// When a file cannot be read or the bundle cannot be written.
pub fn write(
    path: &Path,
    mut contents: Contents,
    files: BTreeMap<String, Content>,
) -> Result<Contents, BundleError> {
    contents.files = list_of(&files, &|| false)?;
    let failed = |reason| BundleError::file(path, reason);
    let folder = durable::folder_of(path);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut new = durable::unfinished_in(&RealSystem, folder).map_err(failed)?;
    let list = serde_json::to_vec_pretty(&contents);
    let list = list.map_err(|error| failed(std::io::Error::other(error)))?;
    let written = (|| -> std::io::Result<()> {
        let mut zstd = zstd::Encoder::new(BufWriter::new(&mut new), LEVEL)?;
        zstd.include_checksum(true)?;
        zstd.window_log(WINDOW_LOG)?;
        let mut tar = Builder::new(zstd);
        append(&mut tar, BUNDLE_FILE, list.len() as u64, &*list)?;
        for (file, content) in contents.files.iter().zip(files.values()) {
            match content {
                Content::Bytes(bytes) => append(&mut tar, &file.name, file.bytes, &**bytes)?,
                Content::File(path) => {
                    // If it grows meanwhile, the reader will notice that its digest is wrong.
                    let content = regular_file::open(path).map_err(FileError::into_io)?;
                    let content = content.take(file.bytes);
                    append(&mut tar, &file.name, file.bytes, content)?;
                }
            }
        }
        tar.into_inner()?.finish()?.flush()
    })();
    written.map_err(failed)?;
    new.file().sync_data().map_err(failed)?;
    new.persist(path).map_err(failed)?;
    durable::sync_folder(&RealSystem, folder).map_err(failed)?;
    Ok(contents)
}

/// Adds a file that says nothing of when, where and by whom it was made.
fn append<W: Write>(
    tar: &mut Builder<W>,
    name: &str,
    bytes: u64,
    content: impl Read,
) -> std::io::Result<()> {
    let mut header = header(name);
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    tar.append(&header, content)
}

/// A header with the name of a file. Extensions for long names would have to be read before anything is known of their
/// length, so a name that does not fit is only in the list, and here is its digest.
fn header(name: &str) -> Header {
    let mut header = Header::new_ustar();
    if header.set_path(name).is_err() {
        header = Header::new_ustar();
        let short = format!("long-names/{}", Digest::of(name.as_bytes()).hex());
        // It is shorter than the 100 bytes that there are.
        let _ = header.set_path(short);
    }
    header
}

/// Reads a bundle: each file goes to `take`, which gives the digest of what it got.
///
/// Nothing in it is believed: links, names that lead out of their folder, files that are not in the list, and more bytes
/// than it says are refused, and so is more than `limits` say.
///
/// # Errors
/// When it cannot be read or is not whole, and those of `take`.
pub fn read(
    bundle: &OpenedBundle,
    limits: BundleLimits,
    mut take: impl FnMut(&BundledFile, &mut dyn Read) -> Result<Digest, BundleError>,
) -> Result<Contents, BundleError> {
    let path = &bundle.path;
    let damaged = |reason: String| BundleError::Damaged {
        path: path.into(),
        reason,
    };
    let of_io = |error: std::io::Error| damaged(error.to_string());
    let bytes = bundle.bytes();
    let bytes = bytes.map_err(|reason| BundleError::file(path, reason))?;
    let mut zstd = zstd::Decoder::new(bytes).map_err(of_io)?;
    zstd.window_log_max(WINDOW_LOG).map_err(of_io)?;
    let mut archive = Archive::new(zstd);
    let mut entries = archive.entries().map_err(of_io)?.raw(true);

    let first = entries
        .next()
        .ok_or_else(|| damaged("it is empty".into()))?;
    let first = first.map_err(|error| damaged(format!("it is not a bundle: {error}")))?;
    if !is_file_called(&first, BUNDLE_FILE) {
        return Err(damaged(format!(
            "it is not a bundle: {BUNDLE_FILE} does not come first"
        )));
    }
    if first.size() > LONGEST_LIST_BYTES {
        return Err(damaged(format!("{BUNDLE_FILE} is too long")));
    }
    let mut list = Vec::new();
    let mut first = first.take(LONGEST_LIST_BYTES);
    first.read_to_end(&mut list).map_err(of_io)?;
    let contents = parse(&list).map_err(damaged)?;
    let files = contents.files.len() as u64;
    if files > limits.files {
        return Err(BundleError::TooManyFiles {
            path: path.into(),
            files,
            most: limits.files,
        });
    }
    let bytes = contents.files.iter().map(|file| file.bytes);
    let bytes = bytes.fold(0u64, u64::saturating_add);
    if bytes > limits.bytes {
        return Err(BundleError::TooLarge {
            path: path.into(),
            bytes,
            most: limits.bytes,
        });
    }

    for file in &contents.files {
        let name = &file.name;
        let entry = entries
            .next()
            .ok_or_else(|| damaged(format!("{name} is missing")))?;
        let mut entry = entry.map_err(of_io)?;
        if !is_file_called(&entry, name) || entry.size() != file.bytes {
            return Err(damaged(format!("{name} is not as {BUNDLE_FILE} lists it")));
        }
        if take(file, &mut entry)? != file.digest {
            return Err(damaged(format!("the content of {name} is not what it was")));
        }
    }
    if entries.next().is_some() {
        return Err(damaged(format!("it holds more than {BUNDLE_FILE} lists")));
    }
    // The checksum of the whole comes last.
    let rest = std::io::copy(&mut archive.into_inner(), &mut std::io::sink());
    rest.map_err(of_io)?;
    Ok(contents)
}

/// Whether an entry is a regular file of that name, and nothing that only looks like one.
fn is_file_called<R: Read>(entry: &Entry<'_, R>, name: &str) -> bool {
    let found = entry.header();
    found.entry_type() == EntryType::Regular && found.path_bytes() == header(name).path_bytes()
}

/// Reads the list of a bundle.
///
/// # Errors
/// What is wrong with it, as a lower-case fragment.
fn parse(list: &[u8]) -> Result<Contents, String> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        format: String,
    }
    let invalid = |error: serde_json::Error| format!("{BUNDLE_FILE} cannot be read: {error}");
    let Versioned { format } = serde_json::from_slice(list).map_err(invalid)?;
    if format != FORMAT {
        return Err(format!(
            "it has the format {format:?}, and this pipe reads {FORMAT:?}"
        ));
    }
    let contents: Contents = serde_json::from_slice(list).map_err(invalid)?;
    if !contents
        .files
        .is_sorted_by(|one, other| one.name < other.name)
    {
        return Err(format!(
            "{BUNDLE_FILE} does not list its files in order, each once"
        ));
    }
    let names: HashSet<&Path> = contents
        .files
        .iter()
        .map(|file| Path::new(&file.name))
        .collect();
    let is_in_file = |name: &&Path| name.ancestors().skip(1).any(|above| names.contains(above));
    if names.iter().any(is_in_file) {
        return Err(format!("{BUNDLE_FILE} lists a file that is also a folder"));
    }
    match contents
        .files
        .iter()
        .any(|file| file.name == contents.manifest)
    {
        true => Ok(contents),
        false => Err(format!("it lacks its manifest {}", contents.manifest)),
    }
}
