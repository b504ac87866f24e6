//! The files that an aggregate step makes.

use std::path::{Component, Path, PathBuf};

use pipe_foundation::Digest;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// One file of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path below the result's folder, with `/`.
    #[serde(deserialize_with = "plain_relative")]
    pub name: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The files of a result, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSet {
    /// The files.
    pub files: Vec<FileEntry>,
}

impl FileSet {
    /// The digest of all names and contents.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for file in &self.files {
            hasher.update(&(file.name.len() as u64).to_le_bytes());
            hasher.update(file.name.as_bytes());
            hasher.update(&file.digest.0);
        }
        Digest(*hasher.finalize().as_bytes())
    }

    /// The file called `name`.
    pub fn get(&self, name: &str) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// Reads a stored name that becomes a path below some folder: whoever wrote it, it must not lead out of that folder.
///
/// # Errors
/// When the name is empty, absolute, has a part such as `..`, or has control characters.
pub fn plain_relative<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.contains(char::is_control) {
        return Err(D::Error::custom(format!("{name:?} has control characters")));
    }
    let path = Path::new(&name);
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    // Components leave out `.` within a path, and a slash at its end.
    let same = path.components().collect::<PathBuf>().as_os_str() == path.as_os_str();
    match !name.is_empty() && same && path.components().all(is_plain) {
        true => Ok(name),
        false => Err(D::Error::custom(format!(
            "{name:?} leads out of its folder"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_of_their_folder_are_refused() {
        let entry = |name: &str| {
            let json = serde_json::json!({ "name": name, "digest": Digest::of(b""), "bytes": 0 });
            serde_json::from_value::<FileEntry>(json)
        };
        for name in ["a", "a/b.txt", "..a", "a..", "a b", "-", "~", "\u{202e}"] {
            assert_eq!(entry(name).unwrap().name, name);
        }
        for name in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/../../b",
            "a/..",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            ".",
        ] {
            let refused = entry(name).unwrap_err().to_string();
            assert!(
                refused.contains("leads out of its folder"),
                "{name}: {refused}"
            );
        }
        for name in ["a\0b", "a\nb", "\u{1b}[2J", "\u{9b}"] {
            let refused = entry(name).unwrap_err().to_string();
            assert!(refused.contains("has control characters"), "{refused}");
        }
    }
}
