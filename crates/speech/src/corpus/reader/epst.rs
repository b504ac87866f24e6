//! EPST (LDC2002S28): whole sessions in SPHERE files, utterances and labels in transcripts of the same stem.

use std::collections::BTreeSet;

use crate::corpus::CorpusError;
use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::labels::Mapped;
use crate::corpus::walk::{self, FoundFile};

use super::options::Options;
use super::segment::segment_name;

mod transcript;

use transcript::Line;

/// `channel`: the microphone channel to take, counted from 0 (default 0).
pub(super) const OPTIONS: &[&str] = &["channel"];

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    let channel = options.index("channel")?.unwrap_or(0);
    let help = "set it to 0 or 1: the sessions have two channels";
    if channel > 1 {
        return Err(options.error("channel", format!("cannot be {channel}"), help));
    }
    let mut files = walk::files(draft, &[]);
    walk::pass_over_copies(draft, &mut files);
    let (mut audio, mut transcripts) = (Vec::new(), Vec::new());
    for file in &files {
        match speaker_of(file.stem()) {
            Some(_) if file.is_audio() => audio.push(file),
            Some(_) if file.has_extension("txt") => transcripts.push(file),
            None if file.is_audio() => {
                let reason = "its name does not match <speaker>_<session>, such as cc_001";
                draft.drop_bad(&file.relative, reason.to_string());
            }
            _ => {}
        }
    }
    let mut used = BTreeSet::new();
    for file in audio {
        match nearest(file, &transcripts) {
            Some(transcript) => {
                used.insert(&transcript.relative);
                session(draft, file, transcript, channel);
            }
            None => draft.drop_missing(
                &file.relative,
                "it has no transcript with this name".to_string(),
            ),
        }
    }
    for transcript in transcripts {
        if !used.contains(&transcript.relative) {
            let reason = "it is the transcript of a missing session";
            draft.drop_missing(&transcript.relative, reason.to_string());
        }
    }
    Ok(())
}

/// Adds the utterances of one session.
fn session(draft: &mut Draft<'_>, audio: &FoundFile, transcript: &FoundFile, channel: u16) {
    let Some(speaker) = speaker_of(audio.stem()) else {
        return;
    };
    let speaker = speaker.to_ascii_lowercase();
    let text = match draft.read(&transcript.path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            draft.drop_unreadable(&transcript.relative, &error);
            return;
        }
    };
    for (number, line) in transcript::lines(&text) {
        let place = format!("{}:{number}", transcript.relative);
        match line {
            Line::Passed => {}
            Line::Odd(reason) => {
                draft.warn(format!("{place}: {reason}"));
                draft.drop_bad(&place, reason.to_string());
            }
            Line::Utterance {
                start_s,
                end_s,
                label,
            } => {
                if draft.labels().look_up(&label) == Mapped::Unknown {
                    draft.warn(format!("{place}: `{label}` is not a known emotion"));
                }
                draft.add(Candidate {
                    id: format!("{}/{}", audio.id(), segment_name(start_s, end_s)),
                    path: audio.path.clone(),
                    speaker: &speaker,
                    gender: None,
                    language: None,
                    label: &label,
                    segment_s: Some((start_s, end_s)),
                    channel: Some(channel),
                    content: None,
                    votes: None,
                    columns: vec![("session", audio.stem())],
                    place: &place,
                });
            }
        }
    }
}

/// `cc` of `cc_001`.
fn speaker_of(stem: &str) -> Option<&str> {
    let (speaker, session) = stem.split_once('_')?;
    let letters = !speaker.is_empty() && speaker.bytes().all(|b| b.is_ascii_alphabetic());
    let digits = !session.is_empty() && session.bytes().all(|b| b.is_ascii_digit());
    (letters && digits).then_some(speaker)
}

/// The transcript of the same stem that shares the most folders with `audio`, so that a nested
/// second copy of the tree keeps to itself; the first by path among equals.
fn nearest<'f>(audio: &FoundFile, transcripts: &[&'f FoundFile]) -> Option<&'f FoundFile> {
    let shared = |other: &FoundFile| {
        audio
            .folders()
            .zip(other.folders())
            .take_while(|(a, b)| a == b)
            .count()
    };
    transcripts
        .iter()
        .filter(|t| t.stem().eq_ignore_ascii_case(audio.stem()))
        .max_by_key(|t| {
            (
                shared(t),
                std::cmp::Reverse(t.folders().count()),
                std::cmp::Reverse(&t.relative),
            )
        })
        .copied()
}
