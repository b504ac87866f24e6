//! RAVDESS: seven two-digit fields, `MM-VC-EE-II-SS-RR-AA.wav`; odd actors are male.

use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::{CorpusError, Gender, walk};

use super::folder_names;
use super::options::Options;

/// `channels`: the vocal channels to take, `"speech"`, `"song"` or both (default `["speech"]`).
pub(super) const OPTIONS: &[&str] = &["channels"];

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    let channels = options.texts("channels")?.unwrap_or_else(|| vec!["speech"]);
    let help = "set it to [\"speech\"], [\"song\"] or [\"speech\", \"song\"]";
    if channels.is_empty() {
        return Err(options.error("channels", "is empty", help));
    }
    if let Some(other) = channels
        .iter()
        .find(|name| !["speech", "song"].contains(name))
    {
        return Err(options.error("channels", format!("has no channel `{other}`"), help));
    }
    for file in &walk::audio_files(draft, &[]) {
        let Some([modality, channel, label, intensity, text, take, actor]) = parse(file.stem())
        else {
            draft.drop_bad(
                &file.relative,
                "its name does not consist of seven two-digit fields, such as 03-01-05-01-02-01-16"
                    .to_string(),
            );
            continue;
        };
        if modality != "03" {
            let reason = format!("modality {modality} is not 03, audio only");
            draft.drop_chosen(&file.relative, reason);
            continue;
        }
        let channel = match channel {
            "01" => "speech",
            "02" => "song",
            other => {
                let reason = format!("vocal channel {other} is neither 01 nor 02");
                draft.drop_bad(&file.relative, reason);
                continue;
            }
        };
        if !channels.contains(&channel) {
            let reason = format!("vocal channel {channel} is not in `channels`");
            draft.drop_chosen(&file.relative, reason);
            continue;
        }
        let Some(number) = actor.parse::<u8>().ok().filter(|n| (1..=24).contains(n)) else {
            draft.drop_bad(&file.relative, format!("actor {actor} is not in 01 to 24"));
            continue;
        };
        let folder_actor = folder_actor(file.folder());
        if folder_actor.is_some_and(|folder| folder != number) {
            folder_names::disagree(draft, file, "actor", actor);
        }
        let gender = if number % 2 == 1 {
            Gender::Male
        } else {
            Gender::Female
        };
        draft.add(Candidate {
            gender: Some(gender),
            columns: vec![
                ("channel", channel),
                ("intensity", intensity),
                ("text", text),
                ("take", take),
            ],
            ..file.candidate(actor, label)
        });
    }
    Ok(())
}

fn parse(stem: &str) -> Option<[&str; 7]> {
    let two_digits = |field: &&str| field.len() == 2 && field.bytes().all(|b| b.is_ascii_digit());
    let fields: Vec<&str> = stem.split('-').collect();
    let fields: [&str; 7] = fields.try_into().ok()?;
    fields.iter().all(two_digits).then_some(fields)
}

/// The number of a folder named `Actor_NN`.
fn folder_actor(folder: &str) -> Option<u8> {
    let (word, number) = folder.split_once('_')?;
    word.eq_ignore_ascii_case("actor")
        .then(|| number.parse().ok())?
}
