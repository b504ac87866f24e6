//! Class maps: which classes a task distinguishes, in which order, and which labels count as which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};

use super::CorpusError;

/// The paper's class map, the default: `[corpus.<name>.labels]` of `corpora.toml`.
pub const VALENCE3: &str = "valence3";

/// The list of labels that are left out on purpose, which is no class of any map.
pub const DROPPED: &str = "dropped";

/// Its classes, in the order of the classifier's outputs.
const VALENCE3_CLASSES: [&str; 3] = ["positive", "neutral", "negative"];

/// One `[classes.<name>]` table of `corpora.toml`: a map that holds for every corpus that has none of this name itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassMap {
    /// Names of the classes in the order of the classifier's outputs; alphabetical where it is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// For each class, the labels that count as it, by their names in `[corpus.<name>.names]` or as the corpus writes
    /// them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Vec<String>>,
}

/// Which class map a manifest asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ClassChoice {
    /// The name of a map of `corpora.toml`; `native` for the corpora's own labels, `none` for no classes at all.
    Named(String),
    /// Classes and their labels, written in the manifest.
    Table(BTreeMap<String, Vec<String>>),
}

impl ClassChoice {
    /// The labels that the corpora have, each a class of its own.
    pub const NATIVE: &'static str = "native";
    /// No classes: what is learned are other columns.
    pub const NONE: &'static str = "none";

    /// Whether there are no classes.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Named(name) if name == Self::NONE)
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Table(_) => "classes of the manifest",
        }
    }
}

impl Default for ClassChoice {
    fn default() -> Self {
        Self::Named(VALENCE3.to_owned())
    }
}

/// The classes that a task distinguishes, in the order of the classifier's outputs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClassSet {
    names: Vec<Arc<str>>,
    digest: Digest,
}

impl Default for ClassSet {
    fn default() -> Self {
        Self::new::<&str>([])
    }
}

impl ClassSet {
    /// These classes in this order.
    pub fn new<T: Into<Arc<str>>>(names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<Arc<str>> = names.into_iter().map(Into::into).collect();
        let mut bytes = Vec::new();
        for name in &names {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0);
        }
        Self {
            names,
            digest: Digest::of(&bytes),
        }
    }

    /// The classes of [`VALENCE3`].
    pub fn valence3() -> Self {
        Self::new(VALENCE3_CLASSES)
    }

    /// Whether they are those of [`VALENCE3`], in their order.
    pub fn is_valence3(&self) -> bool {
        self.names().eq(VALENCE3_CLASSES)
    }

    /// The classes that `choice` names, given the labels that the listed utterances have.
    ///
    /// # Errors
    /// [`CorpusError::ClassOrder`] where the order of a map names other classes than its labels.
    pub fn of<'a>(
        choice: &ClassChoice,
        maps: &BTreeMap<String, ClassMap>,
        found: impl Iterator<Item = &'a Arc<str>>,
    ) -> Result<Self, CorpusError> {
        match choice {
            ClassChoice::Table(table) => Ok(Self::new(classes_in(table))),
            ClassChoice::Named(name) => match (name.as_str(), maps.get(name)) {
                (ClassChoice::NONE, _) => Ok(Self::default()),
                (ClassChoice::NATIVE, _) => {
                    Ok(Self::new(found.cloned().collect::<BTreeSet<Arc<str>>>()))
                }
                (_, Some(map)) if !map.order.is_empty() => {
                    map.check_order(name)?;
                    Ok(Self::new(map.order.iter().map(String::as_str)))
                }
                (VALENCE3, None) => {
                    let all: BTreeSet<Arc<str>> = found.cloned().collect();
                    let of_paper = |class: &Arc<str>| VALENCE3_CLASSES.contains(&&**class);
                    // `labels` of a corpus may have classes of its own.
                    Ok(match all.iter().all(of_paper) {
                        true => Self::valence3(),
                        false => Self::new(all),
                    })
                }
                (_, Some(map)) if !map.labels.is_empty() => Ok(Self::new(classes_in(&map.labels))),
                // Only corpora have a map of this name, and their classes are those of their utterances.
                _ => Ok(Self::new(found.cloned().collect::<BTreeSet<Arc<str>>>())),
            },
        }
    }

    /// Their names.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Digest of the names in their order.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The number of a class, from 0.
    pub fn position(&self, class: &str) -> Option<usize> {
        self.names().position(|name| name == class)
    }
}

impl ClassMap {
    /// Checks that the order names every class that has labels, once.
    ///
    /// # Errors
    /// [`CorpusError::ClassOrder`].
    pub fn check_order(&self, name: &str) -> Result<(), CorpusError> {
        let fail = |problem: String| {
            Err(CorpusError::ClassOrder {
                map: name.to_owned(),
                problem,
            })
        };
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.order.iter().find(|class| !seen.insert(*class)) {
            return fail(format!("its `order` names {twice} twice"));
        }
        if self.order.is_empty() {
            return Ok(());
        }
        if self.order.iter().any(|class| class == DROPPED) {
            return fail(format!(
                "its `order` names {DROPPED}, which lists labels to leave out and is no class"
            ));
        }
        let mut classes = classes_in(&self.labels);
        match classes.find(|class| !self.order.iter().any(|known| known == class)) {
            Some(class) => fail(format!("its `order` lacks {class}, which has labels")),
            None => Ok(()),
        }
    }
}

/// The classes of a table of classes and their labels, sorted.
fn classes_in(table: &BTreeMap<String, Vec<String>>) -> impl Iterator<Item = &str> {
    let lists = table.keys().map(String::as_str);
    lists.filter(|list| *list != DROPPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(choice: &str, maps: &str, found: &[&str]) -> Vec<String> {
        let choice = serde_json::from_str(choice).unwrap();
        let maps = toml::from_str(maps).unwrap();
        let found: Vec<Arc<str>> = found.iter().map(|name| (*name).into()).collect();
        let set = ClassSet::of(&choice, &maps, found.iter()).unwrap();
        set.names().map(str::to_owned).collect()
    }

    #[test]
    fn the_papers_classes_are_there_without_a_map() {
        assert_eq!(classes("\"valence3\"", "", &[]), VALENCE3_CLASSES);
        assert!(ClassSet::valence3().is_valence3());
        assert!(!ClassSet::new(["negative", "neutral", "positive"]).is_valence3());
    }

    #[test]
    fn the_order_is_that_of_the_map_or_the_alphabet() {
        let labels = "[two.labels]\nlow = [\"a\"]\nhigh = [\"b\"]";
        assert_eq!(classes("\"two\"", labels, &["low"]), ["high", "low"]);
        let ordered = format!("[two]\norder = [\"low\", \"high\"]\n{labels}");
        assert_eq!(classes("\"two\"", &ordered, &[]), ["low", "high"]);
        assert_eq!(classes(r#"{"b": ["x"], "a": ["y"]}"#, "", &[]), ["a", "b"]);
        assert_eq!(
            classes("\"native\"", "", &["sad", "calm", "sad"]),
            ["calm", "sad"]
        );
        assert!(classes("\"none\"", "", &["sad"]).is_empty());
    }

    #[test]
    fn labels_that_are_left_out_are_no_class() {
        let table = r#"{"b": ["x"], "dropped": ["z"], "a": ["y"]}"#;
        assert_eq!(classes(table, "", &[]), ["a", "b"]);
        let map = "[two.labels]\nlow = [\"a\"]\ndropped = [\"b\"]";
        assert_eq!(classes("\"two\"", map, &[]), ["low"]);
        let ordered = format!("[two]\norder = [\"low\"]\n{map}");
        assert_eq!(classes("\"two\"", &ordered, &[]), ["low"]);
        let map: ClassMap = toml::from_str("order = [\"a\", \"dropped\"]").unwrap();
        assert_eq!(
            map.check_order("m").unwrap_err().to_string(),
            "class map m: its `order` names dropped, which lists labels to leave out and is no class"
        );
    }

    #[test]
    fn an_order_that_lacks_a_class_is_refused() {
        let map: ClassMap = toml::from_str("order = [\"a\"]\nlabels = { a = [], b = [] }").unwrap();
        let told = map.check_order("m").unwrap_err().to_string();
        assert_eq!(told, "class map m: its `order` lacks b, which has labels");
        let map: ClassMap = toml::from_str("order = [\"a\", \"a\"]").unwrap();
        assert!(map.check_order("m").is_err());
    }
}
