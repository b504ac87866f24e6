//! The columns of a study: its tests.

use crate::ReportEntry;

use super::test_set::{Test, corpora_of};
use super::{StudyTest, TestRole};

/// The tests: all corpora that folds leave out together, unseen corpora, all training corpora together, then each of them.
pub(super) fn tests(entries: &[&ReportEntry]) -> Vec<(Test, StudyTest)> {
    let (inside, outside): (Vec<_>, Vec<_>) = corpora_of(entries)
        .into_iter()
        .partition(|(_, role)| *role == TestRole::InDomain);
    let mut tests: Vec<(Test, TestRole, bool)> = Vec::new();
    let leaves_out = entries.iter().any(|entry| entry.leaves_corpora_out());
    if leaves_out && outside.len() > 1 {
        tests.push((Test::AllFolds, TestRole::Unseen, true));
    }
    for (corpus, role) in outside {
        tests.push((Test::Corpus(corpus), role, true));
    }
    // A single corpus of the training is the same as all of them.
    let several = inside.len() > 1;
    if several {
        tests.push((Test::InDomain, TestRole::InDomain, true));
    }
    for (corpus, _) in inside {
        tests.push((Test::Corpus(corpus), TestRole::InDomain, !several));
    }
    tests
        .into_iter()
        .map(|(test, role, headline)| {
            let facts = facts(entries, &test, role, headline);
            (test, facts)
        })
        .collect()
}

fn facts(entries: &[&ReportEntry], test: &Test, role: TestRole, headline: bool) -> StudyTest {
    let first = entries
        .iter()
        .find_map(|entry| Some((*entry, test.metrics(entry)?)));
    let speakers = first
        .as_ref()
        .map_or(0, |(entry, _)| test.speakers(entry).0.speakers());
    let times_tested = match (&first, test) {
        (Some((entry, _)), Test::Corpus(corpus)) => entry.times_tested(corpus),
        _ => 1,
    };
    let metrics = first.map(|(_, metrics)| metrics);
    StudyTest {
        name: test.name().into(),
        classes: Vec::new(),
        role,
        headline,
        utterances: metrics
            .as_ref()
            .map_or(0, |metrics| metrics.utterances / times_tested.max(1)),
        speakers,
        chance_ua: metrics.as_ref().and_then(|metrics| metrics.chance_ua),
        majority: metrics.and_then(|metrics| metrics.majority),
    }
}
