//! The files below a corpus folder, with names that can safely become utterance ids.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::draft::{Candidate, Draft};
use crate::audio::AudioExtension;

/// A file below a corpus folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundFile {
    /// The file as it can be opened.
    pub path: PathBuf,
    /// The same below the corpus folder, with `/` between names on every system.
    pub relative: String,
}

impl FoundFile {
    /// Names of the folders above it, outermost first.
    pub fn folders(&self) -> impl DoubleEndedIterator<Item = &str> {
        let folders = self
            .relative
            .rsplit_once('/')
            .map_or("", |(folders, _)| folders);
        folders.split('/').filter(|name| !name.is_empty())
    }

    /// Name of the folder it is in; empty at the top.
    pub fn folder(&self) -> &str {
        self.folders().next_back().unwrap_or("")
    }

    /// File name with extension.
    pub fn name(&self) -> &str {
        self.relative
            .rsplit_once('/')
            .map_or(&self.relative, |(_, name)| name)
    }

    /// File name without extension.
    pub fn stem(&self) -> &str {
        let name = self.name();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// Extension without the dot; empty where there is none.
    pub fn extension(&self) -> &str {
        self.name()
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }

    /// True if the extension is `wanted`, compared without case.
    pub fn has_extension(&self, wanted: &str) -> bool {
        self.extension().eq_ignore_ascii_case(wanted)
    }

    /// True if the extension is one of audio files that are read.
    pub fn is_audio(&self) -> bool {
        let told = AudioExtension::of(self.extension());
        told.is_some_and(|told| told != AudioExtension::Unread)
    }

    /// What it has in common with the same recording in another format: `AudioMP3/a.mp3` and `AudioWAV/a.wav`.
    fn without_format(&self) -> String {
        let mut folders = self.relative[..self.relative.len() - self.name().len()].to_lowercase();
        // Two letters are part of many names.
        for format in AudioExtension::all().filter(|format| format.len() > 2) {
            folders = folders.replace(format, "");
        }
        folders + &self.stem().to_lowercase()
    }

    /// Path below the corpus folder without extension, the tail of an utterance id.
    pub fn id(&self) -> &str {
        let extension = self.extension();
        let cut = if self.name().contains('.') {
            extension.len() + 1
        } else {
            0
        };
        &self.relative[..self.relative.len() - cut]
    }

    /// All of it as one utterance, of which its name tells `speaker` and `label`.
    pub fn candidate<'a>(&'a self, speaker: &'a str, label: &'a str) -> Candidate<'a> {
        Candidate {
            id: self.id().to_string(),
            path: self.path.clone(),
            speaker,
            gender: None,
            language: None,
            label,
            segment_s: None,
            channel: None,
            content: None,
            votes: None,
            columns: Vec::new(),
            place: &self.relative,
        }
    }
}

/// All files below the root of `draft`, sorted by path; folders named in `pass_over` (lower case)
/// are not entered, dot-files and dot-folders are not seen.
///
/// Symbolic links are followed. Link loops, what cannot be read, and names that are not UTF-8 or
/// hold control characters are set aside in the draft.
pub(super) fn files(draft: &mut Draft<'_>, pass_over: &[&str]) -> Vec<FoundFile> {
    let root = draft.root().to_path_buf();
    let mut found = Vec::new();
    let mut walk = WalkDir::new(&root)
        .min_depth(1)
        .follow_links(true)
        .into_iter();
    while let Some(step) = walk.next() {
        let entry = match step {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(&root);
                if !is_hidden(path) {
                    set_aside(draft, &printable(&root, path), &error);
                }
                continue;
            }
        };
        let is_folder = entry.file_type().is_dir();
        let name = entry.file_name().to_str();
        let unusable = match name {
            None => Some("its name is not UTF-8"),
            Some(name) if name.chars().any(char::is_control) => {
                Some("its name contains a line break or another control character")
            }
            Some(_) => None,
        };
        let hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
        let passed_over = is_folder
            && name.is_some_and(|name| pass_over.iter().any(|p| p.eq_ignore_ascii_case(name)));
        if is_folder && (hidden || passed_over || unusable.is_some()) {
            walk.skip_current_dir();
        }
        if hidden || passed_over {
            continue;
        }
        if let Some(reason) = unusable {
            draft.drop_bad(&printable(&root, entry.path()), reason.to_string());
            continue;
        }
        if entry.path_is_symlink() && !draft.allows(entry.path()) {
            if is_folder {
                walk.skip_current_dir();
            }
            continue;
        }
        if is_folder {
            if entry.path_is_symlink() && is_above(entry.path(), &root) {
                walk.skip_current_dir();
                draft.drop_repeated(&printable(&root, entry.path()), LINK_ABOVE.to_string());
            }
            continue;
        }
        let Some(relative) = entry.path().strip_prefix(&root).ok().and_then(Path::to_str) else {
            draft.drop_bad(
                &printable(&root, entry.path()),
                "its path is not UTF-8".to_string(),
            );
            continue;
        };
        let relative = if std::path::MAIN_SEPARATOR == '/' {
            relative.to_string()
        } else {
            relative.replace(std::path::MAIN_SEPARATOR, "/")
        };
        if !entry.file_type().is_file() {
            draft.drop_bad(&relative, "it is not a regular file".to_string());
            continue;
        }
        found.push(FoundFile {
            relative,
            path: entry.into_path(),
        });
    }
    found.sort_by(|a, b| a.relative.cmp(&b.relative));
    found
}

/// Those of [`files`] that may hold audio; those in formats that are not read are set aside.
pub(super) fn audio_files(draft: &mut Draft<'_>, pass_over: &[&str]) -> Vec<FoundFile> {
    let mut found = files(draft, pass_over);
    pass_over_copies(draft, &mut found);
    found.retain(FoundFile::is_audio);
    found
}

/// Removes copies of recordings that are there in the format that they are published in, with one warning for all of a
/// format, and sets aside recordings in formats that are not read.
pub(super) fn pass_over_copies(draft: &mut Draft<'_>, found: &mut Vec<FoundFile>) {
    let told = |file: &FoundFile| AudioExtension::of(file.extension());
    let usual = found
        .iter()
        .filter(|file| told(file) == Some(AudioExtension::Usual));
    let originals: HashSet<String> = usual.map(FoundFile::without_format).collect();
    found.retain(|file| {
        let is_unread = match told(file) {
            None | Some(AudioExtension::Usual) => return true,
            Some(AudioExtension::Further) => false,
            Some(AudioExtension::Unread) => true,
        };
        let format = file.extension().to_lowercase();
        if originals.contains(&file.without_format()) {
            let note = format!(".{format} copies of recordings in another format are passed over");
            draft.note(note, &file.relative);
            return false;
        }
        if is_unread {
            let reason = format!(
                "recordings in .{format} files are not read: convert it, for example with `ffmpeg -i INPUT OUTPUT.wav`"
            );
            draft.drop_bad(&file.relative, reason);
        }
        !is_unread
    });
}

const LINK_ABOVE: &str = "it is a symbolic link to a folder above it";

/// True if the link leads above the corpus folder: following it would walk through everything.
fn is_above(link: &Path, root: &Path) -> bool {
    match (link.canonicalize(), root.canonicalize()) {
        (Ok(target), Ok(root)) => root.starts_with(target),
        _ => false,
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().first() == Some(&b'.'))
}

fn printable(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.to_string_lossy().into_owned()
}

fn set_aside(draft: &mut Draft<'_>, what: &str, error: &walkdir::Error) {
    match (error.loop_ancestor(), error.io_error()) {
        (Some(_), _) => draft.drop_repeated(what, LINK_ABOVE.to_string()),
        (None, Some(error)) => draft.drop_unreadable(what, error),
        (None, None) => draft.drop_missing(what, "it cannot be read".to_string()),
    }
}
