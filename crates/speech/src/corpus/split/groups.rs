//! Groups of utterances that no split may cut: those of a speaker, a session, a text, a recording, or a column's value.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::corpus::{AudioSource, Entry};

/// What utterances are grouped by where nothing else is asked for.
pub const SPEAKER: &str = "speaker";

/// The column of those who talk to one another, named by each corpus for itself.
pub const SESSION: &str = "session";

/// The name under which utterances of one file are a group.
pub const RECORDING: &str = "recording";

/// Utterances in groups. Those that share any of the values that were asked for are in one group, of whichever corpora they
/// are, and so are those that share one with a third.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// What they are groups by.
    pub attributes: Vec<String>,
    /// The group of each entry, counted from 0 in the order in which groups occur.
    pub of: Vec<usize>,
    /// The name of each group: the first of its values of the first attribute.
    pub names: Vec<String>,
    /// Attributes that some utterances lack, with the number of these. They are grouped by their speaker.
    pub undocumented: BTreeMap<String, usize>,
}

/// The value of `attribute` that an entry is grouped by: that of the utterance, or its file for [`RECORDING`]. None where
/// it is not documented.
pub fn group_value<'e>(entry: &'e Entry, attribute: &str) -> Option<Cow<'e, str>> {
    let utterance = &entry.utterance;
    match (attribute, &entry.source) {
        (RECORDING, AudioSource::File { path, .. }) => Some(path.to_string_lossy()),
        (RECORDING, AudioSource::Synthetic(_)) => Some(Cow::Borrowed(&utterance.id)),
        _ => utterance.attribute(attribute).map(Cow::Borrowed),
    }
}

/// Whether the same value in two corpora is the same thing: a text or a room is, and speakers and sessions are numbered by
/// each corpus for itself.
pub fn spans_corpora(attribute: &str) -> bool {
    !matches!(attribute, SPEAKER | SESSION)
}

impl Groups {
    /// The groups of `entries` by all of `attributes` together.
    pub fn by(entries: &[&Entry], attributes: &[String]) -> Self {
        let mut groups = Sets((0..entries.len()).collect());
        let mut undocumented = BTreeMap::new();
        let mut first_with: HashMap<(&str, &str, Cow<'_, str>), usize> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for attribute in attributes {
                let (kind, value) = match group_value(entry, attribute) {
                    Some(value) => (attribute.as_str(), value),
                    None => {
                        *undocumented.entry(attribute.clone()).or_default() += 1;
                        (SPEAKER, Cow::Borrowed(&*entry.utterance.speaker))
                    }
                };
                let corpus = match spans_corpora(kind) {
                    true => "",
                    false => &*entry.utterance.corpus,
                };
                let key = (corpus, kind, value);
                let first = *first_with.entry(key).or_insert(index);
                groups.join(first, index);
            }
        }
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let mut names: Vec<String> = Vec::new();
        let mut of = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let root = groups.first(index);
            let next = numbers.len();
            let number = *numbers.entry(root).or_insert(next);
            let name = name_of(entry, attributes.first().map_or(SPEAKER, String::as_str));
            match names.get_mut(number) {
                Some(known) if name < *known => *known = name,
                Some(_) => {}
                None => names.push(name),
            }
            of.push(number);
        }
        Self {
            attributes: attributes.to_vec(),
            of,
            names,
            undocumented,
        }
    }
}

/// Corpora that are split as one, because groups have utterances of several of them.
pub(super) struct Pools {
    /// The names of the corpora of each pool, separated by commas.
    pub names: Vec<String>,
    /// The pool of each entry.
    pub of: Vec<usize>,
}

impl Pools {
    /// Those of `corpora`, the corpus of each entry. Pools are sorted by their names.
    pub fn of(groups: &Groups, corpora: &[&str]) -> Self {
        let each: BTreeSet<&str> = corpora.iter().copied().collect();
        let each: Vec<&str> = each.into_iter().collect();
        let number = |corpus: &str| each.binary_search(&corpus).unwrap_or(0);
        let mut sets = Sets((0..each.len()).collect());
        let mut first_of: HashMap<usize, usize> = HashMap::new();
        for (group, corpus) in groups.of.iter().zip(corpora) {
            let own = number(corpus);
            let first = *first_of.entry(*group).or_insert(own);
            sets.join(first, own);
        }
        let mut names: Vec<String> = Vec::new();
        let mut pool_of_first: HashMap<usize, usize> = HashMap::new();
        let mut pool_of = Vec::with_capacity(each.len());
        for (own, corpus) in each.iter().enumerate() {
            let next = names.len();
            let pool = *pool_of_first.entry(sets.first(own)).or_insert(next);
            match names.get_mut(pool) {
                Some(name) => *name = format!("{name}, {corpus}"),
                None => names.push((*corpus).to_owned()),
            }
            pool_of.push(pool);
        }
        let of = corpora.iter().map(|corpus| pool_of[number(corpus)]);
        Self {
            of: of.collect(),
            names,
        }
    }
}

/// A name that starts with the corpus.
fn name_of(entry: &Entry, attribute: &str) -> String {
    let utterance = &entry.utterance;
    match attribute {
        SPEAKER => utterance.speaker.to_string(),
        // A path would differ from one machine to the next.
        RECORDING => utterance.id.clone(),
        _ => match group_value(entry, attribute) {
            Some(value) => format!("{}/{value}", utterance.corpus),
            None => utterance.speaker.to_string(),
        },
    }
}

/// Disjoint sets of positions; each leads to an earlier one of its set, the first to itself.
struct Sets(Vec<usize>);

impl Sets {
    fn first(&mut self, position: usize) -> usize {
        let mut first = position;
        while self.0[first] != first {
            first = self.0[first];
        }
        let mut at = position;
        while self.0[at] != first {
            at = std::mem::replace(&mut self.0[at], first);
        }
        first
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }
}
