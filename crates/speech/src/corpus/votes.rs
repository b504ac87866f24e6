//! Votes of several annotators on one utterance: rows that name it again with another label.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::list_options::VoteRule;

/// How many annotators voted for each class.
pub type Votes = BTreeMap<Arc<str>, u32>;

/// What an annotator voted for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ballot {
    /// A label that counts as this class.
    Class(Arc<str>),
    /// A label that counts as no class, in its normal form.
    Other(String),
}

impl Ballot {
    /// The class, or the label.
    fn name(&self) -> &str {
        match self {
            Self::Class(class) => class,
            Self::Other(label) => label,
        }
    }
}

/// What comes of the votes on one utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The ballot at this position stands for the utterance; with the votes for classes where training is to know them.
    Decided(usize, Option<Votes>),
    /// It is left out: these have as many votes as another.
    Tied(String),
}

/// Counts ballots by a rule; none without any.
///
/// By the majority, a label that counts as no class may win as any class may. Shares are those of the classes alone: such a
/// label stands for the utterance only where no vote is for a class.
pub fn count(rule: VoteRule, ballots: &[Ballot]) -> Option<Verdict> {
    let mut all: BTreeMap<&Ballot, u32> = BTreeMap::new();
    for ballot in ballots {
        *all.entry(ballot).or_default() += 1;
    }
    let mut votes = Votes::new();
    for (ballot, count) in &all {
        if let Ballot::Class(class) = ballot {
            votes.insert(class.clone(), *count);
        }
    }
    let is_soft = rule == VoteRule::Soft;
    let counts =
        |ballot: &Ballot| !is_soft || votes.is_empty() || matches!(ballot, Ballot::Class(_));
    let counted = || all.iter().filter(|(ballot, _)| counts(ballot));
    let most = counted().map(|(_, count)| *count).max()?;
    let mut winners = counted().filter(|(_, count)| **count == most);
    let (winner, _) = winners.next()?;
    if !is_soft && winners.next().is_some() {
        let one = |(ballot, count): (&&Ballot, &u32)| format!("{count} {}", ballot.name());
        return Some(Verdict::Tied(
            all.iter().map(one).collect::<Vec<_>>().join(", "),
        ));
    }
    let place = ballots.iter().position(|ballot| ballot == *winner)?;
    let shares = (is_soft && !votes.is_empty()).then_some(votes);
    Some(Verdict::Decided(place, shares))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ballots as words: those of labels that no class lists begin with a question mark.
    fn ballots(words: &str) -> Vec<Ballot> {
        let ballot = |word: &str| match word.strip_prefix('?') {
            Some(label) => Ballot::Other(label.to_owned()),
            None => Ballot::Class(word.into()),
        };
        words.split(' ').map(ballot).collect()
    }

    fn decided(place: usize) -> Option<Verdict> {
        Some(Verdict::Decided(place, None))
    }

    fn shares(place: usize, counts: &[(&str, u32)]) -> Option<Verdict> {
        let votes = counts
            .iter()
            .map(|(class, count)| ((*class).into(), *count));
        Some(Verdict::Decided(place, Some(votes.collect())))
    }

    #[test]
    fn the_majority_decides_and_a_tie_is_left_out_unless_shares_are_learned() {
        let clear = ballots("anger fear fear");
        assert_eq!(count(VoteRule::Majority, &clear), decided(1));
        let both = [("anger", 1), ("fear", 2)];
        assert_eq!(count(VoteRule::Soft, &clear), shares(1, &both));
        let tied = ballots("joy fear anger fear anger");
        let told = "2 anger, 2 fear, 1 joy".to_owned();
        assert_eq!(count(VoteRule::Majority, &tied), Some(Verdict::Tied(told)));
        let all = [("anger", 2), ("fear", 2), ("joy", 1)];
        assert_eq!(count(VoteRule::Soft, &tied), shares(2, &all));
        assert_eq!(count(VoteRule::Majority, &[]), None);
    }

    #[test]
    fn labels_that_no_class_lists_have_votes_too() {
        let most = ballots("anger ?fear ?fear");
        assert_eq!(count(VoteRule::Majority, &most), decided(1));
        assert_eq!(count(VoteRule::Soft, &most), shares(0, &[("anger", 1)]));
        let tied = ballots("anger ?fear");
        assert_eq!(
            count(VoteRule::Majority, &tied),
            Some(Verdict::Tied("1 anger, 1 fear".to_owned()))
        );
        let none = ballots("?fear ?other ?other");
        assert_eq!(count(VoteRule::Majority, &none), decided(1));
        assert_eq!(count(VoteRule::Soft, &none), decided(1));
    }
}
