//! Speakers and audio of training that are tested on, and those of validation: found by what is listed.

use std::collections::BTreeSet;

use pipe_engine::manifest::Diagnostic;
use pipe_engine::stage::Foresight;
use pipe_speech::corpus::Split;
use pipe_speech::corpus::leaks::{self, Item, Part};

use crate::items::UtteranceItem;
use crate::stage::leak_policy::{Leak, LeakError, LeakKind, LeakPolicy, first_few};

use super::listed::Listed;

/// Leaks between what a model is trained on and what it is tested on.
pub fn of_evaluation(trained: &[Listed<'_>], tested: &[Listed<'_>]) -> Vec<Leak> {
    const SEEN: [Split; 2] = [Split::Train, Split::Validation];
    let mut speakers = BTreeSet::new();
    let mut audio = BTreeSet::new();
    for own in tested {
        for model in trained {
            for split in SEEN {
                let (heard, seen) = (&own.details.heard, &model.details.heard);
                speakers.extend(heard.shared_speakers(Split::Test, seen, split));
                let shared = heard.shared_audio(Split::Test, seen, split);
                audio.extend(shared.map(|(item, first)| {
                    let id = |listed: &Listed<'_>, position: usize| {
                        listed.listing.items[position].utterance().id.clone()
                    };
                    (id(own, item), id(model, first))
                }));
            }
        }
    }
    let speakers = speakers.into_iter().map(|speaker| Leak {
        kind: LeakKind::Speaker,
        what: format!("speaker {speaker} was in training"),
    });
    let audio = audio.into_iter().map(|(id, seen)| Leak {
        kind: LeakKind::Audio,
        what: format!("{id} has the same audio as {seen}, which was in training"),
    });
    speakers.chain(audio).collect()
}

/// Leaks between training and validation.
pub fn of_training(listed: &[Listed<'_>]) -> Vec<Leak> {
    let overlap = |one: &Listed<'_>, other: &Listed<'_>| {
        let (train, validation) = (&one.details.heard, &other.details.heard);
        let (own, theirs) = (Split::Train, Split::Validation);
        let mut speakers = train.shared_speakers(own, validation, theirs);
        let mut audio = train.shared_audio(own, validation, theirs);
        speakers.next().is_some() || audio.next().is_some()
    };
    let mut others = listed.iter();
    if !others.any(|one| listed.iter().any(|other| overlap(one, other))) {
        return Vec::new();
    }
    let items = listed.iter().flat_map(|listed| &listed.listing.items);
    let items: Vec<Item<'_>> = items
        .map(|item| Item {
            utterance: item.utterance(),
            audio: item.digest,
        })
        .collect();
    let parts = [Split::Train, Split::Validation].map(|split| Part::of_split(split, &items));
    let found = leaks::find(&parts);
    let found = found.iter().filter(|finding| finding.is_leak());
    found
        .map(|finding| Leak {
            kind: LeakKind::of_finding(finding),
            what: finding.to_string(),
        })
        .collect()
}

/// Refuses leaks that the step does not put up with. Of the others it warns where `is_told_of` says that nobody has yet.
pub fn judge(leaks: &[Leak], policy: &LeakPolicy, is_told_of: bool, foresight: &mut Foresight) {
    if let Err(refused) = policy.allow(leaks) {
        let error = LeakError::from(refused);
        let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
        foresight.refusal = Some(
            Diagnostic::new("data::leak", error.to_string())
                .about("leaks", "what this step brings together")
                .help_if(help),
        );
    } else if !leaks.is_empty() && !is_told_of {
        let told: Vec<&str> = leaks.iter().map(|leak| leak.what.as_str()).collect();
        foresight.warnings.push(format!(
            "training and held-out data overlap, which `leaks` puts up with: {}",
            first_few(&told)
        ));
    }
}
