//! Which name in a file of features is which recording: by its id, or by the end of its path.

use std::collections::HashMap;

/// What was found of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The name at this place.
    At(usize),
    /// No name fits.
    Nowhere,
    /// Several names fit equally well; two of them.
    Several(usize, usize),
}

/// Names by their last part.
#[derive(Debug)]
pub struct NameIndex {
    names: Vec<Vec<String>>,
    by_last: HashMap<String, Vec<usize>>,
}

impl NameIndex {
    /// Looks at `names`: ids, or paths of audio files with or without extension, absolute or from anywhere.
    pub fn new(names: &[String]) -> Self {
        let names: Vec<Vec<String>> = names.iter().map(|name| parts(name)).collect();
        let mut by_last: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, name) in names.iter().enumerate() {
            if let Some(last) = name.last() {
                by_last.entry(last.clone()).or_default().push(index);
            }
        }
        Self { names, by_last }
    }

    /// Finds a recording by the names that it has, such as its id and its path: that name of the file is meant which has
    /// the same last part and the most parts before it in common with one of them.
    pub fn find(&self, known_as: &[&str]) -> Joined {
        let mut best = Joined::Nowhere;
        let mut depth = 0;
        for known in known_as {
            let known = parts(known);
            let same_last = known.last().and_then(|last| self.by_last.get(last));
            for &index in same_last.into_iter().flatten() {
                let name = &self.names[index];
                let pairs = name.iter().rev().zip(known.iter().rev());
                let common = pairs.take_while(|(a, b)| a == b).count();
                best = match best {
                    _ if common > depth => Joined::At(index),
                    Joined::At(other) if common == depth && *name != self.names[other] => {
                        Joined::Several(other, index)
                    }
                    other => other,
                };
                depth = depth.max(common);
            }
        }
        best
    }
}

/// The parts of a path or an id, the last one without the extension of an audio file.
fn parts(name: &str) -> Vec<String> {
    const EXTENSIONS: [&str; 10] = [
        "wav", "flac", "mp3", "ogg", "m4a", "aif", "aiff", "sph", "opus", "npy",
    ];
    let name = name.trim().trim_matches(['\'', '"']);
    let name = match name.rsplit_once('.') {
        Some((stem, extension)) if EXTENSIONS.contains(&&*extension.to_ascii_lowercase()) => stem,
        _ => name,
    };
    let parts = name
        .split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".");
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(names: &[&str]) -> NameIndex {
        NameIndex::new(
            &names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn ids_paths_and_bare_names_are_found() {
        for name in [
            "emo-db/wav/03a01Fa",
            "wav/03a01Fa.wav",
            "03a01Fa",
            "/data/emo/wav/03a01Fa.WAV",
            "C:\\emo\\03a01Fa.wav",
            "'03a01Fa.wav'",
        ] {
            let names = index(&["other", name]);
            let found = names.find(&[
                "emo-db/wav/03a01Fa",
                "/home/me/corpora/EmoDB/wav/03a01Fa.wav",
            ]);
            assert_eq!(found, Joined::At(1), "{name}");
            assert_eq!(names.find(&["emo-db/wav/03a02Fa"]), Joined::Nowhere);
        }
    }

    #[test]
    fn the_longest_common_end_decides_and_a_tie_is_told() {
        let names = index(&["a/x/1.wav", "b/x/1.wav", "c/1.wav"]);
        assert_eq!(names.find(&["corpus/b/x/1"]), Joined::At(1));
        assert_eq!(names.find(&["corpus/d/x/1"]), Joined::Several(0, 1));
        assert_eq!(names.find(&["corpus/c/1"]), Joined::At(2));
        // The same name twice is one recording.
        assert_eq!(index(&["1.wav", "1"]).find(&["a/1"]), Joined::At(0));
    }

    #[test]
    fn a_dot_in_a_name_is_no_extension() {
        let names = index(&["speaker.1", "speaker.2"]);
        assert_eq!(names.find(&["made/speaker.2"]), Joined::At(1));
    }
}
