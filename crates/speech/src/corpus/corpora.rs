//! `corpora.toml`: all corpora the project knows, by name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::labels::DROPPED;
use super::{ClassChoice, ClassMap, CorpusConfig};

/// Lists and tables are in one another no deeper than this. The parser has a limit too, but several of them multiply.
const MOST_NESTED: usize = 64;

/// The content of `corpora.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpora {
    /// Folder that holds the folders of all corpora; relative to the file.
    pub folder: PathBuf,
    /// The `[classes.<name>]` tables: class maps that hold for every corpus.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, ClassMap>,
    /// The `[corpus.<name>]` tables.
    #[serde(rename = "corpus", default)]
    pub corpora: BTreeMap<String, CorpusConfig>,
}

impl Corpora {
    /// Reads the text of `corpora.toml`.
    ///
    /// # Errors
    /// Where the text is not TOML or is nested too deep, a key is unknown or missing, a value has the wrong type, or a corpus name has other
    /// characters than ASCII letters, digits, `-`, `_` and `.`: it is the first part of utterance ids and of file
    /// names.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        // Only a table that is not deep can be read as what it means: that calls itself for every level.
        if DeTable::parse(text)?
            .get_ref()
            .values()
            .any(|value| is_deep(value.get_ref(), MOST_NESTED))
        {
            return Err(toml::de::Error::custom(format!(
                "lists and tables are nested more than {MOST_NESTED} deep"
            )));
        }
        let corpora: Self = toml::from_str(text)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let bad =
            |name: &&String| name.is_empty() || name.starts_with('.') || !name.chars().all(plain);
        if let Some(name) = corpora.corpora.keys().find(bad) {
            return Err(toml::de::Error::custom(format!(
                "corpus name {name:?} must consist of letters, digits, `-`, `_` and `.`"
            )));
        }
        match corpora.class_problem() {
            Some(problem) => Err(toml::de::Error::custom(problem)),
            None => Ok(corpora),
        }
    }

    /// These on top of `below`: an entry or a class map of the same name replaces the whole one, and the folder is that of
    /// these. A class map of `below` gives way to one that any corpus here has under its name.
    pub fn on_top_of(mut self, below: Self) -> Self {
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
        let parse = |text: String| Corpora::parse(&text).unwrap();
        let below = parse(format!(
            "folder = 'below'\n{}labels = {{ positive = ['x'] }}\n{}[classes.two]\norder = ['a', 'b']\n[classes.four]\n",
            entry("a", "old"),
            entry("b", "old")
        ));
        let own = parse(format!(
            "folder = 'own'\n{}classes = {{ two = {{ c = ['x'] }} }}\n{}",
            entry("a", "new"),
            entry("c", "new")
        ));
        let both = own.on_top_of(below);
        let titles: Vec<(&str, &str)> = (both.corpora.iter())
            .map(|(name, entry)| (name.as_str(), entry.title.as_str()))
            .collect();
        assert_eq!(titles, [("a", "new"), ("b", "old"), ("c", "new")]);
        assert!(both.corpora["a"].labels.is_empty());
        assert_eq!(both.folder, std::path::Path::new("own"));
        assert_eq!(both.classes.keys().collect::<Vec<_>>(), ["four"]);
        assert_eq!(both.class_problem(), None);
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
