//! One row of a table as a recording: its file, its id, and which part of the file it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pipe_foundation::machine_fault::MachineFault;

use crate::corpus::draft::Draft;
use crate::corpus::reader::segment::segment_name;
use crate::corpus::{FileContent, Gender, Look, LookAt};

use super::locate::Folders;
use super::paths::{Paths, has_control, tidy, without_extension};
use super::rows::Row;
use crate::times;

/// Spellings of "the gender is not known", without case.
const NO_GENDER: [&str; 8] = ["", "unknown", "u", "other", "n/a", "na", "none", "-"];

/// A row that was read.
pub(super) struct Read {
    pub row: Row,
    /// What is odd in it, as warnings; with the file that a path was taken for.
    pub notes: Vec<(String, Option<String>)>,
    /// What it says, or what is wrong with it.
    pub utterance: Result<Recording, RowError>,
}

/// Why a row is not a recording.
pub(super) enum RowError {
    /// There is no such file below the corpus folder.
    NoFile(String),
    /// It makes no sense.
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

/// What rows say of each field.
pub(in crate::corpus::reader) struct Fields {
    /// Values of fields where a row has none.
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

    /// Start and end of a part of a file, in seconds; the end may be infinite. Nothing for the whole file.
    pub(super) fn segment(&self, row: &Row) -> Result<Option<(f64, f64)>, String> {
        let of = |field: &str, read: fn(&str) -> Result<Option<f64>, String>| match self
            .value(row, field)
        {
            Some(text) => read(text).map_err(|reason| format!("{field} {reason}")),
            None => Ok(None),
        };
        let start_s = of("start", times::seconds)?.unwrap_or(0.0);
        match of("end", times::end_seconds)? {
            Some(end_s) if end_s > start_s => Ok(Some((start_s, end_s))),
            Some(end_s) => {
                let (start, end) = (times::in_words(start_s), times::in_words(end_s));
                Err(format!("end is not after start: from {start} to {end}"))
            }
            None if start_s > 0.0 => Ok(Some((start_s, f64::INFINITY))),
            None => Ok(None),
        }
    }

    /// Reads a row and looks at its file.
    pub(super) fn read(
        &self,
        row: Row,
        paths: &Paths<'_>,
        folders: &Folders<'_>,
        draft: &Draft<'_>,
    ) -> Result<Read, String> {
        let mut notes = Vec::new();
        let utterance = self.recording(&row, paths, folders, draft, &mut notes);
        Ok(Read {
            row,
            notes,
            utterance,
        })
    }

    fn recording(
        &self,
        row: &Row,
        paths: &Paths<'_>,
        folders: &Folders<'_>,
        draft: &Draft<'_>,
        notes: &mut Vec<(String, Option<String>)>,
    ) -> Result<Recording, RowError> {
        let written = self.required(row, "path")?;
        let segment_s = self.segment(row)?;
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
                    notes.push((format!("gender `{value}` is not recognised"), None));
                }
                gender
            }
            None => None,
        };
        self.required(row, "speaker")?;
        if self.value(row, "language").is_some() {
            self.required(row, "language")?;
        }
        let label = match draft.needs_labels() {
            true => self.required(row, "emotion")?,
            false => "",
        };
        let look_at = draft.look_at(label);
        let (relative, look) = file(written, paths, folders, draft, look_at, notes)?;
        let mut id = without_extension(&relative).to_string();
        if let Some((start_s, end_s)) = segment_s {
            id = format!("{id}/{}", segment_name(start_s, end_s));
        }
        if let Some(channel) = channel {
            id = format!("{id}/channel-{channel}");
        }
        match look {
            Look::Nothing => Err(RowError::NoFile(relative)),
            Look::Failed(fault) => Err(RowError::Machine(MachineFault {
                what: format!("{}/{id}", draft.corpus()),
                ..fault
            })),
            Look::File(content) => Ok(Recording {
                id,
                path: draft.root().join(&relative),
                gender,
                segment_s,
                channel,
                content,
            }),
        }
    }
}

/// The file that a path of the table means, below the corpus folder, and what is there: the one of exactly this path,
/// otherwise the one that is spelled differently.
fn file(
    written: &str,
    paths: &Paths<'_>,
    folders: &Folders<'_>,
    draft: &Draft<'_>,
    look_at: LookAt<'_>,
    notes: &mut Vec<(String, Option<String>)>,
) -> Result<(String, Look), String> {
    let relative = match Path::new(written).is_absolute() {
        true => {
            let root = std::path::absolute(draft.root()).map_err(|error| error.to_string())?;
            let below = Path::new(written).strip_prefix(root).ok();
            let below = below.and_then(Path::to_str).and_then(tidy);
            below.map(|below| paths.with_extension(below.into_owned()))
        }
        false => paths.relative(written),
    };
    let look = match &relative {
        Some(relative) => look_at(&draft.root().join(relative)),
        None => Look::Nothing,
    };
    if !matches!(look, Look::Nothing) {
        return Ok((relative.unwrap_or_default(), look));
    }
    match (folders.locate(written, paths)?, relative) {
        (Some(located), _) => {
            notes.push((located.note, Some(located.relative.clone())));
            let look = look_at(&draft.root().join(&located.relative));
            Ok((located.relative, look))
        }
        (None, Some(relative)) => Ok((relative, Look::Nothing)),
        (None, None) => Err(format!("path is outside the corpus folder: {written}")),
    }
}
