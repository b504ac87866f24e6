//! TESS: `<OAF|YAF>_<word>_<emotion>.wav`, flat or in 14 unevenly named folders.

use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::labels::normalise;
use crate::corpus::{CorpusError, walk};

use super::folder_names;
use super::options::Options;

pub(super) fn list(draft: &mut Draft<'_>, _: &Options<'_>) -> Result<(), CorpusError> {
    for file in &walk::audio_files(draft, &[]) {
        let Some((written, speaker, word, label)) = parse(file.stem()) else {
            draft.drop_bad(
                &file.relative,
                "its name does not match <OAF or YAF>_<word>_<emotion>".to_string(),
            );
            continue;
        };
        if !written.eq_ignore_ascii_case(speaker) {
            draft.note(
                format!("speaker {written} is read as {speaker}"),
                &file.relative,
            );
        }
        if let Some((folder_speaker, folder_label)) = folder(file.folder()) {
            if folder_speaker != speaker {
                folder_names::disagree(draft, file, "speaker", speaker);
            }
            if folder_label != label {
                folder_names::disagree(draft, file, "label", &label);
            }
        }
        draft.add(Candidate {
            columns: vec![("text", word)],
            ..file.candidate(speaker, &label)
        });
    }
    Ok(())
}

/// Speaker as written, speaker, word, and label in lower case.
fn parse(stem: &str) -> Option<(&str, &'static str, &str, String)> {
    let (written, rest) = stem.split_once('_')?;
    let (word, emotion) = rest.rsplit_once('_')?;
    let letters = !emotion.is_empty() && emotion.bytes().all(|b| b.is_ascii_alphabetic());
    (!word.is_empty() && letters).then(|| {
        Some((
            written,
            speaker_of(written)?,
            word,
            emotion.to_ascii_lowercase(),
        ))
    })?
}

/// The distribution names one file of OAF `OA_bite_neutral`.
fn speaker_of(text: &str) -> Option<&'static str> {
    match text.to_ascii_uppercase().as_str() {
        "OAF" | "OA" => Some("OAF"),
        "YAF" => Some("YAF"),
        _ => None,
    }
}

/// Speaker and label of a folder such as `YAF_pleasant_surprised`.
fn folder(name: &str) -> Option<(&'static str, String)> {
    let (speaker, emotion) = name.split_once('_')?;
    let label = match normalise(emotion).as_str() {
        "pleasant surprise" | "pleasant surprised" => "ps".to_string(),
        other => other.to_string(),
    };
    Some((speaker_of(speaker)?, label))
}
