//! Reading files whose names come from somebody else: only regular files are opened, and only so many bytes are read.
//!
//! Opening a named pipe waits for a writer, reading a device may never end, and opening one can do something by itself,
//! such as rewinding a tape. So the kind of a file is looked at first, and again once it is open.

use std::fs::{File, FileType, OpenOptions};
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use thiserror::Error;

use crate::{Limit, grouped};

/// Why a file is not read.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system does not let it be read, or it is not UTF-8 where text is expected.
    #[error(transparent)]
    Io(#[from] Error),
    /// It is no regular file.
    #[error("it is {found}, not a regular file")]
    NotRegular {
        /// What it is, with its article.
        found: &'static str,
    },
    /// It is longer than the limit.
    #[error("{}", too_long(*bytes, *limit))]
    TooLong {
        /// Its bytes, where the system says how many they are.
        bytes: Option<u64>,
        /// The limit.
        limit: Limit,
    },
}

impl FileError {
    /// The error of the system where there is one, and otherwise one that says the same.
    pub fn into_io(self) -> Error {
        match self {
            Self::Io(error) => error,
            Self::NotRegular { .. } => Error::new(ErrorKind::InvalidInput, self),
            Self::TooLong { .. } => Error::new(ErrorKind::FileTooLarge, self.to_string()),
        }
    }

    /// The [`FileError::NotRegular`] that [`FileError::into_io`] made `error` of.
    ///
    /// # Errors
    /// Any other error is given back.
    pub fn not_regular(error: Error) -> Result<Self, Error> {
        match error.downcast::<Self>() {
            Ok(found @ Self::NotRegular { .. }) => Ok(found),
            Ok(other) => Err(other.into_io()),
            Err(error) => Err(error),
        }
    }

    /// True where there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == ErrorKind::NotFound)
    }
}

fn too_long(bytes: Option<u64>, limit: Limit) -> String {
    let most = grouped(limit.most);
    match bytes {
        Some(bytes) => format!(
            "it has {} bytes, and at most {most} are read; {}",
            grouped(bytes),
            limit.advice(bytes)
        ),
        None => format!(
            "it has more than {most} bytes, and no more are read; {}",
            limit.advice_to_try()
        ),
    }
}

/// Makes sure that `path` is a regular file, or a link to one, without opening it.
///
/// # Errors
/// [`FileError::Io`] where it does not exist or its folder cannot be searched, [`FileError::NotRegular`].
pub fn check(path: &Path) -> Result<(), FileError> {
    let kind = std::fs::metadata(path)?.file_type();
    match other_kind(kind) {
        None => Ok(()),
        Some(found) => Err(FileError::NotRegular { found }),
    }
}

/// Opens a regular file, or a link to one, for reading.
///
/// # Errors
/// [`FileError::Io`], [`FileError::NotRegular`].
pub fn open(path: &Path) -> Result<File, FileError> {
    check(path)?;
    // Should it have become a pipe or a terminal since, opening must neither wait nor take hold of it.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)?;
    match other_kind(file.metadata()?.file_type()) {
        None => Ok(file),
        Some(found) => Err(FileError::NotRegular { found }),
    }
}

/// Opens a regular file as `options` say, to write to it. A link in its place is refused, since it would lead to another
/// file.
///
/// # Errors
/// As [`open`].
pub fn open_to_write(path: &Path, options: &mut OpenOptions) -> Result<File, FileError> {
    if let Ok(there) = std::fs::symlink_metadata(path)
        && !there.is_symlink()
        && let Some(found) = other_kind(there.file_type())
    {
        return Err(FileError::NotRegular { found });
    }
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let file = options.custom_flags(flags.bits() as i32).open(path)?;
    match other_kind(file.metadata()?.file_type()) {
        None => Ok(file),
        Some(found) => Err(FileError::NotRegular { found }),
    }
}

/// The whole content of a regular file that this program has written, however long it is.
///
/// # Errors
/// Those of [`open`] as errors of the system, and where it cannot be read.
pub fn read_whole(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = open(path).map_err(FileError::into_io)?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// As [`read_whole`], of a text.
///
/// # Errors
/// As [`read_whole`], and where it is not UTF-8.
pub fn read_whole_text(path: &Path) -> std::io::Result<String> {
    text(read_whole(path)?).map_err(FileError::into_io)
}

/// The content of a regular file of at most as many bytes as `limit` says.
///
/// # Errors
/// [`FileError`]: nothing is read of a file that is longer by what the system says.
pub fn read(path: &Path, limit: Limit) -> Result<Vec<u8>, FileError> {
    let file = open(path)?;
    read_to_limit(file, limit)
}

/// As [`read`], of a text.
///
/// # Errors
/// As [`read`], and where it is not UTF-8.
pub fn read_text(path: &Path, limit: Limit) -> Result<String, FileError> {
    text(read(path, limit)?)
}

/// As [`read_text`], of what the user named on the command line, which may also be a pipe or a device:
/// `pipe run <(program)`. It is read to its end, up to the limit.
///
/// # Errors
/// As [`read_text`], but for [`FileError::NotRegular`], which only folders are told.
pub fn read_given_text(path: &Path, limit: Limit) -> Result<String, FileError> {
    text(read_given(path, limit)?)
}

/// As [`read_given_text`], of any bytes.
///
/// # Errors
/// As [`read`], but for [`FileError::NotRegular`], which only folders are told.
pub fn read_given(path: &Path, limit: Limit) -> Result<Vec<u8>, FileError> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(FileError::NotRegular { found: "a folder" });
    }
    read_to_limit(file, limit)
}

fn read_to_limit(file: File, limit: Limit) -> Result<Vec<u8>, FileError> {
    let stated = file.metadata()?.len();
    if stated > limit.most {
        return Err(FileError::TooLong {
            bytes: Some(stated),
            limit,
        });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stated).unwrap_or_default());
    // One byte more tells a file at the limit from a longer one; pipes and files of `/proc` do not state a length.
    file.take(limit.most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit.most {
        true => Err(FileError::TooLong { bytes: None, limit }),
        false => Ok(bytes),
    }
}

fn text(bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(bytes)
        .map_err(|error| FileError::Io(Error::new(ErrorKind::InvalidData, error.utf8_error())))
}

/// What something else than a regular file is, with its article.
fn other_kind(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_file() => None,
        kind if kind.is_dir() => Some("a folder"),
        kind if kind.is_fifo() => Some("a named pipe"),
        kind if kind.is_socket() => Some("a socket"),
        kind if kind.is_char_device() || kind.is_block_device() => Some("a device"),
        _ => Some("something else"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    use super::*;

    const LIMIT: Limit = Limit {
        name: "file_bytes",
        most: 10,
    };

    /// A folder with one of each kind, and what they are.
    fn others(folder: &Path) -> Vec<(PathBuf, &'static str)> {
        let pipe = folder.join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let link = folder.join("link");
        std::os::unix::fs::symlink("pipe", &link).unwrap();
        let socket = folder.join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        vec![
            (pipe, "a named pipe"),
            (link, "a named pipe"),
            (socket, "a socket"),
            (folder.to_path_buf(), "a folder"),
            ("/dev/zero".into(), "a device"),
        ]
    }

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        for (path, found) in others(folder.path()) {
            let expected = format!("it is {found}, not a regular file");
            assert_eq!(check(&path).unwrap_err().to_string(), expected);
            assert_eq!(open(&path).unwrap_err().to_string(), expected);
            let error = read(&path, LIMIT).unwrap_err().into_io();
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert_eq!(read_whole(&path).unwrap_err().to_string(), expected);
            let written = open_to_write(&path, OpenOptions::new().append(true));
            match path.ends_with("link") {
                true => assert!(matches!(written, Err(FileError::Io(_)))),
                false => assert_eq!(written.unwrap_err().to_string(), expected),
            }
        }
        let absent = folder.path().join("absent");
        assert!(open(&absent).unwrap_err().is_missing());
    }

    #[test]
    fn files_are_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "ten bytes.").unwrap();
        std::os::unix::fs::symlink("file", folder.path().join("link")).unwrap();
        for name in ["file", "link"] {
            let path = folder.path().join(name);
            assert_eq!(read_text(&path, LIMIT).unwrap(), "ten bytes.");
            assert_eq!(read_given_text(&path, LIMIT).unwrap(), "ten bytes.");
        }
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        // Sparse: a file that is longer than any disk is refused by its length alone.
        file.set_len(1 << 40).unwrap();
        let error = read(&path, LIMIT).unwrap_err().into_io();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(
            error.to_string(),
            "it has 1,099,511,627,776 bytes, and at most 10 are read; `--limit file_bytes=1099511627776` raises this limit"
        );
    }

    #[test]
    fn what_states_no_length_is_read_up_to_the_limit_too() {
        let told = "it has more than 10 bytes, and no more are read; `--limit file_bytes=20` raises this limit";
        for path in ["/proc/self/status", "/dev/zero"] {
            let error = read_given(Path::new(path), LIMIT).unwrap_err();
            assert_eq!(error.to_string(), told, "{path}");
        }
        let error = read_given(Path::new("/proc"), LIMIT).unwrap_err();
        assert_eq!(error.to_string(), "it is a folder, not a regular file");
    }

    #[test]
    fn text_must_be_utf_8() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"\xff").unwrap();
        let error = read_text(&path, LIMIT).unwrap_err().into_io();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}
