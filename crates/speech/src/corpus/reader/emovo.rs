//! EMOVO: `<emotion>-<speaker>-<sentence>.wav` in a folder a speaker; the speaker's first letter is the gender.

use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::{CorpusError, Gender, walk};

use super::folder_names;
use super::options::Options;

const SPEAKERS: [&str; 6] = ["f1", "f2", "f3", "m1", "m2", "m3"];

pub(super) fn list(draft: &mut Draft<'_>, _: &Options<'_>) -> Result<(), CorpusError> {
    for file in &walk::audio_files(draft, &[]) {
        let Some((label, speaker, sentence)) = parse(file.stem()) else {
            draft.drop_bad(
                &file.relative,
                "its name does not match <emotion>-<f1 to m3>-<sentence>".to_string(),
            );
            continue;
        };
        let folder = file.folder();
        let folder_is_speaker = SPEAKERS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(folder));
        if folder_is_speaker && !folder.eq_ignore_ascii_case(&speaker) {
            folder_names::disagree(draft, file, "speaker", &speaker);
        }
        folder_names::compare_label(draft, file, &label);
        let gender = if speaker.starts_with('f') {
            Gender::Female
        } else {
            Gender::Male
        };
        draft.add(Candidate {
            gender: Some(gender),
            columns: vec![("text", sentence)],
            ..file.candidate(&speaker, &label)
        });
    }
    Ok(())
}

/// Label and speaker in lower case, and sentence.
fn parse(stem: &str) -> Option<(String, String, &str)> {
    let mut parts = stem.split('-');
    let label = parts.next()?.to_ascii_lowercase();
    let speaker = parts.next()?.to_ascii_lowercase();
    let sentence = parts.next()?;
    let is_label = label.len() == 3 && label.bytes().all(|b| b.is_ascii_lowercase());
    (parts.next().is_none()
        && is_label
        && SPEAKERS.contains(&speaker.as_str())
        && !sentence.is_empty())
    .then_some((label, speaker, sentence))
}
