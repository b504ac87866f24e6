//! How well one fact of a recording, alone, tells its class: a trivial classifier, cross-validated over speakers.

use std::collections::{BTreeMap, BTreeSet};

/// What is known of a recording beside its speech.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A value among few, such as a rate or a corpus.
    Value(String),
    /// A number, such as a length.
    Number(f64),
}

/// One recording, as the classifier sees it.
pub struct Observation<'a> {
    /// Who speaks; folds keep speakers together.
    pub speaker: &'a str,
    /// The number of its class.
    pub class: usize,
    /// The fact.
    pub fact: Fact,
}

/// What a fact tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactAccuracy {
    /// Mean recall of the classes.
    pub balanced_accuracy: f64,
    /// What guessing reaches.
    pub chance: f64,
    /// The standard deviation of guesses around it.
    pub deviation: f64,
}

impl FactAccuracy {
    /// How far it is from chance (0) to certainty (1); 0 where guesses reach as much.
    pub fn share(&self) -> f64 {
        /// So many standard deviations guesses do not reach, though several facts are tried.
        const DEVIATIONS: f64 = 4.0;
        let above = self.balanced_accuracy - self.chance;
        match above > DEVIATIONS * self.deviation {
            true => above / (1.0 - self.chance),
            false => 0.0,
        }
    }
}

/// Folds of the cross-validation, fewer where there are fewer speakers.
const FOLDS: usize = 5;

/// The balanced accuracy of the nearest class mean of a number, or of the class whose utterances have a value most
/// often, on speakers that were left out. None with fewer than two speakers or classes.
///
/// What a classifier cannot decide, a value that it has not seen or that two classes have as often, counts as a guess.
pub fn telling(observations: &[Observation<'_>]) -> Option<FactAccuracy> {
    let speakers: BTreeSet<&str> = observations.iter().map(|o| o.speaker).collect();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for observation in observations {
        *counts.entry(observation.class).or_default() += 1;
    }
    if speakers.len() < 2 || counts.len() < 2 {
        return None;
    }
    let folds = speakers.len().min(FOLDS);
    let fold_of: BTreeMap<&str, usize> = speakers
        .into_iter()
        .enumerate()
        .map(|(position, speaker)| (speaker, position % folds))
        .collect();
    let classes: Vec<usize> = counts.keys().copied().collect();
    let mut right: BTreeMap<usize, f64> = BTreeMap::new();
    for fold in 0..folds {
        let (held_out, training): (Vec<_>, Vec<_>) = observations
            .iter()
            .partition(|o| fold_of[o.speaker] == fold);
        let classifier = Classifier::fit(&training);
        for observation in held_out {
            *right.entry(observation.class).or_default() +=
                classifier.credit(observation, &classes);
        }
    }
    let number = classes.len() as f64;
    let recalls = counts
        .iter()
        .map(|(class, &count)| right.get(class).copied().unwrap_or_default() / count as f64);
    let chance = 1.0 / number;
    let variance: f64 = counts
        .values()
        .map(|&count| chance * (1.0 - chance) / count as f64)
        .sum();
    Some(FactAccuracy {
        balanced_accuracy: recalls.sum::<f64>() / number,
        chance,
        deviation: variance.sqrt() / number,
    })
}

/// What training says of each class.
struct Classifier<'a> {
    /// Mean of the numbers of each class.
    means: BTreeMap<usize, f64>,
    /// How often each class has each value, of 1.
    shares: BTreeMap<&'a str, BTreeMap<usize, f64>>,
}

impl<'a> Classifier<'a> {
    fn fit(training: &[&'a Observation<'a>]) -> Self {
        let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
        for observation in training {
            *counts.entry(observation.class).or_default() += 1.0;
        }
        let mut means: BTreeMap<usize, f64> = BTreeMap::new();
        let mut shares: BTreeMap<&str, BTreeMap<usize, f64>> = BTreeMap::new();
        for observation in training {
            let share = 1.0 / counts[&observation.class];
            match &observation.fact {
                Fact::Number(number) => {
                    *means.entry(observation.class).or_default() += number * share;
                }
                Fact::Value(value) => {
                    let of_value = shares.entry(value).or_default();
                    *of_value.entry(observation.class).or_default() += share;
                }
            }
        }
        Self { means, shares }
    }

    /// 1 for a right answer, 0 for a wrong one, and the share of a guess among the best ones.
    fn credit(&self, observation: &Observation<'_>, classes: &[usize]) -> f64 {
        let fit = |class: usize| match &observation.fact {
            Fact::Number(number) => {
                let mean = self.means.get(&class)?;
                Some(-(number - mean).abs())
            }
            Fact::Value(value) => self.shares.get(&**value)?.get(&class).copied(),
        };
        let best = classes
            .iter()
            .filter_map(|&class| fit(class))
            .fold(f64::NEG_INFINITY, f64::max);
        // Sums of the same shares in another order differ in their last bits.
        let is_best = |class: usize| match fit(class) {
            Some(fit) => (best - fit).abs() <= 1e-9 * best.abs(),
            None => best == f64::NEG_INFINITY,
        };
        match is_best(observation.class) {
            true => 1.0 / classes.iter().filter(|&&class| is_best(class)).count() as f64,
            false => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(facts: impl Iterator<Item = (usize, usize, Fact)>) -> FactAccuracy {
        let speakers: Vec<String> = (0..20).map(|n| format!("s{n:02}")).collect();
        let observations: Vec<Observation<'_>> = facts
            .map(|(speaker, class, fact)| Observation {
                speaker: &speakers[speaker],
                class,
                fact,
            })
            .collect();
        telling(&observations).unwrap()
    }

    #[test]
    fn a_fact_that_differs_between_classes_tells_them_and_one_that_does_not_is_chance() {
        let each = || (0..120).map(|n| (n % 10, n / 10 % 3));
        let number = told(each().map(|(s, c)| (s, c, Fact::Number(c as f64 + s as f64 / 100.0))));
        assert_eq!((number.balanced_accuracy, number.share()), (1.0, 1.0));
        let rate = told(each().map(|(s, c)| (s, c, Fact::Value(format!("{}", c.min(1))))));
        assert!(
            (rate.balanced_accuracy - 2.0 / 3.0).abs() < 1e-9,
            "{rate:?}"
        );
        let constant = told(each().map(|(s, c)| (s, c, Fact::Value("16000".into()))));
        assert!((constant.balanced_accuracy - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(constant.share(), 0.0);
        let unrelated = told(each().map(|(s, c)| (s, c, Fact::Number((s * 7 % 5) as f64))));
        assert_eq!(unrelated.share(), 0.0, "{unrelated:?}");
    }

    #[test]
    fn a_value_that_only_one_speaker_has_tells_nothing_of_others() {
        let speakers =
            (0..10).flat_map(|s| (0..4).map(move |_| (s, s % 2, Fact::Value(s.to_string()))));
        let of_speaker = told(speakers);
        assert_eq!(of_speaker.balanced_accuracy, 0.5);
    }
}
