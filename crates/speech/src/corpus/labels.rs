//! The label map of a corpus: which class each emotion label counts as.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::classes::{ClassChoice, ClassMap, DROPPED, VALENCE3};
use super::error::nearest_first;
use super::{CorpusConfig, CorpusError};

/// What the map says of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// It counts as this class.
    Class(Arc<str>),
    /// The task has no classes.
    NoClass,
    /// It is left out on purpose.
    Dropped,
    /// No list has it.
    Unknown,
}

/// The labels of one corpus made ready for look-up.
#[derive(Clone, Debug, Default)]
pub struct LabelMap {
    listed: HashMap<String, Mapped>,
    /// Normalised label to its name.
    names: HashMap<String, Arc<str>>,
    otherwise: Otherwise,
    /// The table of `corpora.toml` that lists the labels of the corpus.
    table: String,
}

/// What is said of labels that no list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Otherwise {
    /// They are a mistake: the corpus has lists of its own, which should be complete.
    #[default]
    Unknown,
    /// They are left out: the map speaks for many corpora, and of some emotions only.
    Dropped,
    /// Each is a class.
    Class,
    /// There are no classes.
    NoClass,
}

impl LabelMap {
    /// Builds the map of `corpus` that `choice` asks for; `maps` are the `[classes.<name>]` of `corpora.toml`.
    ///
    /// # Errors
    /// [`CorpusError::LabelTwice`] where a label is in two lists, [`CorpusError::LabelAndName`] where a table has it in
    /// one list as the corpus writes it and in another by its name, [`CorpusError::NoClassMap`] where the corpus has no
    /// such map.
    pub fn new(
        corpus: &str,
        config: &CorpusConfig,
        choice: &ClassChoice,
        maps: &BTreeMap<String, ClassMap>,
    ) -> Result<Self, CorpusError> {
        let own = |name: &str| match config.classes.contains_key(name) {
            true => format!("[corpus.{corpus}.classes.{name}]"),
            false => format!("[corpus.{corpus}.labels]"),
        };
        let mut map = Self {
            table: match choice {
                ClassChoice::Named(name) => own(name),
                ClassChoice::Table(_) => "`classes` of the ingest stage".to_owned(),
            },
            ..Self::default()
        };
        for (label, name) in &config.names {
            map.names.insert(normalise(label), name.as_str().into());
        }
        let dropped = (DROPPED, config.labels.dropped.as_slice());
        let lists: Vec<(&str, &[String])> = match choice {
            ClassChoice::Table(table) => {
                map.otherwise = Otherwise::Dropped;
                pairs(table).collect()
            }
            ClassChoice::Named(name) => match (name.as_str(), config.classes.get(name)) {
                (ClassChoice::NONE, _) => {
                    map.otherwise = Otherwise::NoClass;
                    vec![dropped]
                }
                (ClassChoice::NATIVE, _) => {
                    map.otherwise = Otherwise::Class;
                    vec![dropped]
                }
                (_, Some(own)) => pairs(own).collect(),
                (VALENCE3, None) if !config.labels.is_empty() => {
                    let labels = &config.labels;
                    [
                        ("positive", labels.positive.as_slice()),
                        ("neutral", &labels.neutral),
                        ("negative", &labels.negative),
                        dropped,
                    ]
                    .into_iter()
                    .chain(pairs(&labels.others))
                    .collect()
                }
                (name, None) => match maps.get(name).filter(|map| !map.labels.is_empty()) {
                    Some(shared) => {
                        map.otherwise = Otherwise::Dropped;
                        pairs(&shared.labels).collect()
                    }
                    None => {
                        let place = match name {
                            VALENCE3 => format!("[corpus.{corpus}.labels]"),
                            _ => format!(
                                "[corpus.{corpus}.classes.{name}] or [classes.{name}.labels]"
                            ),
                        };
                        let known = config.classes.keys().chain(maps.keys());
                        let known: BTreeSet<&str> = known.map(String::as_str).collect();
                        let known = nearest_first(name, &Vec::from_iter(known));
                        return Err(CorpusError::NoClassMap {
                            corpus: corpus.to_owned(),
                            map: name.to_owned(),
                            place,
                            known: match known.is_empty() {
                                true => String::new(),
                                false => format!(", or one of its class maps: {known}"),
                            },
                        });
                    }
                },
            },
        };
        map.add(corpus, &lists)?;
        if matches!(choice, ClassChoice::Table(_)) {
            map.check_synonyms(corpus, config)?;
        }
        Ok(map)
    }

    fn add(&mut self, corpus: &str, lists: &[(&str, &[String])]) -> Result<(), CorpusError> {
        for (list, labels) in lists {
            let mapped = match *list {
                DROPPED => Mapped::Dropped,
                class => Mapped::Class(class.into()),
            };
            for label in *labels {
                match self.listed.insert(normalise(label), mapped.clone()) {
                    Some(earlier) if earlier != mapped => {
                        return Err(CorpusError::LabelTwice {
                            corpus: corpus.to_owned(),
                            label: label.clone(),
                            first: list_name(&earlier).to_owned(),
                            second: (*list).to_owned(),
                        });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A label that is the only one of its name means the same as the name, so both count as one class.
    fn check_synonyms(&self, corpus: &str, config: &CorpusConfig) -> Result<(), CorpusError> {
        for (label, name) in &config.names {
            let same_name = config.names.values().filter(|other| *other == name);
            let by_label = self.listed.get(&normalise(label));
            let by_name = self.listed.get(&normalise(name));
            if let (Some(by_label), Some(by_name), 1) = (by_label, by_name, same_name.count())
                && by_label != by_name
            {
                return Err(CorpusError::LabelAndName {
                    corpus: corpus.to_owned(),
                    label: label.clone(),
                    name: name.clone(),
                    first: list_name(by_label).to_owned(),
                    second: list_name(by_name).to_owned(),
                });
            }
        }
        Ok(())
    }

    /// What the map says of `label`, compared without case, hyphens, underscores and runs of blanks: as the corpus
    /// writes it, then by its name.
    pub fn look_up(&self, label: &str) -> Mapped {
        let label = normalise(label);
        let name = self.names.get(&label);
        let by_name = || self.listed.get(&normalise(name?));
        if let Some(mapped) = self.listed.get(&label).or_else(by_name) {
            return mapped.clone();
        }
        match self.otherwise {
            Otherwise::Unknown => Mapped::Unknown,
            Otherwise::Dropped => Mapped::Dropped,
            Otherwise::Class => Mapped::Class(match name {
                Some(name) => name.clone(),
                None => label.into(),
            }),
            Otherwise::NoClass => Mapped::NoClass,
        }
    }

    /// The table that is to list the labels of the corpus, for people.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Whether a list or the names of the corpus have this label.
    pub fn lists(&self, label: &str) -> bool {
        let label = normalise(label);
        self.listed.contains_key(&label) || self.names.contains_key(&label)
    }
}

fn pairs(table: &BTreeMap<String, Vec<String>>) -> impl Iterator<Item = (&str, &[String])> {
    (table.iter()).map(|(class, labels)| (class.as_str(), labels.as_slice()))
}

/// A label in lower case, with hyphens, underscores and runs of blanks as one blank.
pub fn normalise(label: &str) -> String {
    let mut normal = String::with_capacity(label.len());
    for word in label
        .split(|c: char| c.is_whitespace() || c == '-' || c == '_')
        .filter(|word| !word.is_empty())
    {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.extend(word.chars().flat_map(char::to_lowercase));
    }
    normal
}

fn list_name(mapped: &Mapped) -> &str {
    match mapped {
        Mapped::Class(class) => class,
        Mapped::Dropped => DROPPED,
        Mapped::NoClass | Mapped::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Labels;

    fn config() -> CorpusConfig {
        CorpusConfig {
            labels: Labels {
                positive: vec!["happy".into()],
                neutral: vec!["neutral".into()],
                negative: vec!["hot anger".into()],
                dropped: vec!["xxx".into()],
                others: BTreeMap::new(),
            },
            names: BTreeMap::from([
                ("W".into(), "anger".into()),
                ("happy".into(), "happiness".into()),
            ]),
            ..CorpusConfig::default()
        }
    }

    fn class(name: &str) -> Mapped {
        Mapped::Class(name.into())
    }

    fn map(choice: &str, maps: &str) -> Result<LabelMap, CorpusError> {
        let choice: ClassChoice = serde_json::from_str(choice).unwrap();
        LabelMap::new("c", &config(), &choice, &toml::from_str(maps).unwrap())
    }

    #[test]
    fn labels_are_compared_without_case_hyphens_and_blanks() {
        let map = map("\"valence3\"", "").unwrap();
        for spelling in ["hot anger", "Hot-Anger", " HOT   anger ", "hot_anger"] {
            assert_eq!(map.look_up(spelling), class("negative"));
        }
        assert_eq!(map.look_up("xxx"), Mapped::Dropped);
        assert_eq!(map.look_up("hotanger"), Mapped::Unknown);
    }

    #[test]
    fn a_label_in_two_lists_is_an_error_that_names_both() {
        let mut config = config();
        config.labels.dropped.push("HAPPY".into());
        let choice = ClassChoice::default();
        let error = LabelMap::new("c", &config, &choice, &BTreeMap::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "corpus c: label `HAPPY` is listed as positive and as dropped"
        );
    }

    #[test]
    fn a_label_and_its_name_are_not_of_two_classes() {
        let error = map(r#"{"angry": ["w"], "other": ["anger"]}"#, "").unwrap_err();
        assert_eq!(
            error.to_string(),
            "corpus c: `W` means `anger`, and they are listed as angry and as other"
        );
        assert!(map(r#"{"angry": ["w", "anger"]}"#, "").is_ok());
        // Two labels of one name need not count as one.
        let mut config = config();
        config.names.insert("X".into(), "anger".into());
        let choice = serde_json::from_str(r#"{"angry": ["w"], "other": ["anger"]}"#).unwrap();
        assert!(LabelMap::new("c", &config, &choice, &BTreeMap::new()).is_ok());
    }

    #[test]
    fn native_classes_are_the_names_of_the_labels() {
        let map = map("\"native\"", "").unwrap();
        assert_eq!(map.look_up("w"), class("anger"));
        assert_eq!(map.look_up("Boredom"), class("boredom"));
        assert_eq!(map.look_up("xxx"), Mapped::Dropped);
    }

    #[test]
    fn a_map_of_the_corpus_is_complete_and_named_where_it_is_not() {
        let mut config = config();
        let own = BTreeMap::from([
            ("low".to_owned(), vec!["w".to_owned()]),
            ("dropped".to_owned(), vec!["xxx".to_owned()]),
        ]);
        config.classes.insert("two".into(), own);
        let of = |choice: &str| {
            let choice = ClassChoice::Named(choice.into());
            LabelMap::new("c", &config, &choice, &BTreeMap::new()).unwrap()
        };
        let two = of("two");
        assert_eq!(two.look_up("xxx"), Mapped::Dropped);
        assert_eq!(two.look_up("happy"), Mapped::Unknown);
        assert_eq!(two.table(), "[corpus.c.classes.two]");
        assert_eq!(of(VALENCE3).table(), "[corpus.c.labels]");
    }

    #[test]
    fn a_shared_map_finds_labels_by_name_and_as_written_and_leaves_out_others() {
        let maps = "[two.labels]\nangry = [\"anger\", \"hot anger\"]\nhappy = [\"happiness\"]";
        let shared = map("\"two\"", maps).unwrap();
        assert_eq!(shared.look_up("W"), class("angry"));
        assert_eq!(shared.look_up("hot anger"), class("angry"));
        assert_eq!(shared.look_up("happy"), class("happy"));
        assert_eq!(shared.look_up("neutral"), Mapped::Dropped);
        let written = map(r#"{"angry": ["w"]}"#, "").unwrap();
        assert_eq!(written.look_up("W"), class("angry"));
        assert_eq!(map("\"none\"", "").unwrap().look_up("W"), Mapped::NoClass);
        let error = map("\"three\"", maps).unwrap_err();
        assert_eq!(error.to_string(), "corpus c has no class map `three`");
    }
}
