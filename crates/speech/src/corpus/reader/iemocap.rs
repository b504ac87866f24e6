//! IEMOCAP: turns in `sentences/wav`, labels in `dialog/EmoEvaluation`; the turn's last token names the speaker.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::{CorpusError, Gender, walk};

use super::folder_names;
use super::options::Options;

/// Folders without labels or turns; motion capture alone is tens of thousands of files.
const PASS_OVER: [&str; 11] = [
    "attribute",
    "avi",
    "categorical",
    "forcedalignment",
    "lab",
    "mocap_hand",
    "mocap_head",
    "mocap_rotated",
    "mocaphead",
    "self-evaluation",
    "transcriptions",
];

pub(super) fn list(draft: &mut Draft<'_>, _: &Options<'_>) -> Result<(), CorpusError> {
    let mut files = walk::files(draft, &PASS_OVER);
    walk::pass_over_copies(draft, &mut files);
    let labels = labels(draft, &files);
    let mut seen = BTreeSet::new();
    // Whole dialogues are in dialog/wav: they are not turns.
    let turns = files.iter().filter(|file| {
        file.is_audio()
            && !file
                .folders()
                .any(|name| name.eq_ignore_ascii_case("dialog"))
    });
    for file in turns {
        let Some(turn) = Turn::parse(file.stem()) else {
            draft.drop_bad(
                &file.relative,
                "its name is not that of a turn, such as Ses01F_impro01_M003".to_string(),
            );
            continue;
        };
        let Some(label) = labels.get(&file.stem().to_ascii_lowercase()) else {
            draft.drop_missing(
                &file.relative,
                "no file in EmoEvaluation labels this turn".to_string(),
            );
            continue;
        };
        seen.insert(file.stem().to_ascii_lowercase());
        let session = file.folders().rev().find_map(folder_session);
        if session.is_some_and(|session| session != turn.session) {
            folder_names::disagree(draft, file, "session", &turn.session.to_string());
        }
        let letter = if turn.gender == Gender::Female {
            'F'
        } else {
            'M'
        };
        let speaker = format!("Ses0{}{letter}", turn.session);
        let session = turn.session.to_string();
        let dialogue = file
            .stem()
            .rsplit_once('_')
            .map_or("", |(dialogue, _)| dialogue);
        let mut columns = vec![("session", session.as_str()), ("dialogue", dialogue)];
        columns.extend(label.ratings.columns());
        draft.add(Candidate {
            gender: Some(turn.gender),
            columns,
            ..file.candidate(&speaker, &label.label)
        });
    }
    for (turn, label) in &labels {
        if !seen.contains(turn) {
            draft.drop_missing(
                &label.turn,
                format!("{} labels it, but it has no audio", label.place),
            );
        }
    }
    Ok(())
}

struct Turn {
    session: char,
    gender: Gender,
}

impl Turn {
    /// `Ses0k?_..._<F|M>NNN`. The letter after `Ses0k` says who wore the markers, not who speaks.
    fn parse(stem: &str) -> Option<Self> {
        let (first, rest) = stem.split_once('_')?;
        let last = rest.rsplit('_').next()?;
        let prefix = first.get(..4).filter(|p| p.eq_ignore_ascii_case("Ses0"))?;
        let mut tail = first.strip_prefix(prefix)?.chars();
        let session = tail.next().filter(|c| ('1'..='5').contains(c))?;
        tail.next().filter(|c| "FfMm".contains(*c))?;
        let mut last = last.chars();
        let gender = match last.next()? {
            'F' | 'f' => Gender::Female,
            'M' | 'm' => Gender::Male,
            _ => return None,
        };
        let numbered = last.as_str().len() >= 2 && last.all(|c| c.is_ascii_alphanumeric());
        (tail.next().is_none() && numbered).then_some(Self { session, gender })
    }
}

/// The digit of a folder named `Session1` to `Session5`.
fn folder_session(folder: &str) -> Option<char> {
    let word = folder
        .get(..7)
        .filter(|word| word.eq_ignore_ascii_case("session"))?;
    let mut rest = folder.strip_prefix(word)?.chars();
    let session = rest.next().filter(|c| ('1'..='5').contains(c))?;
    rest.next().is_none().then_some(session)
}

struct TurnLabel {
    turn: String,
    label: String,
    ratings: Ratings,
    place: String,
}

/// Turn in lower case to label, from the files directly in a folder `EmoEvaluation`.
fn labels(draft: &mut Draft<'_>, files: &[walk::FoundFile]) -> BTreeMap<String, TurnLabel> {
    let mut labels: BTreeMap<String, TurnLabel> = BTreeMap::new();
    for file in files {
        let is_label_file =
            file.folder().eq_ignore_ascii_case("EmoEvaluation") && file.has_extension("txt");
        if !is_label_file {
            continue;
        }
        let text = match draft.read(&file.path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                draft.drop_unreadable(&file.relative, &error);
                continue;
            }
        };
        for line in parse_labels(&text) {
            let (number, turn, label, ratings) = match line {
                Ok(line) => line,
                Err(number) => {
                    draft.warn(format!(
                        "{}:{number}: not `[start - end]`, turn, label and `[v, a, d]`",
                        file.relative
                    ));
                    continue;
                }
            };
            let place = format!("{}:{number}", file.relative);
            match labels.get(&turn.to_ascii_lowercase()) {
                Some(earlier) if earlier.label != label => draft.warn(format!(
                    "{place}: turn {turn} is {label} here and {} in {}, which is used",
                    earlier.label, earlier.place
                )),
                Some(_) => {}
                None => {
                    let (key, turn) = (turn.to_ascii_lowercase(), turn.to_string());
                    labels.insert(
                        key,
                        TurnLabel {
                            turn,
                            label,
                            ratings: Ratings::parse(ratings),
                            place,
                        },
                    );
                }
            }
        }
    }
    labels
}

/// The mean ratings of a turn from 1 to 5, as they are written: `[v, a, d]`.
struct Ratings([String; 3]);

impl Ratings {
    /// Their names: valence, activation, dominance.
    const NAMES: [&str; 3] = ["valence", "arousal", "dominance"];

    /// Reads `[2.5000, 2.5000, 2.5000]`; what is no number is left empty, as some lines lack a rating.
    fn parse(written: &str) -> Self {
        let inner = written.trim_start_matches('[').trim_end_matches(']');
        let mut values = inner.split(',').map(str::trim);
        Self(std::array::from_fn(|_| {
            let value = values.next().unwrap_or_default();
            let is_number = value.parse::<f64>().is_ok_and(f64::is_finite);
            if is_number { value } else { "" }.to_owned()
        }))
    }

    fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Self::NAMES
            .into_iter()
            .zip(self.0.iter().map(String::as_str))
    }
}

/// A line of labels: its number, the turn, the label, and the ratings as written.
type LabelLine<'a> = (usize, &'a str, String, &'a str);

/// Each label line; the number alone of a line that begins like one and is none. Headers, rater lines and blank lines
/// are passed over.
pub(super) fn parse_labels(text: &str) -> impl Iterator<Item = Result<LabelLine<'_>, usize>> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let number = index + 1;
        if !line.starts_with('[') {
            return None;
        }
        let mut fields = line.split('\t').map(str::trim);
        let (times, turn, label) = (fields.next()?, fields.next(), fields.next());
        let (Some(turn), Some(label)) = (turn, label) else {
            return Some(Err(number));
        };
        let good = times.ends_with(']')
            && Turn::parse(turn).is_some()
            && !label.is_empty()
            && !label.contains(char::is_control);
        Some(if good {
            let ratings = fields.next().unwrap_or_default();
            Ok((number, turn, label.to_ascii_lowercase(), ratings))
        } else {
            Err(number)
        })
    })
}
