//! One row of a table as a recording: its file, its id, and which part of the file it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use pipe_foundation::machine_fault::MachineFault;

use crate::corpus::draft::Draft;
use crate::corpus::reader::segment::segment_name;
use crate::corpus::{FileContent, Gender, Look};

use super::rows::Row;

/// Spellings of "the gender is not known", without case.
const NO_GENDER: [&str; 8] = ["", "unknown", "u", "other", "n/a", "na", "none", "-"];

/// Where the files of a table are.
pub(super) struct Paths<'a> {
    /// The folder below the root that its paths start from.
    pub audio_folder: &'a str,
    /// The extension of paths that have none.
    pub extension: Option<&'a str>,
}

/// A row that was read.
pub(super) struct Read {
    pub row: Row,
    /// Something odd in it.
    pub note: Option<String>,
    /// What it says, or what is wrong with it.
    pub utterance: Result<Recording, RowError>,
}

/// Why a row is not a recording.
pub(super) enum RowError {
    /// It makes no sense, or its file is missing.
    Row(String),
    /// The machine failed to answer.
    Machine(MachineFault),
}

impl From<String> for RowError {
    fn from(reason: String) -> Self {
        Self::Row(reason)
    }
}

/// An utterance as its row describes it; speaker, language and label are in the row itself.
pub(super) struct Recording {
    pub id: String,
    pub path: PathBuf,
    pub gender: Option<Gender>,
    pub segment_s: Option<(f64, f64)>,
    pub channel: Option<u16>,
    pub content: Option<FileContent>,
}

pub(super) struct Fields {
    /// Field to the table's name for it.
    pub columns: BTreeMap<String, String>,
    pub constants: BTreeMap<String, String>,
}

impl Fields {
    /// The value of `field`; empty and missing are the same. A column wins over a constant.
    pub fn value<'r>(&'r self, row: &'r Row, field: &str) -> Option<&'r str> {
        row.get(field)
            .filter(|value| !value.is_empty())
            .or_else(|| self.constants.get(field).map(String::as_str))
    }

    fn required<'r>(&'r self, row: &'r Row, field: &str) -> Result<&'r str, String> {
        let value = self
            .value(row, field)
            .ok_or_else(|| format!("{field} is empty"))?;
        if has_control(value) {
            return Err(format!("{field} contains a control character"));
        }
        Ok(value)
    }

    fn number(&self, row: &Row, field: &str) -> Result<Option<f64>, String> {
        let Some(value) = self.value(row, field) else {
            return Ok(None);
        };
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
            _ => Err(format!("{field} is not a time in seconds: {value}")),
        }
    }

    /// Reads a row and looks at its file.
    pub fn read(&self, row: Row, paths: &Paths<'_>, draft: &Draft<'_>) -> Result<Read, String> {
        let mut note = None;
        let utterance = self.recording(&row, paths, draft, &mut note);
        Ok(Read {
            row,
            note,
            utterance,
        })
    }

    fn recording(
        &self,
        row: &Row,
        paths: &Paths<'_>,
        draft: &Draft<'_>,
        note: &mut Option<String>,
    ) -> Result<Recording, RowError> {
        let written = self.required(row, "path")?;
        let outside = || format!("path is outside the corpus folder: {written}");
        let path = Path::new(written);
        let joined = if path.is_absolute() {
            let root = std::path::absolute(draft.root()).map_err(|error| error.to_string())?;
            let below = path.strip_prefix(root).map_err(|_| outside())?;
            Cow::Borrowed(below)
        } else if paths.audio_folder.is_empty() {
            Cow::Borrowed(path)
        } else {
            Cow::Owned(Path::new(paths.audio_folder).join(path))
        };
        let mut relative = joined.to_str().and_then(tidy).ok_or_else(outside)?;
        let name = relative.rsplit('/').next().unwrap_or_default();
        if let (false, Some(extension)) = (name.contains('.'), paths.extension) {
            relative = format!("{relative}.{extension}").into();
        }
        let segment_s = match (self.number(row, "start")?, self.number(row, "end")?) {
            (None, None) => None,
            (start, Some(end)) if end > start.unwrap_or(0.0) => Some((start.unwrap_or(0.0), end)),
            (Some(start), None) => {
                return Err(format!("start is {start} and end is empty").into());
            }
            (start, Some(end)) => {
                let start = start.unwrap_or(0.0);
                return Err(format!("end {end} is not after start {start}").into());
            }
        };
        let channel = match self.value(row, "channel") {
            None => None,
            Some(value) => Some(
                value
                    .parse::<u16>()
                    .map_err(|_| format!("channel is not a non-negative integer: {value}"))?,
            ),
        };
        let gender = match self.value(row, "gender") {
            Some(value) => {
                let gender = Gender::parse(value);
                if gender.is_none() && !NO_GENDER.contains(&value.to_lowercase().as_str()) {
                    *note = Some(format!("gender `{value}` is not recognised"));
                }
                gender
            }
            None => None,
        };
        let mut id = without_extension(&relative).to_string();
        if let Some((start_s, end_s)) = segment_s {
            id = format!("{id}/{}", segment_name(start_s, end_s));
        }
        if let Some(channel) = channel {
            id = format!("{id}/channel-{channel}");
        }
        self.required(row, "speaker")?;
        if self.value(row, "language").is_some() {
            self.required(row, "language")?;
        }
        let label = match draft.needs_labels() {
            true => self.required(row, "emotion")?,
            false => "",
        };
        let path = draft.root().join(&*relative);
        match draft.look_at(label)(&path) {
            Look::Nothing => Err(format!("{relative} does not exist").into()),
            Look::Failed(fault) => Err(RowError::Machine(MachineFault {
                what: format!("{}/{id}", draft.corpus()),
                ..fault
            })),
            Look::File(content) => Ok(Recording {
                id,
                path,
                gender,
                segment_s,
                channel,
                content,
            }),
        }
    }
}

/// A relative path without `.` and with `/` between names; nothing if it is absolute, leaves the
/// folder it starts from, or holds control characters.
pub(super) fn tidy(path: &str) -> Option<Cow<'_, str>> {
    if has_control(path) {
        return None;
    }
    let is_name = |name: &str| !matches!(name, "" | "." | "..");
    if std::path::MAIN_SEPARATOR == '/' && path.split('/').all(is_name) {
        return Some(Cow::Borrowed(path));
    }
    let mut names = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => names.push(name.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(Cow::Owned(names.join("/")))
}

fn has_control(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    }
}

fn without_extension(relative: &str) -> &str {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    match name.rfind('.') {
        Some(dot) if dot > 0 => &relative[..relative.len() - (name.len() - dot)],
        _ => relative,
    }
}
