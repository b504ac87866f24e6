//! Which name in a file of features is which recording: by its id, or by the end of its path.

use std::collections::{HashMap, HashSet};

use super::known_name::{KnownName, common, parts};

/// What was found of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The name at `index`; `of_part` where it is that of the part of the recording, whose features are then all there
    /// are under it.
    At {
        /// The place of the name.
        index: usize,
        /// It names the part, not the recording.
        of_part: bool,
    },
    /// No name fits.
    Nowhere,
    /// No name fits; the one at this place has the same last part, in other folders.
    Elsewhere(usize),
    /// The name at this place fits other recordings as well.
    Shared(usize),
    /// Several names fit equally well; two of them.
    Several(usize, usize),
}

/// Names by their last part.
#[derive(Debug)]
pub struct NameIndex {
    names: Vec<Vec<String>>,
    by_last: HashMap<String, Vec<usize>>,
    /// Every part of a name, with how many parts follow it.
    at: HashSet<(usize, String)>,
}

impl NameIndex {
    /// Looks at `names`: ids, or paths of audio files with or without extension, absolute or from anywhere.
    pub fn new(names: &[String]) -> Self {
        let names: Vec<Vec<String>> = names.iter().map(|name| parts(name)).collect();
        let mut by_last: HashMap<String, Vec<usize>> = HashMap::new();
        let mut at = HashSet::new();
        for (index, name) in names.iter().enumerate() {
            if let Some(last) = name.last() {
                by_last.entry(last.clone()).or_default().push(index);
            }
            for (following, part) in name.iter().rev().enumerate() {
                let place = (following, part.clone());
                if !at.contains(&place) {
                    at.insert(place);
                }
            }
        }
        Self { names, by_last, at }
    }

    /// Finds a recording by the names that it has, such as its id and its path.
    ///
    /// A name of the file fits that ends with all that lies below the folder of the corpus, or has fewer parts and is an
    /// end of that; and that no other recording is called. Where names of the file have the folder of the corpus, one with
    /// another folder in its place does not: it is of a corpus that is not listed. Of several, the one with most parts in common is meant; a
    /// name of the part itself before those of the recording.
    pub fn find(&self, known_as: &[KnownName]) -> Joined {
        let (of_part, of_recording): (Vec<_>, Vec<_>) =
            known_as.iter().partition(|known| known.of_part);
        let own = self.among(&of_part);
        match own {
            Joined::At { .. } | Joined::Several(..) => return own,
            _ => {}
        }
        match self.among(&of_recording) {
            Joined::Nowhere => own,
            found => found,
        }
    }

    fn among(&self, known_as: &[&KnownName]) -> Joined {
        let mut best = Joined::Nowhere;
        let mut depth = 0;
        let names_corpus = known_as.iter().any(|known| {
            let folder = known
                .parts
                .first()
                .filter(|_| known.parts.len() > known.below);
            folder.is_some_and(|folder| self.at.contains(&(known.below, folder.clone())))
        });
        for known in known_as {
            let same_last = known.parts.last().and_then(|last| self.by_last.get(last));
            for &index in same_last.into_iter().flatten() {
                let name = &self.names[index];
                let common = common(name.iter().rev(), known.parts.iter().rev());
                let agrees_to = match names_corpus {
                    true => known.parts.len(),
                    false => known.below,
                };
                let contradicts = common < agrees_to.min(name.len());
                let of_part = known.of_part;
                best = match best {
                    Joined::Nowhere if contradicts => Joined::Elsewhere(index),
                    _ if contradicts => best,
                    Joined::Nowhere | Joined::Elsewhere(_) if common < known.telling => {
                        Joined::Shared(index)
                    }
                    _ if common < known.telling => best,
                    _ if common > depth => Joined::At { index, of_part },
                    Joined::At { index: other, .. }
                        if common == depth && *name != self.names[other] =>
                    {
                        Joined::Several(other, index)
                    }
                    _ => best,
                };
                if !contradicts && common >= known.telling {
                    depth = depth.max(common);
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::known_name::DistinctEndings;
    use super::*;

    fn index(names: &[&str]) -> NameIndex {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        NameIndex::new(&names)
    }

    fn at(index: usize) -> Joined {
        let of_part = false;
        Joined::At { index, of_part }
    }

    /// What is found for each of the recordings with these ids.
    fn found(names: &[&str], ids: &[&str]) -> Vec<Joined> {
        let names = index(names);
        let known = |id: &&str| ((*id).to_owned(), KnownName::of_id(id, false));
        let telling = DistinctEndings::new(ids.iter().map(known));
        ids.iter()
            .map(|id| names.find(&[telling.of(KnownName::of_id(id, false))]))
            .collect()
    }

    #[test]
    fn ids_paths_and_bare_names_are_found() {
        for name in [
            "emo-db/wav/03a01Fa",
            "wav/03a01Fa.wav",
            "03a01Fa",
            "/data/emo/wav/03a01Fa.WAV",
            "C:\\emo\\wav\\03a01Fa.wav",
            "'03a01Fa.wav'",
        ] {
            let ids = ["emo-db/wav/03a01Fa", "emo-db/wav/03a02Fa"];
            let expected = [at(1), Joined::Nowhere];
            assert_eq!(found(&["other", name], &ids), expected, "{name}");
        }
    }

    #[test]
    fn the_name_of_another_recording_does_not_serve() {
        let ids = ["D/spk0/a000", "D/spk2/a000"];
        let absolute = found(&["/data/spk0/a000.wav"], &ids);
        assert_eq!(absolute, [at(0), Joined::Elsewhere(0)]);
        // A name of a part of the folders fits two.
        assert_eq!(found(&["a000"], &ids), [Joined::Shared(0); 2]);
        let corpora = ["A/wav/000", "B/wav/000"];
        let of_one = found(&["/srv/A/wav/000.wav"], &corpora);
        assert_eq!(of_one, [at(0), Joined::Shared(0)]);
        let both = found(&["/srv/A/wav/000.wav", "/srv/B/wav/000.wav"], &corpora);
        assert_eq!(both, [at(0), at(1)]);
        assert_eq!(found(&["wav/000"], &corpora), [Joined::Shared(0); 2]);
    }

    #[test]
    fn a_corpus_that_is_not_listed_does_not_serve_another() {
        let names = ["/srv/A/wav/001.wav", "/srv/B/wav/000.wav", "wav/002", "003"];
        let ids = ["A/wav/000", "A/wav/001", "A/wav/002", "A/wav/003"];
        let expected = [Joined::Elsewhere(1), at(0), at(2), at(3)];
        assert_eq!(found(&names, &ids), expected);
        // Nothing says what the folder is called where the file was made.
        assert_eq!(found(&names[1..2], &ids[..1]), [at(0)]);
        // A folder of the same name elsewhere in a path says nothing.
        assert_eq!(found(&["/wav/B/wav/000"], &["wav/wav/000"]), [at(0)]);
    }

    #[test]
    fn the_folder_of_a_corpus_tells_it_as_its_name_does() {
        let ids = [
            ("a", "/home/me/Emo-A/wav/000.wav"),
            ("b", "/home/me/Emo-B/wav/000.wav"),
        ];
        let names = |(corpus, path): &(&str, &str)| {
            let id = KnownName::of_id(&format!("{corpus}/wav/000"), false);
            let path = KnownName::of_path(Path::new(path), &id);
            [id, path]
        };
        let owned = |of: &(&'static str, &str)| names(of).map(|name| (of.0.to_owned(), name));
        let telling = DistinctEndings::new(ids.iter().flat_map(owned));
        let file = index(&["/other/Emo-B/wav/000.wav", "/other/Emo-A/wav/000.wav"]);
        let found = |of| file.find(&names(of).map(|name| telling.of(name)));
        assert_eq!(ids.each_ref().map(found), [at(1), at(0)]);
    }

    #[test]
    fn the_longest_common_end_decides_and_a_tie_is_reported() {
        let names = ["/p/A/x/1.wav", "/p/B/x/1.wav", "x/2", "2"];
        let ids = ["B/x/1", "B/x/2"];
        assert_eq!(found(&names, &ids), [at(1), at(2)]);
        assert_eq!(found(&names, &["C/x/1"]), [Joined::Several(0, 1)]);
        // The same name twice is one recording.
        assert_eq!(found(&["1.wav", "1"], &["a/1"]), [at(0)]);
    }

    #[test]
    fn a_part_is_found_by_its_own_name_before_that_of_the_recording() {
        let part = KnownName::of_id("D/rec0/0-1500", true);
        let recording = part.recording(1);
        let known = [part, recording];
        let of_part = true;
        let own = index(&["rec0", "rec0/0-1500"]).find(&known);
        assert_eq!(own, Joined::At { index: 1, of_part });
        assert_eq!(index(&["rec0", "rec1/0-1500"]).find(&known), at(0));
    }

    #[test]
    fn a_dot_in_a_name_is_no_extension_and_forms_of_accents_are_the_same() {
        let ids = ["made/speaker.2"];
        assert_eq!(found(&["speaker.1", "speaker.2"], &ids), [at(1)]);
        let decomposed = "fro\u{308}hlich.wav";
        assert_eq!(found(&[decomposed], &["made/fr\u{f6}hlich"]), [at(0)]);
    }
}
