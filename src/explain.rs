//! What the codes of errors mean: the entries of `docs/errors/`, which are part of the program.
//!
//! A file is about a family of codes, those with the same beginning. Its title is the family's name, and a heading of the
//! second level begins the entry of a code: what it means and why, an example in a fenced block, and a paragraph that
//! begins with "What to do". The word `manifest` after the language of a block says that it is a whole manifest, with no
//! other error.

/// What begins the last part of an entry.
const WHAT_TO_DO: &str = "**What to do:** ";

/// Reads the files of these families.
macro_rules! files {
    ($($name:literal)+) => {
        [$(($name, include_str!(concat!("../docs/errors/", $name, ".md")))),+]
    };
}

/// Every family with its text, in alphabetical order.
static FILES: [(&str, &str); 41] = files![
    "artifact" "audio" "audit" "bundle" "cache" "cli" "cluster" "command" "configuration" "corpora" "corpus" "data" "device" "embed"
    "embedding" "eval" "evaluate" "fbank" "feature_files" "files" "front_end" "ingest" "items" "lock" "manifest" "model"
    "normalise" "onnx" "perturb" "predict" "remote" "report" "resample" "run" "runs" "signature" "threads" "track" "train" "trust"
    "tsne"
];

/// Codes with the same beginning.
#[derive(Clone, Debug)]
pub struct Family {
    /// What its codes begin with.
    pub name: &'static str,
    /// What they are about, in a paragraph; empty where there is one code alone.
    pub about: &'static str,
    /// Its codes, in alphabetical order.
    pub entries: Vec<Entry>,
}

/// What there is to say about a code.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code, such as `manifest::unknown_key`.
    pub code: &'static str,
    /// What it means, and why it is an error.
    pub meaning: &'static str,
    /// The language of the example, as Markdown names it.
    pub language: &'static str,
    /// Whether the example is a whole manifest, which fails with this code alone.
    pub is_manifest: bool,
    /// What causes it: a part of a file, or a command.
    pub example: &'static str,
    /// What to do about it.
    pub what_to_do: &'static str,
}

impl Entry {
    /// An entry from its heading, without what marks it, to its end; none where a part is missing.
    fn read(text: &'static str) -> Option<Self> {
        let (code, text) = text.split_once('\n')?;
        let (meaning, text) = text.split_once("\n```")?;
        let (block, text) = text.split_once('\n')?;
        let (example, text) = text.split_once("\n```\n")?;
        let what_to_do = text.trim().strip_prefix(WHAT_TO_DO)?;
        let (language, is_manifest) = match block.strip_suffix(" manifest") {
            Some(language) => (language, true),
            None => (block, false),
        };
        Some(Self {
            code,
            meaning: meaning.trim(),
            language,
            is_manifest,
            example,
            what_to_do,
        })
    }

    /// The first sentence of its meaning.
    pub fn summary(&self) -> &'static str {
        let end = self
            .meaning
            .find(". ")
            .map_or(self.meaning.len(), |end| end + 1);
        &self.meaning[..end]
    }
}

/// All families, in alphabetical order.
pub fn families() -> impl Iterator<Item = Family> {
    FILES.iter().map(|(name, text)| {
        let mut sections = text.split("\n## ");
        let title = sections.next().unwrap_or_default();
        let about = title.split_once('\n').map_or("", |(_, about)| about);
        Family {
            name,
            about: about.trim(),
            // A test reads each of them.
            entries: sections.filter_map(Entry::read).collect(),
        }
    })
}

/// What there is to say about a code; none where nothing has this code.
pub fn entry(code: &str) -> Option<Entry> {
    let (name, _) = code.split_once("::")?;
    let family = families().find(|family| family.name == name)?;
    let mut entries = family.entries.into_iter();
    entries.find(|entry| entry.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a::b\n\nIt is so. And so.\n\n```toml manifest\n[x]\n\ny = 1\n```\n\n**What to do:** Nothing.\n";

    #[test]
    fn an_entry_has_all_its_parts() {
        let entry = Entry::read(TEXT).unwrap();
        assert_eq!((entry.code, entry.language), ("a::b", "toml"));
        assert_eq!(entry.meaning, "It is so. And so.");
        assert_eq!(entry.summary(), "It is so.");
        assert!(entry.is_manifest);
        assert_eq!(entry.example, "[x]\n\ny = 1");
        assert_eq!(entry.what_to_do, "Nothing.");
        for end in [4, 30, 50, 66] {
            assert!(Entry::read(&TEXT[..end]).is_none(), "{end}");
        }
    }

    #[test]
    fn entries_are_found_by_their_code() {
        let found = entry("manifest::unknown_key").unwrap();
        assert!(found.meaning.contains("does not belong"));
        assert!(entry("manifest").is_none() && entry("manifest::no_such").is_none());
    }
}
