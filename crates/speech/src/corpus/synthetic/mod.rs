//! Synthetic corpora: emotional pseudo-speech from a small source-filter synthesiser.
//!
//! A corpus is a list of speakers, each of whom says `utterances_per_label` utterances for every label of
//! the corpus's label map. Nothing is read from disk: each [`Entry`] carries the
//! [`SyntheticUtterance`] from which its samples follow.
//!
//! | layer | file | what differs |
//! |---|---|---|
//! | sounds | `phone`, `language` | vowels, syllables, rhythm and tune of a language |
//! | voice | `speaker`, `voice` | pitch, tract length, glottal pulse, noise |
//! | emotion | `expression`, `phrase` | pitch, range, tempo, energy, voice quality, pauses |
//! | recording | `channel` | room, noise, microphone, level, sampling rate |
//!
//! Every number comes from ChaCha8 streams seeded by BLAKE3 of names, and from arithmetic that is the same
//! on every machine ([`pipe_foundation::exact`]), so the samples are too. More speakers or utterances never change those
//! that were there.

mod channel;
mod error;
mod expression;
mod language;
mod nearest;
mod options;
mod phone;
mod phrase;
mod random;
mod speaker;
mod utterance;
mod voice;

pub use channel::{Channel, Noise, Room};
pub use error::SyntheticError;
pub use expression::Expression;
pub use language::Language;
pub use speaker::Speaker;
pub use utterance::{SyntheticUtterance, VERSION};

use std::collections::BTreeMap;
use std::sync::Arc;

use super::shared_texts::SharedTexts;
use super::{
    AudioSource, CorpusConfig, CorpusError, DropCause, Dropped, Entry, Gender, LabelMap, Labels,
    ListOptions, Listing, Mapped, Split, Utterance,
};
use nearest::by_name;
use options::Options;
use random::Stream;

/// The `reader` of a synthetic corpus in `corpora.toml`.
pub const READER: &str = "synthetic";

/// Spread of one speaker's way to express one emotion around the typical way.
const STYLE: f64 = 0.15;
/// Spread of single performances around the speaker's way.
const PERFORMANCE: f64 = 0.1;

/// Everything in the synthetic corpus `name`, sorted by utterance id.
///
/// Options in `config.options`: `seed`, `speakers`, `utterances_per_label`, `rate_hz`, `languages`, `room`
/// (none, studio, office, kitchen, hall), `noise` (white, pink, brown), `snr_db`, `tilt_db`, `level_db`,
/// `strength`. Labels are those of [`Expression::labels`].
///
/// # Errors
/// An option that is unknown or out of range, a label nobody can express, or an empty or ambiguous label
/// map.
pub fn list(
    name: &str,
    config: &CorpusConfig,
    list_options: &ListOptions,
) -> Result<Listing, CorpusError> {
    let options = Options::read(name, config)?;
    let labels = labels(name, config, list_options)?;
    let utterances = utterances(&options, labels.len());
    if let Some(limit) = list_options.made_items
        && utterances > limit.most
    {
        return Err(SyntheticError::too_many(name, utterances, limit).into());
    }
    let corpus_seed = random::seed(&["corpus", name, &options.seed.to_string()]);
    let channel = Channel {
        room: options.room,
        room_seed: corpus_seed,
        noise: options.noise,
        snr_db: options.snr_db,
        tilt_db: options.tilt_db,
        level_db: options.level_db,
    };
    let mut listing = Listing::default();
    let mut texts = SharedTexts::default();
    for number in 0..options.speakers {
        let (gender, letter) = if number % 2 == 0 {
            (Gender::Female, 'f')
        } else {
            (Gender::Male, 'm')
        };
        let speaker_name = format!("{letter}{:02}", number / 2 + 1);
        let language = options.languages[number % options.languages.len()];
        let seed_of = |names: &[&str]| {
            let mut all = vec![speaker_name.as_str()];
            all.extend(names);
            random::seed(&[&corpus_seed.to_string(), &all.join("/")])
        };
        let speaker = Speaker::draw(gender, seed_of(&[]));
        listing.speakers.insert(speaker_name.clone());
        let unique_speaker: Arc<str> = format!("{name}/{speaker_name}").into();
        for (label, full, mapped) in &labels {
            *listing.labels.entry((*label).to_string()).or_default() +=
                options.utterances_per_label;
            let mut style = Stream::new(seed_of(&[label]), "style");
            let strength = options.strength * speaker.strength;
            let own = full.performed(strength, STYLE, &mut style);
            for take in 1..=options.utterances_per_label {
                let stem = format!("{speaker_name}_{label}_{take:02}");
                let Some(class) = mapped else {
                    listing.dropped.push(Dropped {
                        what: stem,
                        reason: format!("label {label} is mapped to dropped"),
                        cause: DropCause::Choice,
                    });
                    continue;
                };
                let seed = seed_of(&[label, &take.to_string()]);
                let mut stream = Stream::new(seed, "performance");
                let expression = own
                    .performed(stream.between(0.85, 1.15), PERFORMANCE, &mut stream)
                    .with_incidental_change(&mut stream);
                listing.entries.push(Entry {
                    utterance: Utterance {
                        id: format!("{name}/{stem}"),
                        corpus: texts.get(name),
                        speaker: unique_speaker.clone(),
                        gender: Some(gender),
                        language: texts.get(language.tag()),
                        label: texts.get(label),
                        class: class.clone(),
                        votes: None,
                        columns: None,
                        split: Split::Train,
                    },
                    content: None,
                    place: None,
                    source: AudioSource::Synthetic(Box::new(SyntheticUtterance {
                        rate_hz: options.rate_hz,
                        language,
                        speaker: speaker.clone(),
                        expression,
                        channel: channel.clone(),
                        seed,
                    })),
                });
            }
        }
    }
    listing
        .entries
        .sort_by(|a, b| a.utterance.id.cmp(&b.utterance.id));
    Ok(listing)
}

/// How many utterances a corpus has, those with labels that are left out included. Nothing is listed.
///
/// # Errors
/// As [`list`].
pub fn count(
    name: &str,
    config: &CorpusConfig,
    list_options: &ListOptions,
) -> Result<u64, CorpusError> {
    let options = Options::read(name, config)?;
    let labels = labels(name, config, list_options)?;
    Ok(utterances(&options, labels.len()))
}

fn utterances(options: &Options, labels: usize) -> u64 {
    let each = options.speakers * options.utterances_per_label;
    each as u64 * labels as u64
}

/// Each label with its expression and class, none where it is dropped; the class is none where the task has no classes.
type LabelPlan<'a> = (&'a str, Expression, Option<Option<Arc<str>>>);

/// The labels that any of the corpus's class maps has.
fn labels<'a>(
    name: &str,
    config: &'a CorpusConfig,
    options: &ListOptions,
) -> Result<Vec<LabelPlan<'a>>, CorpusError> {
    let map = LabelMap::new(name, config, &options.classes, &options.class_maps)?;
    let problem = |problem: String| SyntheticError::Labels {
        corpus: name.to_string(),
        problem,
    };
    let Labels {
        positive,
        neutral,
        negative,
        dropped,
        others,
    } = &config.labels;
    let own = [positive, neutral, negative, dropped];
    let own = own.into_iter().chain(others.values());
    let mut plan: Vec<LabelPlan<'a>> = Vec::new();
    let others = config.classes.values().flat_map(BTreeMap::values);
    for (is_other, label) in (own.flatten().map(|label| (false, label)))
        .chain(others.flatten().map(|label| (true, label)))
    {
        if plan.iter().any(|(known, ..)| known == label) {
            if is_other {
                continue;
            }
            return Err(problem(format!("label `{label}` is mapped twice")).into());
        }
        let expression = Expression::of(label).ok_or_else(|| SyntheticError::UnknownLabel {
            corpus: name.to_string(),
            label: label.clone(),
            valid: by_name(label, Expression::labels()).join(", "),
        })?;
        plan.push((
            label,
            expression,
            match map.look_up(label) {
                Mapped::Class(class) => Some(Some(class)),
                Mapped::NoClass => Some(None),
                Mapped::Dropped | Mapped::Unknown => None,
            },
        ));
    }
    if plan.iter().all(|(.., class)| class.is_none()) {
        return Err(problem("the label map has no label to synthesise".to_string()).into());
    }
    Ok(plan)
}

#[cfg(test)]
mod tests;
