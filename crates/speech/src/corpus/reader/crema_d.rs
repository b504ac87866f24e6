//! CREMA-D: `<actor>_<sentence>_<emotion>_<intensity>.wav`, gender in `VideoDemographics.csv`.

use std::collections::HashMap;
use std::path::Path;

use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::{CorpusError, Gender, walk};

use super::folder_names;
use super::options::Options;

/// Lossy and video copies of the same recordings in the publisher's tree.
const PASS_OVER: [&str; 2] = ["audiomp3", "videoflash"];

/// The intensity where none was asked for.
const UNKNOWN: &str = "XX";

const DEMOGRAPHICS: &str = "VideoDemographics.csv";

pub(super) fn list(draft: &mut Draft<'_>, _: &Options<'_>) -> Result<(), CorpusError> {
    let mut files = walk::files(draft, &PASS_OVER);
    walk::pass_over_copies(draft, &mut files);
    let demographics = files
        .iter()
        .find(|file| file.name().eq_ignore_ascii_case(DEMOGRAPHICS))
        .cloned();
    let genders = match demographics {
        Some(file) => genders(draft, &file.path, &file.relative),
        None => {
            draft.warn(format!(
                "{DEMOGRAPHICS} is missing: it gives the actors' gender"
            ));
            HashMap::new()
        }
    };
    files.retain(walk::FoundFile::is_audio);
    for file in &files {
        let Some(mut name) = Name::parse(file.stem()) else {
            draft.drop_bad(
                &file.relative,
                "its name does not match <actor 1001-1091>_<sentence>_<emotion>_<intensity>"
                    .to_string(),
            );
            continue;
        };
        if name.intensity.eq_ignore_ascii_case("X") {
            draft.note(
                "intensity X, written by old mirrors, is read as XX".into(),
                &file.relative,
            );
            name.intensity = UNKNOWN;
        }
        let label = name.emotion.to_ascii_uppercase();
        folder_names::compare_label(draft, file, &label);
        draft.add(Candidate {
            gender: genders.get(name.actor).copied(),
            columns: vec![("text", name.sentence), ("intensity", name.intensity)],
            ..file.candidate(name.actor, &label)
        });
    }
    Ok(())
}

/// Whether a name without extension is that of a recording of CREMA-D with the intensity `X`, as old mirrors write `XX`.
pub(in crate::corpus) fn is_of_old_mirror(stem: &str) -> bool {
    Name::parse(stem).is_some_and(|name| name.intensity.eq_ignore_ascii_case("X"))
}

struct Name<'a> {
    actor: &'a str,
    sentence: &'a str,
    emotion: &'a str,
    intensity: &'a str,
}

impl<'a> Name<'a> {
    fn parse(stem: &'a str) -> Option<Self> {
        let mut parts = stem.split('_');
        let (actor, sentence) = (parts.next()?, parts.next()?);
        let (emotion, intensity) = (parts.next()?, parts.next()?);
        let letters = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic());
        let known = ["LO", "MD", "HI", "XX", "X"]
            .iter()
            .any(|known| intensity.eq_ignore_ascii_case(known));
        let is_actor = actor.len() == 4
            && actor
                .parse::<u16>()
                .is_ok_and(|number| (1001..=1091).contains(&number));
        (parts.next().is_none() && is_actor && letters(sentence) && letters(emotion) && known)
            .then_some(Self {
                actor,
                sentence,
                emotion,
                intensity,
            })
    }
}

/// Actor to gender, from the columns `ActorID` and `Sex`.
fn genders(draft: &mut Draft<'_>, path: &Path, relative: &str) -> HashMap<String, Gender> {
    let mut genders = HashMap::new();
    let bytes = match draft.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            if !draft.note_fault(relative, &error) {
                draft.warn(format!("{relative} cannot be read: {error}"));
            }
            return genders;
        }
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
    let column = |headers: &csv::ByteRecord, name: &[u8]| {
        headers
            .iter()
            .position(|header| header.eq_ignore_ascii_case(name))
    };
    let columns = reader
        .byte_headers()
        .ok()
        .and_then(|headers| Some((column(headers, b"ActorID")?, column(headers, b"Sex")?)));
    let Some((actor_column, sex_column)) = columns else {
        draft.warn(format!(
            "{relative} has no columns ActorID and Sex: genders are unknown"
        ));
        return genders;
    };
    for record in reader.byte_records() {
        let Ok(record) = record else { break };
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column| {
            record
                .get(column)
                .and_then(|field| std::str::from_utf8(field).ok())
        };
        match (
            field(actor_column),
            field(sex_column).and_then(Gender::parse),
        ) {
            (Some(actor), Some(gender)) => {
                genders.insert(actor.to_string(), gender);
            }
            _ => draft.warn(format!("{relative}:{line}: no actor and sex in this line")),
        }
    }
    genders
}
