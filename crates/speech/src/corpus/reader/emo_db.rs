//! Emo-DB: `SSTTTEV.wav`, speaker (2 digits), text (3), emotion letter, take letter.

use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::{CorpusError, walk};

use super::folder_names;
use super::options::Options;

pub(super) fn list(draft: &mut Draft<'_>, _: &Options<'_>) -> Result<(), CorpusError> {
    for file in &walk::audio_files(draft, &[]) {
        let Some((speaker, text, label, take)) = parse(file.stem()) else {
            draft.drop_bad(
                &file.relative,
                "its name does not match <speaker><text><emotion><take>, such as 03a01Fa"
                    .to_string(),
            );
            continue;
        };
        folder_names::compare_label(draft, file, &label);
        // The names tell no gender; `genders` of corpora.toml does.
        draft.add(Candidate {
            columns: vec![("text", text), ("take", take)],
            ..file.candidate(speaker, &label)
        });
    }
    Ok(())
}

/// Speaker, text, emotion letter in upper case, and take.
fn parse(stem: &str) -> Option<(&str, &str, String, &str)> {
    let &[s1, s2, text, t1, t2, emotion, take] = stem.as_bytes() else {
        return None;
    };
    let digits = [s1, s2, t1, t2].iter().all(u8::is_ascii_digit);
    let letters = [text, emotion, take].iter().all(u8::is_ascii_alphabetic);
    let label = char::from(emotion.to_ascii_uppercase()).to_string();
    (digits && letters).then_some((stem.get(..2)?, stem.get(2..5)?, label, stem.get(6..)?))
}
