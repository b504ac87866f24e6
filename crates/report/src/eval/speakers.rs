//! The speakers of a test, as draws and leave-one-out need them.

use std::collections::BTreeMap;

use super::Confusion;

/// Smallest number of speakers from which results are generalised to other speakers.
///
/// Of four speakers there are 35 different draws, of five 126; an interval from fewer is a row of steps.
pub const LEAST_SPEAKERS: usize = 5;

/// The speakers of a test: the utterances of each, and which of them are drawn among each other.
///
/// A stratum is a corpus. Corpora of fewer than [`LEAST_SPEAKERS`] speakers form one stratum together, and where that
/// is still too small the smallest of the others joins it ("collapsed strata", Cochran 1977, section 5A.12). What such
/// corpora differ by then counts as a difference of speakers, so intervals err on the wide side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeakerSet {
    /// Corpus and name of each speaker, in order.
    names: Vec<(String, String)>,
    /// Utterances of each speaker and class that occurs.
    pub(super) support: Vec<Vec<u64>>,
    /// Speakers of each stratum, as indices.
    pub(super) strata: Vec<Vec<usize>>,
    /// Classes that occur.
    classes: Vec<usize>,
}

/// How many utterances of each speaker and class that occurs a model got right, in the order of its [`SpeakerSet`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeakerHits(pub(super) Vec<Vec<u64>>);

impl SpeakerSet {
    /// The speakers of some corpora, and what a model got right of them.
    pub fn of<'a>(
        corpora: impl IntoIterator<Item = (&'a str, &'a BTreeMap<String, Confusion>)>,
    ) -> (Self, SpeakerHits) {
        let mut names = Vec::new();
        let mut support: Vec<Vec<u64>> = Vec::new();
        let mut hits: Vec<Vec<u64>> = Vec::new();
        let mut corpora_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (corpus, speakers) in corpora {
            for (speaker, confusion) in speakers {
                corpora_of.entry(corpus).or_default().push(names.len());
                names.push((corpus.to_string(), speaker.clone()));
                support.push(confusion.truths());
                hits.push(confusion.hits());
            }
        }
        let most = support.iter().map(Vec::len).max().unwrap_or(0);
        let count = |row: &[u64], class: usize| row.get(class).copied().unwrap_or(0);
        let classes: Vec<usize> = (0..most)
            .filter(|&class| support.iter().any(|row| count(row, class) > 0))
            .collect();
        let keep = |rows: Vec<Vec<u64>>| -> Vec<Vec<u64>> {
            let row = |row: Vec<u64>| classes.iter().map(|&class| count(&row, class)).collect();
            rows.into_iter().map(row).collect()
        };
        let set = Self {
            names,
            support: keep(support),
            strata: strata(corpora_of.into_values()),
            classes: classes.clone(),
        };
        (set, SpeakerHits(keep(hits)))
    }

    /// Number of speakers.
    pub fn speakers(&self) -> usize {
        self.names.len()
    }

    /// Whether there are enough speakers to generalise to others.
    pub fn suffices(&self) -> bool {
        self.speakers() >= LEAST_SPEAKERS && !self.classes.is_empty()
    }

    /// Number of classes that occur.
    pub(super) fn occurring(&self) -> usize {
        self.classes.len()
    }

    /// Speakers less strata.
    pub(super) fn degrees_of_freedom(&self) -> f64 {
        (self.speakers() - self.strata.len()) as f64
    }
}

impl SpeakerHits {
    /// Mean hits of several models, by speaker and class.
    pub(super) fn mean(models: &[&Self]) -> Vec<Vec<f64>> {
        let Some(first) = models.first() else {
            return Vec::new();
        };
        let mut sums: Vec<Vec<u64>> = first.0.clone();
        for model in &models[1..] {
            for (sum, hits) in sums.iter_mut().flatten().zip(model.0.iter().flatten()) {
                *sum += hits;
            }
        }
        let scale = |row: Vec<u64>| {
            row.into_iter()
                .map(|sum| sum as f64 / models.len() as f64)
                .collect()
        };
        sums.into_iter().map(scale).collect()
    }
}

/// What is drawn among each other, of the members of each corpus.
pub(super) fn strata(corpora: impl Iterator<Item = Vec<usize>>) -> Vec<Vec<usize>> {
    let (mut large, small): (Vec<_>, Vec<_>) =
        corpora.partition(|corpus| corpus.len() >= LEAST_SPEAKERS);
    let mut joined = small.concat();
    if joined.is_empty() {
        return large;
    }
    if joined.len() < LEAST_SPEAKERS
        && let Some(smallest) = (0..large.len()).min_by_key(|&stratum| large[stratum].len())
    {
        joined.extend(large.remove(smallest));
        joined.sort_unstable();
    }
    large.push(joined);
    large
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpora(sizes: &[(&str, usize)]) -> BTreeMap<String, BTreeMap<String, Confusion>> {
        let confusion =
            Confusion::from_rows(&[vec![1, 1, 0], vec![0, 0, 0], vec![0, 0, 2]]).expect("square");
        let speakers = |count: usize| {
            (0..count)
                .map(|n| (format!("{n:02}"), confusion.clone()))
                .collect()
        };
        sizes
            .iter()
            .map(|&(corpus, count)| (corpus.to_string(), speakers(count)))
            .collect()
    }

    fn sizes(of: &[(&str, usize)]) -> Vec<usize> {
        let corpora = corpora(of);
        let (set, hits) = SpeakerSet::of(
            corpora
                .iter()
                .map(|(name, speakers)| (name.as_str(), speakers)),
        );
        assert_eq!(set.occurring(), 2);
        assert_eq!(
            (set.support[0].as_slice(), hits.0[0].as_slice()),
            (&[2, 2][..], &[1, 2][..])
        );
        set.strata.iter().map(Vec::len).collect()
    }

    #[test]
    fn small_corpora_are_drawn_together() {
        assert_eq!(sizes(&[("a", 7), ("b", 5)]), [7, 5]);
        assert_eq!(sizes(&[("a", 7), ("b", 2), ("c", 3)]), [7, 5]);
        assert_eq!(sizes(&[("a", 7), ("b", 6), ("c", 1)]), [7, 7]);
        assert_eq!(sizes(&[("a", 2), ("b", 1)]), [3]);
        let corpora = corpora(&[("a", 4)]);
        let (four, _) = SpeakerSet::of(
            corpora
                .iter()
                .map(|(name, speakers)| (name.as_str(), speakers)),
        );
        assert!(!four.suffices());
    }
}
