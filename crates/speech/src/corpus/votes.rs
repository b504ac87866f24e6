//! Votes of several annotators on one utterance: rows that name it again with another label.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::list_options::VoteRule;

/// How many annotators voted for each class.
pub type Votes = BTreeMap<Arc<str>, u32>;

/// What comes of the votes on one utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts as this class; with the votes where training is to know them.
    Class(Arc<str>, Option<Votes>),
    /// It is left out.
    Tied,
}

/// Counts votes by a rule.
pub fn count(rule: VoteRule, votes: Votes) -> Option<Verdict> {
    let most = votes.values().copied().max()?;
    let mut first = votes.iter().filter(|(_, count)| **count == most);
    let (class, _) = first.next()?;
    let class = class.clone();
    let is_tied = first.next().is_some();
    Some(match rule {
        VoteRule::Soft => Verdict::Class(class, Some(votes)),
        _ if is_tied => Verdict::Tied,
        _ => Verdict::Class(class, None),
    })
}

/// Votes as a text: `2 anger, 1 fear`.
pub fn describe(votes: &Votes) -> String {
    let one = |(class, count): (&Arc<str>, &u32)| format!("{count} {class}");
    votes.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(counts: &[(&str, u32)]) -> Votes {
        let pairs = counts.iter();
        pairs
            .map(|(class, count)| ((*class).into(), *count))
            .collect()
    }

    #[test]
    fn the_majority_decides_and_a_tie_is_left_out_unless_shares_are_learned() {
        let clear = votes(&[("anger", 1), ("fear", 2)]);
        assert_eq!(
            count(VoteRule::Majority, clear.clone()),
            Some(Verdict::Class("fear".into(), None))
        );
        assert_eq!(
            count(VoteRule::Soft, clear.clone()),
            Some(Verdict::Class("fear".into(), Some(clear.clone())))
        );
        let tied = votes(&[("anger", 2), ("fear", 2), ("joy", 1)]);
        assert_eq!(count(VoteRule::Majority, tied.clone()), Some(Verdict::Tied));
        assert_eq!(
            count(VoteRule::Soft, tied.clone()),
            Some(Verdict::Class("anger".into(), Some(tied)))
        );
        assert_eq!(count(VoteRule::Majority, Votes::new()), None);
        assert_eq!(describe(&clear), "1 anger, 2 fear");
    }
}
