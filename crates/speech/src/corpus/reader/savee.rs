//! SAVEE: `<speaker>/<emotion>NN.wav`, or flat `<speaker>_<emotion>NN.wav`; four male speakers.

use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::{CorpusError, walk};

use super::folder_names;
use super::options::Options;

const SPEAKERS: [&str; 4] = ["DC", "JE", "JK", "KL"];

pub(super) fn list(draft: &mut Draft<'_>, _: &Options<'_>) -> Result<(), CorpusError> {
    for file in &walk::audio_files(draft, &[]) {
        let folder_speaker = file.folders().rev().find_map(speaker_of);
        let (name_speaker, rest) = match file.stem().split_once('_') {
            Some((speaker, rest)) => (speaker_of(speaker), rest),
            None => (None, file.stem()),
        };
        let named_otherwise = file.stem().contains('_') && name_speaker.is_none();
        let Some((label, number)) = label_of(rest).filter(|_| !named_otherwise) else {
            draft.drop_bad(
                &file.relative,
                "its name does not match <emotion>NN or <speaker>_<emotion>NN, such as DC_sa01"
                    .to_string(),
            );
            continue;
        };
        let Some(speaker) = name_speaker.or(folder_speaker) else {
            let reason = "neither its name nor its folder gives the speaker (DC, JE, JK, KL)";
            draft.drop_bad(&file.relative, reason.to_string());
            continue;
        };
        if folder_speaker.is_some_and(|folder| folder != speaker) {
            folder_names::disagree(draft, file, "speaker", speaker);
        }
        folder_names::compare_label(draft, file, &label);
        draft.add(Candidate {
            columns: vec![("number", number)],
            ..file.candidate(speaker, &label)
        });
    }
    Ok(())
}

fn speaker_of(text: &str) -> Option<&'static str> {
    SPEAKERS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(text))
}

/// The letters before the two digits, in lower case, and the digits.
fn label_of(name: &str) -> Option<(String, &str)> {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = name.get(letters.len()..)?;
    let is_label =
        (1..=2).contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_alphabetic());
    (is_label && digits.len() == 2).then(|| (letters.to_ascii_lowercase(), digits))
}
