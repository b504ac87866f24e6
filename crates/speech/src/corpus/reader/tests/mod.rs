//! Every trap of the corpora on small made trees; no test here reads audio.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::corpus::{
    AudioSource, Corpora, DropCause, Entry, Gender, KeptColumns, LabelMap, ListOptions, VoteRule,
};

use super::*;

#[cfg(unix)]
mod folders;
mod layouts;
mod other_tools;
mod recordings;
mod repeated_rows;
mod sessions;
mod tables;

/// How long files may be.
const FILE_BYTES: Limit = Limit {
    name: "file_bytes",
    most: 1 << 20,
};

/// A folder of corpora with one corpus in it, configured as the shipped `corpora.toml` has it.
struct Tree {
    folder: TempDir,
    name: &'static str,
    config: CorpusConfig,
}

impl Tree {
    fn new(name: &'static str, files: &[&str]) -> Self {
        let config = shipped().corpora.remove(name).expect("a shipped corpus");
        let tree = Self {
            folder: tempfile::tempdir().unwrap(),
            name,
            config,
        };
        fs::create_dir(tree.root()).unwrap();
        for file in files {
            tree.write(file, "RIFF");
        }
        tree
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join(&self.config.root)
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = self.root().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn option(mut self, name: &str, value: serde_json::Value) -> Self {
        self.config.options.insert(name.to_string(), value);
        self
    }

    fn try_list(&self) -> Result<Listing, CorpusError> {
        self.list_with(&ListOptions::default())
    }

    fn list_with(&self, options: &ListOptions) -> Result<Listing, CorpusError> {
        list(
            self.name,
            &self.config,
            self.folder.path(),
            options,
            FILE_BYTES,
        )
    }

    fn list(&self) -> Listing {
        let listing = self.try_list().unwrap();
        let ids: Vec<&str> = listing
            .entries
            .iter()
            .map(|e| e.utterance.id.as_str())
            .collect();
        assert!(
            ids.windows(2).all(|pair| pair[0] < pair[1]),
            "ids are sorted and unique: {ids:?}"
        );
        for entry in &listing.entries {
            let AudioSource::File { path, .. } = &entry.source else {
                panic!("a file was expected");
            };
            assert!(path.is_file(), "{}", path.display());
            assert!(entry.utterance.id.starts_with(&format!("{}/", self.name)));
        }
        listing
    }
}

fn shipped() -> Corpora {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpora.toml");
    Corpora::parse(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Id without the corpus, speaker without the corpus, gender, label, class.
type Facts<'a> = (&'a str, &'a str, Option<Gender>, &'a str, &'a str);

fn facts(listing: &Listing) -> Vec<Facts<'_>> {
    listing.entries.iter().map(facts_of).collect()
}

fn facts_of(entry: &Entry) -> Facts<'_> {
    let utterance = &entry.utterance;
    let below = |text: &'_ str| text.find('/').map_or(0, |slash| slash + 1);
    (
        &utterance.id[below(&utterance.id)..],
        &utterance.speaker[below(&utterance.speaker)..],
        utterance.gender,
        &utterance.label,
        utterance.class.as_deref().unwrap(),
    )
}

fn dropped(listing: &Listing) -> Vec<(&str, &str)> {
    listing
        .dropped
        .iter()
        .map(|d| (d.what.as_str(), d.reason.as_str()))
        .collect()
}

#[track_caller]
fn assert_warns(listing: &Listing, wanted: &str) {
    assert!(
        listing
            .warnings
            .iter()
            .any(|warning| warning.contains(wanted)),
        "no warning has {wanted:?}: {:#?}",
        listing.warnings
    );
}

const F: Option<Gender> = Some(Gender::Female);
const M: Option<Gender> = Some(Gender::Male);

#[test]
fn the_shipped_file_is_consistent() {
    let corpora = shipped();
    assert_eq!(corpora.folder, Path::new("corpora"));
    for (name, config) in &corpora.corpora {
        let Some(reader) = READERS.iter().find(|reader| reader.name == config.reader) else {
            continue; // Not a corpus of files.
        };
        Options::new(name, config, reader.options).unwrap();
        let choice = ListOptions::default().classes;
        let map = LabelMap::new(name, config, &choice, &corpora.classes).unwrap();
        let official = config.official.as_ref().unwrap();
        if !official.labels.is_empty() {
            assert_eq!(
                official.labels.values().sum::<usize>(),
                official.utterances,
                "{name}"
            );
        }
        for label in official.labels.keys() {
            assert_ne!(
                map.look_up(label),
                crate::corpus::Mapped::Unknown,
                "{name} {label}"
            );
        }
    }
    let folders: Vec<&str> = ["crema-d", "emovo", "emo-db", "iemocap", "epst", "ravdess"]
        .into_iter()
        .chain(["savee", "tess", "nemo"])
        .filter(|name| !corpora.corpora.contains_key(*name))
        .collect();
    assert!(folders.is_empty(), "missing: {folders:?}");
}

#[test]
fn a_corpus_name_must_be_fit_for_ids() {
    let error = Corpora::parse(
        "folder = 'c'\n[corpus.'a/b']\nroot = 'a'\nreader = 'tess'\ntitle = ''\nlanguage = 'en'\n\
         licence = ''\nsource = ''\nlabels = {}\n",
    );
    assert!(error.unwrap_err().to_string().contains("a/b"));
}

#[test]
fn a_missing_root_says_where_to_get_the_corpus() {
    use miette::Diagnostic as _;
    let tree = Tree::new("tess", &[]);
    fs::remove_dir(tree.root()).unwrap();
    let error = tree.try_list().unwrap_err();
    assert!(matches!(&error, CorpusError::MissingRoot { corpus, .. } if corpus == "tess"));
    let help = error.help().unwrap().to_string();
    assert!(
        help.contains("doi.org") && help.contains("CC BY-NC-ND"),
        "{help}"
    );
    fs::write(tree.root(), "a file").unwrap();
    assert!(matches!(
        tree.try_list(),
        Err(CorpusError::UnreadableRoot { .. })
    ));
    fs::remove_file(tree.root()).unwrap();
    fs::create_dir(tree.folder.path().join("TESS")).unwrap();
    assert!(tree.try_list().unwrap().entries.is_empty());
}

#[test]
fn unknown_readers_and_options_are_errors_with_the_nearest_name() {
    use miette::Diagnostic as _;
    let mut tree = Tree::new("ravdess", &[]).option("chanels", serde_json::json!(["speech"]));
    let error = tree.try_list().unwrap_err();
    assert!(matches!(&error, CorpusError::UnknownOption { option, .. } if option == "chanels"));
    assert_eq!(error.help().unwrap().to_string(), "options: channels");
    tree.config.reader = "iemocup".to_string();
    let error = tree.try_list().unwrap_err();
    assert!(
        error
            .help()
            .unwrap()
            .to_string()
            .starts_with("readers: iemocap, ")
    );
    for value in [
        serde_json::json!("speech"),
        serde_json::json!([]),
        serde_json::json!(["x"]),
    ] {
        let tree = Tree::new("ravdess", &[]).option("channels", value);
        assert!(matches!(
            tree.try_list(),
            Err(CorpusError::BadOption { .. })
        ));
    }
    let tree = Tree::new("epst", &[]).option("channel", serde_json::json!(2));
    assert!(matches!(
        tree.try_list(),
        Err(CorpusError::BadOption { .. })
    ));
}
