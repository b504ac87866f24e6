//! Which utterances an epoch draws: each once, or equally many of every corpus, class or both.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::Example;

/// How an epoch draws its utterances; there are always as many draws as utterances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Each utterance once.
    #[default]
    All,
    /// As many of every corpus.
    Corpus,
    /// As many of every emotion class; utterances without one count as a class.
    Class,
    /// As many of every class of every corpus.
    CorpusAndClass,
}

/// One draw of an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw {
    /// Its position in the training split.
    pub(super) at: usize,
    /// How often this epoch drew it before.
    pub(super) repeat: usize,
}

/// The number under which what is random about a draw is drawn: drawn again in one epoch, an utterance gets other masks.
pub(super) fn draw_number(epoch: usize, repeat: usize) -> u64 {
    epoch as u64 | (repeat as u64) << 32
}

impl Sampling {
    /// Positions of the utterances that are drawn as one group, groups and members in a fixed order.
    pub(super) fn groups(self, examples: &[Example<'_>]) -> Vec<Vec<usize>> {
        let mut groups: std::collections::BTreeMap<(&str, Option<usize>), Vec<usize>> =
            Default::default();
        for (at, &Example { corpus, class, .. }) in examples.iter().enumerate() {
            let group = match self {
                Self::All => ("", None),
                Self::Corpus => (corpus, None),
                Self::Class => ("", class),
                Self::CorpusAndClass => (corpus, class),
            };
            groups.entry(group).or_default().push(at);
        }
        groups.into_values().collect()
    }
}

/// The draws of one epoch, in random order: as many as there are members, equally many of each group.
///
/// Groups that are drawn from more often than they have members are gone through again and again,
/// each time in another order, so that no member is drawn twice more than another.
pub(super) fn draw(groups: &[Vec<usize>], random: &mut ChaCha8Rng) -> Vec<Draw> {
    let count: usize = groups.iter().map(Vec::len).sum();
    let mut draws = Vec::with_capacity(count);
    if let [all] = groups {
        draws.extend(all.iter().map(|&at| Draw { at, repeat: 0 }));
        draws.shuffle(random);
        return draws;
    }
    // Draws that cannot be shared equally go to groups of the epoch's choice.
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.shuffle(random);
    for (rank, group) in order.into_iter().enumerate() {
        let mut wanted = count / groups.len() + usize::from(rank < count % groups.len());
        let mut members = groups[group].clone();
        let mut repeat = 0;
        while wanted > 0 {
            members.shuffle(random);
            let taken = wanted.min(members.len());
            draws.extend(members[..taken].iter().map(|&at| Draw { at, repeat }));
            wanted -= taken;
            repeat += 1;
        }
    }
    draws.shuffle(random);
    draws
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn balanced_sampling_draws_equally_from_every_group() {
        let groups = vec![
            (0..70).collect(),
            (70..95).collect(),
            vec![95, 96, 97, 98, 99],
        ];
        for seed in 0..20 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let draws = draw(&groups, &mut random);
            assert_eq!(draws.len(), 100);
            for group in &groups {
                let of = |draw: &&Draw| group.contains(&draw.at);
                let drawn = draws.iter().filter(of).count();
                assert!((33..=34).contains(&drawn), "{drawn}");
                for member in group {
                    let of = |draw: &&Draw| draw.at == *member;
                    let mut repeats: Vec<usize> =
                        draws.iter().filter(of).map(|draw| draw.repeat).collect();
                    repeats.sort_unstable();
                    let most = drawn.div_ceil(group.len());
                    assert!((most - 1..=most).contains(&repeats.len()), "{repeats:?}");
                    assert!(repeats.iter().copied().eq(0..repeats.len()));
                }
            }
        }
    }

    #[test]
    fn one_group_is_a_shuffle() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let draws = draw(&[(0..50).collect()], &mut random);
        assert!(draws.iter().all(|draw| draw.repeat == 0));
        let mut seen: Vec<usize> = draws.iter().map(|draw| draw.at).collect();
        assert_ne!(seen, (0..50).collect::<Vec<_>>());
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..50));
    }
}
