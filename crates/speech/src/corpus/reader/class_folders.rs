//! Recordings whose folders and names say class and speaker, by a pattern such as `{emotion}/{speaker}_*`.

use crate::corpus::draft::Draft;
use crate::corpus::walk::FoundFile;
use crate::corpus::{CorpusError, Gender, walk};

use super::options::Options;
use super::path_pattern::{PathPattern, PatternError};

/// - `pattern`: what a path below the corpus folder, without its extension, tells: `{emotion}`, `{speaker}`, `{gender}` and
///   `{language}` are parts of one name, others are columns that utterances may keep, `*` is any part of a name, `**/` any
///   folders; `**/{emotion}/*` by default, which is the name of the folder that a file is in,
/// - `speaker`: `"file"` to count each file as a speaker, where the pattern has none.
pub(super) const OPTIONS: &[&str] = &["pattern", "speaker"];

const FIELDS: [&str; 4] = ["emotion", "speaker", "gender", "language"];

const DEFAULT_PATTERN: &str = "**/{emotion}/*";

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    let written = options.text("pattern")?.unwrap_or(DEFAULT_PATTERN);
    let pattern = PathPattern::parse(written).map_err(|error| {
        let PatternError { reason, help } = error;
        options.error("pattern", reason, &help)
    })?;
    if !pattern.has("emotion") && draft.needs_labels() {
        let help = "write `{emotion}` where the class is: pattern = \"{emotion}/{speaker}_*\"; or set `classes = \"none\"` of the ingest stage";
        return Err(options.error("pattern", "has no {emotion}", help));
    }
    let speaker_is_file = match options.text("speaker")? {
        None => false,
        Some("file") => true,
        Some(other) => {
            let help = "set it to \"file\", or write `{speaker}` in `pattern`";
            return Err(options.error("speaker", format!("cannot be `{other}`"), help));
        }
    };
    if pattern.has("speaker") == speaker_is_file {
        let (reason, help) = match speaker_is_file {
            true => (
                "is \"file\", and `pattern` has a speaker too",
                "remove one of them",
            ),
            false => (
                "is missing, and `pattern` has no {speaker}",
                "write `{speaker}` in `pattern` where the speaker is, such as \"{emotion}/{speaker}_*\"; or set speaker = \"file\" to count each file as a speaker of its own: then the same voice may be in training and test data",
            ),
        };
        return Err(options.error("speaker", reason, help));
    }
    for file in &walk::audio_files(draft, &[]) {
        add(draft, file, &pattern, written);
    }
    Ok(())
}

fn add(draft: &mut Draft<'_>, file: &FoundFile, pattern: &PathPattern, written: &str) {
    let Some(found) = pattern.matched(file.id()) else {
        draft.drop_bad(
            &file.relative,
            format!("its path does not match the pattern {written}"),
        );
        return;
    };
    let speaker = found.get("speaker").unwrap_or(file.id());
    let mut candidate = file.candidate(speaker, found.get("emotion").unwrap_or_default());
    if let Some(gender) = found.get("gender") {
        candidate.gender = Gender::parse(gender);
        if candidate.gender.is_none() {
            let note = format!("gender `{gender}` is not recognised");
            draft.note(note, &file.relative);
        }
    }
    candidate.language = found.get("language");
    candidate.columns = found.others(&FIELDS);
    draft.add(candidate);
}
