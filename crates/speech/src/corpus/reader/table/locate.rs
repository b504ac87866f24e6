//! The file that a path in a table means, where there is none of exactly this name: tables come from other systems, with
//! other separators, other folders above the corpus, and names in other case.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pipe_foundation::sync::lock;
use unicode_normalization::UnicodeNormalization as _;
use walkdir::WalkDir;

use super::paths::{Paths, tidy};

/// So many files of a corpus are compared with a name that is not there.
const COMPARED: usize = 100_000;

/// Names of which a smaller fraction is the same have nothing to do with each other.
const LEAST_LIKENESS: f64 = 0.6;

/// A file that is there.
#[derive(Debug, PartialEq)]
pub(super) struct Located {
    /// Below the corpus folder.
    pub relative: String,
    /// How it differs from what is written, as a warning.
    pub note: String,
}

/// The folders of a corpus, each read once.
pub(super) struct Folders<'a> {
    root: &'a Path,
    read: Mutex<HashMap<PathBuf, Arc<Names>>>,
}

/// The names in a folder: each by how it is compared.
type Names = HashMap<String, Vec<String>>;

impl<'a> Folders<'a> {
    /// Those below `root`; nothing is read yet.
    pub fn new(root: &'a Path) -> Self {
        Self {
            root,
            read: Mutex::default(),
        }
    }

    /// The one file that `written` means although none has exactly this path.
    ///
    /// # Errors
    /// A lower-case fragment, where several files could be meant.
    pub fn locate(&self, written: &str, paths: &Paths<'_>) -> Result<Option<Located>, String> {
        let is_windows = written.contains('\\') || drive(written).is_some();
        let slashed = match is_windows {
            true => written.replace('\\', "/"),
            false => written.to_string(),
        };
        let below = drive(&slashed).unwrap_or(&slashed);
        if !below.starts_with('/') {
            let Some(relative) = paths.relative(below) else {
                return Ok(None);
            };
            return Ok(self.same_name(&relative)?.map(|found| Located {
                note: match is_windows {
                    true => "paths are written with `\\`: they are read with `/`".to_string(),
                    false => OTHER_SPELLING.to_string(),
                },
                relative: found,
            }));
        }
        let names: Vec<&str> = below.split('/').filter(|name| !name.is_empty()).collect();
        let mut found: Option<Located> = None;
        for dropped in 0..names.len() {
            let rest = names[dropped..].join("/");
            let in_audio_folder = paths.relative(&rest);
            let in_root = tidy(&rest).map(|rest| paths.with_extension(rest.into_owned()));
            for candidate in [in_audio_folder, in_root].into_iter().flatten() {
                let Some(relative) = self.same_name(&candidate)? else {
                    continue;
                };
                match &found {
                    Some(earlier) if earlier.relative != relative => {
                        return Err(format!(
                            "path is of another folder, and several files could be meant: {written} could be {} or {relative}",
                            earlier.relative
                        ));
                    }
                    Some(_) => {}
                    None => {
                        let above = &slashed[..slashed.len() - rest.len()];
                        let above = above.trim_end_matches('/');
                        found = Some(Located {
                            note: format!(
                                "paths begin with {above}, which is not the corpus folder: the files below the corpus folder are used"
                            ),
                            relative,
                        });
                    }
                }
            }
        }
        Ok(found)
    }

    /// The file whose path is `relative` but for case and for how accents are encoded; an exact name goes before others.
    fn same_name(&self, relative: &str) -> Result<Option<String>, String> {
        let mut found = String::new();
        for name in relative.split('/') {
            let names = self.names(Path::new(&found));
            let same = match names.get(&compared(name)) {
                None => return Ok(None),
                Some(same) if same.iter().any(|same| same == name) => name,
                Some(same) => match &same[..] {
                    [one] => one,
                    _ => {
                        return Err(format!(
                            "path differs in case or accents from several files: {relative} could be {}",
                            same.join(" or ")
                        ));
                    }
                },
            };
            if !found.is_empty() {
                found.push('/');
            }
            found.push_str(same);
        }
        Ok(self.root.join(&found).is_file().then_some(found))
    }

    fn names(&self, folder: &Path) -> Arc<Names> {
        let read = || lock(&self.read);
        if let Some(names) = read().get(folder) {
            return Arc::clone(names);
        }
        let mut names = Names::new();
        for entry in std::fs::read_dir(self.root.join(folder))
            .into_iter()
            .flatten()
        {
            let name = entry
                .ok()
                .and_then(|entry| entry.file_name().into_string().ok());
            if let Some(name) = name {
                names.entry(compared(&name)).or_default().push(name);
            }
        }
        names.values_mut().for_each(|same| same.sort());
        let names = Arc::new(names);
        read().insert(folder.to_path_buf(), Arc::clone(&names));
        names
    }
}

const OTHER_SPELLING: &str = "paths differ from the names of the files in case or accents: the files that are there are used";

/// A name as it is compared: in lower case, with accents in the letters they belong to (NFC).
fn compared(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// What follows the drive of a Windows path, such as `C:`; the separator included.
fn drive(path: &str) -> Option<&str> {
    match path.as_bytes() {
        [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic() => path.get(2..),
        _ => None,
    }
}

/// The file below `root` whose path is most like `relative`, which is not there: one of the same name in another folder,
/// one of the same name with another extension, or one of a similar name.
pub(super) fn nearest(root: &Path, relative: &str) -> Option<String> {
    let visible = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let walk = WalkDir::new(root).sort_by_file_name().into_iter();
    let files = walk
        .filter_entry(visible)
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .take(COMPARED);
    let wanted = compared(relative);
    let (wanted_name, wanted_stem) = (name_of(&wanted), stem_of(&wanted));
    let mut best: Option<(f64, String)> = None;
    for file in files {
        let Some(path) = file.path().strip_prefix(root).ok().and_then(Path::to_str) else {
            continue;
        };
        let same = compared(path);
        let name = name_of(&same);
        let likeness = strsim::normalized_levenshtein(name, wanted_name)
            + match name {
                name if name == wanted_name => 2.0,
                name if stem_of(name) == wanted_stem => 1.0,
                _ => 0.0,
            };
        // Among equal names, the folder tells.
        let rank = likeness + 0.1 * strsim::jaro_winkler(&same, &wanted);
        if likeness > LEAST_LIKENESS && best.as_ref().is_none_or(|(most, _)| rank > *most) {
            best = Some((rank, path.to_string()));
        }
    }
    best.map(|(_, path)| path)
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem_of(path: &str) -> &str {
    let name = name_of(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "RIFF").unwrap();
        }
        folder
    }

    #[test]
    fn paths_of_other_systems_are_found_below_the_corpus_folder() {
        let folder = folder(&[
            "wav/Anna/a.WAV",
            "wav/Zoe\u{308}/b.wav",
            "wav/c.wav",
            "c.wav",
        ]);
        let folders = Folders::new(folder.path());
        let paths = Paths {
            audio_folder: "wav",
            extension: None,
        };
        let relative = |written: &str| {
            let located = folders.locate(written, &paths);
            located.map(|located| located.map(|located| located.relative))
        };
        let anna = Ok(Some("wav/Anna/a.WAV".to_string()));
        for written in [
            "anna\\A.wav",
            ".\\Anna\\a.WAV",
            "anna/a.wav",
            "C:\\Users\\me\\ours\\wav\\Anna\\a.WAV",
            "d:/Anna/a.wav",
            "\\\\server\\share\\wav\\Anna\\a.WAV",
            "/home/me/ours/wav/Anna/a.WAV",
        ] {
            assert_eq!(relative(written), anna, "{written}");
        }
        assert_eq!(
            relative("zo\u{eb}/b.wav"),
            Ok(Some("wav/Zoe\u{308}/b.wav".into()))
        );
        for written in [
            "anna/b.wav",
            "C:\\d.wav",
            "..\\c.wav",
            "/etc/passwd",
            "C:",
            "/",
        ] {
            assert_eq!(relative(written), Ok(None), "{written}");
        }
        let told = relative("/data/c.wav").unwrap_err();
        assert!(
            told.ends_with("/data/c.wav could be wav/c.wav or c.wav"),
            "{told}"
        );
    }

    #[test]
    fn several_files_of_one_spelling_are_an_error() {
        let folder = folder(&["A.wav", "a.WAV"]);
        let paths = Paths {
            audio_folder: "",
            extension: None,
        };
        let told = Folders::new(folder.path()).locate("a.wav", &paths);
        assert_eq!(
            told.unwrap_err(),
            "path differs in case or accents from several files: a.wav could be A.wav or a.WAV"
        );
    }

    #[test]
    fn the_nearest_file_has_the_same_name_elsewhere_or_a_similar_one() {
        let folder = folder(&["wav/anna_1.wav", "wav/anna_2.flac", ".hidden/anna_3.wav"]);
        let nearest = |relative| nearest(folder.path(), relative);
        assert_eq!(nearest("anna_1.wav").as_deref(), Some("wav/anna_1.wav"));
        assert_eq!(nearest("anna_2.wav").as_deref(), Some("wav/anna_2.flac"));
        assert_eq!(nearest("wav/ana_1.wav").as_deref(), Some("wav/anna_1.wav"));
        assert_eq!(nearest("zzz"), None);
    }
}
