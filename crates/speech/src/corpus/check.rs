//! What is missing or surplus in a copy of a corpus, against the official counts.

use std::collections::BTreeMap;

use super::labels::normalise;
use super::{CorpusConfig, Listing};

/// Hours within this fraction of the official ones agree: published durations are rounded.
const HOURS_TOLERANCE: f64 = 0.005;

/// A number found and the official one, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// In this copy.
    pub found: usize,
    /// In the official distribution.
    pub official: Option<usize>,
}

impl Count {
    /// True if nothing official says otherwise.
    pub fn agrees(self) -> bool {
        self.official.is_none_or(|official| official == self.found)
    }
}

/// Hours found and official, of utterances whose label is not dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hours {
    /// In this copy, where they have been measured.
    pub found: Option<f64>,
    /// In the official distribution.
    pub official: Option<f64>,
}

impl Hours {
    /// True unless both are known and differ by more than half a percent.
    pub fn agrees(self) -> bool {
        match (self.found, self.official) {
            (Some(found), Some(official)) => (found - official).abs() <= HOURS_TOLERANCE * official,
            _ => true,
        }
    }
}

/// A copy of a corpus against its official counts.
#[derive(Clone, Debug, PartialEq)]
pub struct CountCheck {
    /// Name of the corpus.
    pub corpus: String,
    /// Utterances with any label, dropped ones included.
    pub utterances: Count,
    /// Their speakers.
    pub speakers: Count,
    /// Hours of the usable utterances.
    pub hours: Hours,
    /// Utterances per label as the corpus writes it, dropped labels included; sorted.
    pub labels: Vec<(String, Count)>,
    /// Utterances with a class.
    pub usable: usize,
    /// Left out on purpose: by the label map or by an option.
    pub dropped: usize,
    /// Left out because their name, row or file is unusable.
    pub bad: usize,
}

impl CountCheck {
    /// True if every official count is met and nothing was unusable.
    pub fn agrees(&self) -> bool {
        self.bad == 0
            && self.utterances.agrees()
            && self.speakers.agrees()
            && self.hours.agrees()
            && self.labels.iter().all(|(_, count)| count.agrees())
    }
}

/// Compares `listing` with the official counts of `config`; `hours` are those of its entries.
///
/// Where per-label counts are published, a label without one counts as surplus.
pub fn check(
    name: &str,
    config: &CorpusConfig,
    listing: &Listing,
    hours: Option<f64>,
) -> CountCheck {
    let official = config.official.as_ref();
    let mut labels: BTreeMap<String, (String, Count)> = BTreeMap::new();
    let per_label = official
        .map(|official| &official.labels)
        .filter(|labels| !labels.is_empty());
    for (label, &count) in per_label.into_iter().flatten() {
        let count = Count {
            found: 0,
            official: Some(count),
        };
        labels.insert(normalise(label), (label.clone(), count));
    }
    // Utterances of a corpus of numbers have no label.
    let labelled = listing.labels.iter().filter(|(label, _)| !label.is_empty());
    for (label, &found) in labelled {
        let official = per_label.map(|_| 0);
        let absent = || (label.clone(), Count { found: 0, official });
        labels
            .entry(normalise(label))
            .or_insert_with(absent)
            .1
            .found += found;
    }
    let bad = listing.bad().count();
    CountCheck {
        corpus: name.to_string(),
        utterances: Count {
            found: listing.labels.values().sum(),
            official: official.map(|official| official.utterances),
        },
        speakers: Count {
            found: listing.speakers.len(),
            official: official.map(|official| official.speakers),
        },
        hours: Hours {
            found: hours,
            official: official.and_then(|official| official.hours),
        },
        labels: labels.into_values().collect(),
        usable: listing.entries.len(),
        dropped: listing.dropped.len() - bad,
        bad,
    }
}

/// A warning that a copy has fewer utterances than the official distribution, where it has.
pub fn incomplete(name: &str, config: &CorpusConfig, listing: &Listing) -> Option<String> {
    let official = config.official.as_ref()?.utterances;
    let found: usize = listing.labels.values().sum();
    (found < official).then(|| {
        format!(
            "{name}: this copy has {found} of the {official} utterances of the official distribution; `pipe corpora {name}` says which are missing"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Official;

    #[test]
    fn missing_and_surplus_are_counted_per_label_and_in_all() {
        let config = CorpusConfig {
            official: Some(Official {
                utterances: 10,
                speakers: 2,
                hours: Some(1.0),
                labels: [("hot anger".to_string(), 6), ("sad".to_string(), 4)].into(),
            }),
            ..CorpusConfig::default()
        };
        let mut listing = Listing {
            labels: [("Hot-Anger".to_string(), 4), ("joy".to_string(), 3)].into(),
            speakers: ["a".to_string(), "b".to_string()].into(),
            ..Listing::default()
        };
        let check = check("c", &config, &listing, Some(1.006));
        let numbers = |count: Count| (count.found, count.official);
        assert_eq!(numbers(check.utterances), (7, Some(10)));
        assert!(check.speakers.agrees() && !check.hours.agrees() && !check.agrees());
        let labels: Vec<_> = check
            .labels
            .iter()
            .map(|(label, count)| (label.as_str(), numbers(*count)))
            .collect();
        assert_eq!(
            labels,
            [
                ("hot anger", (4, Some(6))),
                ("joy", (3, Some(0))),
                ("sad", (0, Some(4)))
            ]
        );
        let unknown = Hours {
            found: None,
            official: Some(1.0),
        };
        assert!(unknown.agrees());
        let warning = incomplete("c", &config, &listing).unwrap();
        assert!(
            warning.starts_with("c: this copy has 7 of the 10 utterances"),
            "{warning}"
        );
        listing.labels.insert("sad".into(), 3);
        assert_eq!(incomplete("c", &config, &listing), None);
    }
}
