//! `corpora.toml`: all corpora the project knows, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use pipe_foundation::Limit;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::classes::DROPPED;
use super::{ClassChoice, ClassMap, Confinement, CorpusConfig};

/// Lists and tables are in one another no deeper than this. The parser has a limit too, but several of them multiply.
const MOST_NESTED: usize = 64;

/// The content of `corpora.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpora {
    /// Folder that holds the folders of all corpora; relative to the file. `corpora` where the file names none.
    #[serde(default = "default_folder")]
    pub folder: PathBuf,
    /// The `[classes.<name>]` tables: class maps that hold for every corpus.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, ClassMap>,
    /// The `[corpus.<name>]` tables.
    #[serde(rename = "corpus", default)]
    pub corpora: BTreeMap<String, CorpusConfig>,
    /// Where its files may lie.
    #[serde(skip)]
    pub confinement: Confinement,
    /// How many utterances a synthetic corpus may have; as many as it likes where there is none.
    #[serde(skip)]
    pub made_items: Option<Limit>,
}

impl Corpora {
    /// Reads the text of a `corpora.toml` that lies on nothing.
    ///
    /// # Errors
    /// As [`parse_on_top_of`](Self::parse_on_top_of).
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        Self::parse_on_top_of(text, Self::default())
    }

    /// Reads the text of `corpora.toml` and lays it on top of `below`: an entry of the same name without a `reader` changes
    /// only the keys it has, one with a `reader` replaces the whole entry, as a class map does; the folder is that of the text.
    /// A class map of `below` gives way to one that any corpus of the text has under its name.
    ///
    /// # Errors
    /// Where the text is not TOML or is nested too deep, a key is unknown or missing, a value has the wrong type, or a corpus name has other
    /// characters than ASCII letters, digits, `-`, `_` and `.`: it is the first part of utterance ids and of file
    /// names.
    pub fn parse_on_top_of(text: &str, below: Self) -> Result<Self, toml::de::Error> {
        let table = DeTable::parse(text)?;
        // Only a table that is not deep can be read as what it means: that calls itself for every level.
        if (table.get_ref())
            .values()
            .any(|value| is_deep(value.get_ref(), MOST_NESTED))
        {
            return Err(toml::de::Error::custom(format!(
                "lists and tables are nested more than {MOST_NESTED} deep"
            )));
        }
        let mut corpora: Self = toml::from_str(text)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let bad =
            |name: &&String| name.is_empty() || name.starts_with('.') || !name.chars().all(plain);
        if let Some(name) = corpora.corpora.keys().find(bad) {
            return Err(toml::de::Error::custom(format!(
                "corpus name {name:?} must consist of letters, digits, `-`, `_` and `.`"
            )));
        }
        let entries = table.get_ref().get("corpus").map(Spanned::get_ref);
        for (name, entry) in &mut corpora.corpora {
            let keys = entries.and_then(|entries| entries.as_table()?.get(name.as_str()));
            let keys = keys.and_then(|keys| keys.get_ref().as_table());
            let has = |key: &str| keys.is_some_and(|keys| keys.contains_key(key));
            match below.corpora.get(name) {
                Some(below) if !has("reader") => entry.take_absent(has, below),
                _ => {
                    if let Some(key) = CorpusConfig::REQUIRED.iter().find(|key| !has(key)) {
                        return Err(toml::de::Error::custom(format!(
                            "missing field `{key}` of \"corpus.{name}\""
                        )));
                    }
                }
            }
        }
        match corpora.class_problem() {
            Some(problem) => Err(toml::de::Error::custom(problem)),
            None => Ok(corpora.on_top_of(below)),
        }
    }

    /// The names of the corpora that `text` itself has entries of.
    pub fn names_in(text: &str) -> BTreeSet<String> {
        let table = DeTable::parse(text).ok();
        let entries = table
            .as_ref()
            .and_then(|table| table.get_ref().get("corpus")?.get_ref().as_table());
        entries.map_or_else(BTreeSet::new, |entries| {
            let names = entries.iter().map(|(name, _)| name.get_ref().to_string());
            names.collect()
        })
    }

    /// These, and what `below` has besides.
    fn on_top_of(mut self, below: Self) -> Self {
        for (name, map) in below.classes {
            let is_own = self
                .corpora
                .values()
                .any(|own| own.classes.contains_key(&name));
            if !is_own {
                self.classes.entry(name).or_insert(map);
            }
        }
        for (name, entry) in below.corpora {
            self.corpora.entry(name).or_insert(entry);
        }
        self
    }

    /// What is wrong with the class maps, with the name of the odd one in quotes.
    fn class_problem(&self) -> Option<String> {
        let own = self
            .corpora
            .values()
            .flat_map(|config| config.classes.keys());
        let mut names = self.classes.keys().chain(own);
        let reserved = [ClassChoice::NATIVE, ClassChoice::NONE];
        if let Some(name) = names.find(|name| reserved.contains(&name.as_str())) {
            return Some(format!(
                "the class map {name:?} has a name that manifests use for {}",
                match name == ClassChoice::NATIVE {
                    true => "the corpora's own labels",
                    false => "tasks without classes",
                }
            ));
        }
        for (name, map) in &self.classes {
            if let Err(error) = map.check_order(name) {
                return Some(format!("{name:?} cannot be used: {error}"));
            }
        }
        for (corpus, config) in &self.corpora {
            // A class that is almost one of the paper's, beside the others of them, is a typing error.
            let of_paper = ["positive", "neutral", "negative", "dropped"];
            for class in config.labels.others.keys() {
                let near = |name: &&&str| strsim::damerau_levenshtein(name, class) <= 2;
                if let Some(meant) = of_paper.iter().find(near) {
                    return Some(format!(
                        "{class:?} in [corpus.{corpus}.labels] is not a class of the paper; did you mean {meant}?"
                    ));
                }
            }
            for (name, map) in &config.classes {
                let Some(shared) = self.classes.get(name).filter(|map| !map.order.is_empty())
                else {
                    continue;
                };
                let mut odd = map.keys().filter(|class| !shared.order.contains(class));
                if let Some(class) = odd.find(|class| *class != DROPPED) {
                    return Some(format!(
                        "the class {class:?} of [corpus.{corpus}.classes.{name}] is not one of {}, the `order` of [classes.{name}]",
                        shared.order.join(", ")
                    ));
                }
            }
        }
        None
    }
}

/// The folder of all corpora of a file that names none.
fn default_folder() -> PathBuf {
    "corpora".into()
}

/// Whether a value has more than `most` lists and tables in one another.
fn is_deep(value: &DeValue<'_>, most: usize) -> bool {
    let mut inside: Box<dyn Iterator<Item = &DeValue<'_>>> = match value {
        DeValue::Array(items) => Box::new(items.iter().map(Spanned::get_ref)),
        DeValue::Table(table) => Box::new(table.values().map(Spanned::get_ref)),
        _ => return false,
    };
    most == 0 || inside.any(|value| is_deep(value, most - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_maps_that_contradict_each_other_are_refused() {
        let told = |classes: &str| {
            let corpus = "[corpus.c]\nroot = 'c'\nreader = 'table'\ntitle = ''\nlanguage = 'en'\nlicence = ''\nsource = ''";
            let text = format!("folder = 'corpora'\n{corpus}\n{classes}");
            Corpora::parse(&text).map_err(|error| error.message().to_owned())
        };
        let shared = "[classes.two]\norder = ['low', 'high']";
        assert!(
            told(&format!(
                "[corpus.c.classes.two]\nlow = ['a']\ndropped = ['x']\n{shared}"
            ))
            .is_ok()
        );
        assert_eq!(
            told(&format!("[corpus.c.classes.two]\nlwo = ['a']\n{shared}")).unwrap_err(),
            "the class \"lwo\" of [corpus.c.classes.two] is not one of low, high, the `order` of [classes.two]"
        );
        assert!(
            told("[classes.native]\norder = ['a']")
                .unwrap_err()
                .contains("own labels")
        );
        assert!(
            told("[classes.two]\norder = ['a', 'a']")
                .unwrap_err()
                .contains("names a twice")
        );
    }

    #[test]
    fn entries_on_top_of_others_replace_whole_ones() {
        let entry = |name: &str, more: &str| {
            format!(
                "[corpus.{name}]\nroot = 'r'\nreader = 'tess'\ntitle = '{more}'\nlanguage = 'en'\nlicence = ''\nsource = ''\n"
            )
        };
        let below = Corpora::parse(&format!(
            "folder = 'below'\n{}labels = {{ positive = ['x'] }}\n{}[classes.two]\norder = ['a', 'b']\n[classes.four]\n",
            entry("a", "old"),
            entry("b", "old")
        ))
        .unwrap();
        let own = format!(
            "folder = 'own'\n{}classes = {{ two = {{ c = ['x'] }} }}\n{}",
            entry("a", "new"),
            entry("c", "new")
        );
        let both = Corpora::parse_on_top_of(&own, below.clone()).unwrap();
        let titles: Vec<(&str, &str)> = (both.corpora.iter())
            .map(|(name, entry)| (name.as_str(), entry.title.as_str()))
            .collect();
        assert_eq!(titles, [("a", "new"), ("b", "old"), ("c", "new")]);
        assert!(both.corpora["a"].labels.is_empty());
        assert_eq!(both.folder, std::path::Path::new("own"));
        assert_eq!(both.classes.keys().collect::<Vec<_>>(), ["four"]);
        assert_eq!(both.class_problem(), None);

        let named = |text: &str| Corpora::parse_on_top_of(text, below.clone());
        let moved = named("[corpus.a]\nroot = 'elsewhere'\nlicence = 'free'").unwrap();
        let (old, new) = (&below.corpora["a"], &moved.corpora["a"]);
        assert_eq!(new.root, std::path::Path::new("elsewhere"));
        assert_eq!(
            (new.reader.as_str(), new.licence.as_str()),
            ("tess", "free")
        );
        assert_eq!((&new.title, &new.labels), (&old.title, &old.labels));
        assert_eq!(moved.folder, std::path::Path::new("corpora"));
        let refused = [
            ("[corpus.a]\nreader = 'tess'", "`root` of \"corpus.a\""),
            ("[corpus.d]\nroot = 'd'", "`reader` of \"corpus.d\""),
        ];
        for (text, expected) in refused {
            let error = named(text).unwrap_err();
            assert!(error.message().ends_with(expected), "{error}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let keys = vec!["a"; 78].join(".");
        let tables = format!("{keys} = {{ ").repeat(75) + "a = 1" + &" }".repeat(75);
        for text in [
            format!("folder = \"corpora\"\nx = {{ {tables} }}"),
            format!("folder = {}{}", "[".repeat(70), "]".repeat(70)),
        ] {
            let told = Corpora::parse(&text).unwrap_err();
            assert!(told.message().contains("more than 64 deep"), "{told}");
        }
        let told = Corpora::parse("folder = [[1]]").unwrap_err();
        assert!(told.message().contains("invalid type"), "{told}");
    }
}
