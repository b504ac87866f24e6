//! Labels that the label map of a corpus does not list, told together where they are many.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Up to so many labels have a warning each; of more, so many are named.
const FEW: usize = 5;

/// Labels that are not listed, each with how often it was found and where first.
#[derive(Debug, Default)]
pub(super) struct UnlistedLabels(BTreeMap<String, (usize, String)>);

impl UnlistedLabels {
    /// One utterance with a label, at a place.
    pub fn add(&mut self, label: &str, place: &str) {
        match self.0.get_mut(label) {
            Some((count, _)) => *count += 1,
            None => {
                self.0.insert(label.to_owned(), (1, place.to_owned()));
            }
        }
    }

    /// What a person should know of them.
    pub fn warnings(self, corpus: &str) -> Vec<String> {
        let lists = format!("[corpus.{corpus}.labels]");
        if self.0.len() <= FEW {
            let told = self.0.into_iter().map(|(label, (count, first))| {
                let times = match count {
                    1 => first,
                    _ => format!("{count} times, first at {first}"),
                };
                format!("label `{label}` is not listed in {lists} and is left out: {times}")
            });
            return told.collect();
        }
        let utterances: usize = self.0.values().map(|(count, _)| count).sum();
        let mut labels: Vec<(String, (usize, String))> = self.0.into_iter().collect();
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_told_one_by_one_and_many_together() {
        let unlisted = |count: usize| {
            let mut unlisted = UnlistedLabels::default();
            for number in 0..count {
                unlisted.add(&format!("l{number}"), &format!("t.csv:{number}"));
            }
            unlisted.add("l1", "t.csv:99");
            unlisted.warnings("c")
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
