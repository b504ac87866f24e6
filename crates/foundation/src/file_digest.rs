//! The digest of a file on the machine itself.

use std::path::Path;

use crate::Digest;
use crate::system::{RealSystem, System};

impl Digest {
    /// The digest of a file's whole content.
    ///
    /// # Errors
    /// Whatever opening or reading the file returns, and where it is not a regular file: reading a pipe might never
    /// end.
    pub fn of_file(path: &Path) -> std::io::Result<Self> {
        (&RealSystem as &dyn System).digest(path)
    }
}

#[cfg(test)]
mod tests {
    use crate::digest::LARGE_BYTES;

    use super::*;

    #[test]
    fn a_file_has_the_digest_of_its_bytes_and_what_is_no_file_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"content").unwrap();
        assert_eq!(Digest::of_file(&file).unwrap(), Digest::of(b"content"));
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [pipe.as_path(), folder.path()] {
            assert!(Digest::of_file(path).is_err(), "{}", path.display());
        }
    }

    #[test]
    fn a_large_file_is_not_read_on_once_interrupted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(LARGE_BYTES).unwrap();
        let digest = |interrupted: &dyn Fn() -> bool| {
            let system: &dyn System = &RealSystem;
            system.digest_unless(&path, interrupted)
        };
        let looks = std::cell::Cell::new(0);
        let third = || looks.replace(looks.get() + 1) == 2;
        let error = digest(&third).unwrap_err();
        assert_eq!((error.to_string(), looks.get()), ("interrupted".into(), 3));
        assert!(digest(&|| false).is_ok());
    }
}
