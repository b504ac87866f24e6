//! Labels that the label map of a corpus does not list, told together where they are many, and votes for them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::votes::Ballot;

/// Up to so many labels have a warning each; of more, so many are named.
const FEW: usize = 5;

/// Labels that are not listed.
#[derive(Debug, Default)]
pub(super) struct UnlistedLabels {
    /// Those of utterances, each with how often it was found and where first.
    found: BTreeMap<String, (usize, String)>,
    votes: LostVotes,
}

impl UnlistedLabels {
    /// One utterance with a label, at a place.
    pub fn add(&mut self, label: &str, place: &str) {
        match self.found.get_mut(label) {
            Some((count, _)) => *count += 1,
            None => {
                self.found.insert(label.to_owned(), (1, place.to_owned()));
            }
        }
    }

    /// The votes on one utterance of which training learns the shares of classes.
    pub fn add_votes(&mut self, ballots: &[Ballot]) {
        self.votes.add(ballots);
    }

    /// What a person should know of them; `lists` is where they would be listed.
    pub fn warnings(self, lists: &str) -> Vec<String> {
        let mut warnings = of_utterances(self.found, lists);
        warnings.extend(self.votes.warning());
        warnings
    }
}

/// What a person should know of labels of utterances.
fn of_utterances(found: BTreeMap<String, (usize, String)>, lists: &str) -> Vec<String> {
    if found.len() <= FEW {
        let told = found.into_iter().map(|(label, (count, first))| {
            let times = match count {
                1 => first,
                _ => format!("{count} times, first at {first}"),
            };
            format!("label `{label}` is not listed in {lists} and is left out: {times}")
        });
        return told.collect();
    }
    let utterances: usize = found.values().map(|(count, _)| count).sum();
    let mut labels: Vec<(String, (usize, String))> = found.into_iter().collect();
    labels.sort_by_key(|(_, (count, _))| Reverse(*count));
    let named = labels.iter().take(FEW);
    let named: Vec<String> = named
        .map(|(label, (count, first))| format!("`{label}` ({count}, first at {first})"))
        .collect();
    vec![format!(
        "{} labels of {utterances} utterances are not listed in {lists} and are left out: {} and {} more; list them, or set `classes` of the ingest stage to \"native\" or a class map",
        labels.len(),
        named.join(", "),
        labels.len() - FEW
    )]
}

/// Votes on labels that count as no class, where training learns the shares of classes.
#[derive(Debug, Default)]
struct LostVotes {
    utterances: usize,
    by_label: BTreeMap<String, u32>,
}

impl LostVotes {
    /// The votes on one utterance, some of which are for classes.
    fn add(&mut self, ballots: &[Ballot]) {
        let lost = ballots.iter().filter_map(|ballot| match ballot {
            Ballot::Class(_) => None,
            Ballot::Other(label) => Some(label),
        });
        let mut is_touched = false;
        for label in lost {
            is_touched = true;
            *self.by_label.entry(label.clone()).or_default() += 1;
        }
        self.utterances += usize::from(is_touched);
    }

    /// What a person should know of them.
    fn warning(self) -> Option<String> {
        let mut labels: Vec<(String, u32)> = self.by_label.into_iter().collect();
        labels.sort_by_key(|(_, count)| Reverse(*count));
        let all: u32 = labels.iter().map(|(_, count)| count).sum();
        let named = labels.iter().take(FEW);
        let named: Vec<String> = named
            .map(|(label, count)| format!("`{label}` ({count})"))
            .collect();
        let more = match labels.len().saturating_sub(FEW) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (all > 0).then(|| {
            format!(
                "{} on {} {are} for labels that count as no class, and the shares that training learns are those of the other votes: {}{more}",
                match all {
                    1 => "1 vote".to_owned(),
                    many => format!("{many} votes"),
                },
                match self.utterances {
                    1 => "1 utterance".to_owned(),
                    many => format!("{many} utterances"),
                },
                named.join(", "),
                are = if all == 1 { "is" } else { "are" },
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_for_no_class_are_counted_with_their_utterances() {
        let mut lost = LostVotes::default();
        let other = |label: &str| Ballot::Other(label.to_owned());
        lost.add(&[Ballot::Class("joy".into())]);
        lost.add(&[Ballot::Class("joy".into()), other("fear"), other("fear")]);
        lost.add(&[Ballot::Class("joy".into()), other("other")]);
        assert_eq!(
            lost.warning().as_deref(),
            Some(
                "3 votes on 2 utterances are for labels that count as no class, and the shares that training learns are those of the other votes: `fear` (2), `other` (1)"
            )
        );
        assert_eq!(LostVotes::default().warning(), None);
    }

    #[test]
    fn a_few_are_reported_one_by_one_and_many_together() {
        let unlisted = |count: usize| {
            let mut unlisted = UnlistedLabels::default();
            for number in 0..count {
                unlisted.add(&format!("l{number}"), &format!("t.csv:{number}"));
            }
            unlisted.add("l1", "t.csv:99");
            unlisted.warnings("[corpus.c.labels]")
        };
        assert_eq!(
            unlisted(2),
            [
                "label `l0` is not listed in [corpus.c.labels] and is left out: t.csv:0",
                "label `l1` is not listed in [corpus.c.labels] and is left out: 2 times, first at t.csv:1",
            ]
        );
        assert_eq!(unlisted(5).len(), 5);
        let [many] = &unlisted(7)[..] else {
            panic!("one for all");
        };
        assert!(
            many.starts_with("7 labels of 8 utterances are not listed in [corpus.c.labels] and are left out: `l1` (2, first at t.csv:1), `l0` (1, first at t.csv:0)"),
            "{many}"
        );
        assert!(many.contains(" and 2 more; "), "{many}");
    }
}
