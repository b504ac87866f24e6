//! Which column of a table is which field, by its name and by what is in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::corpus::Gender;
use crate::corpus::walk::FoundFile;
use crate::times;

use super::column_names::{NAMES, PATH_NAMES};
use super::counted::counted;
use super::words::meaning;

/// So many rows are looked at.
const ROWS: usize = 2000;

/// A label column has no more values than this.
const MOST_LABELS: usize = 60;

/// The cells of a table, a row each.
pub(super) struct Cells {
    pub names: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// The encoding that must be declared to read them; none where nothing need be said.
    pub encoding: Option<&'static str>,
}

/// A column that was taken for a field, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub field: &'static str,
    pub name: String,
    /// As the end of a comment: "12 speakers".
    pub reason: String,
}

/// How the paths of a table lead to files.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PathFit {
    /// The folder that they start from, below the root.
    pub audio_folder: String,
    /// The extension that they lack.
    pub extension: Option<String>,
    /// Rows whose file is there, of those that were looked at.
    pub found: usize,
    pub of: usize,
}

/// Files of a corpus by their names.
pub(super) struct FileNames<'f> {
    /// Name and stem, in lower case, to paths.
    by_name: HashMap<String, Vec<&'f str>>,
}

impl<'f> FileNames<'f> {
    /// Those of `files`.
    pub fn new(files: &'f [FoundFile]) -> Self {
        let mut by_name: HashMap<String, Vec<&str>> = HashMap::new();
        for file in files {
            for name in [file.name(), file.stem()] {
                let paths = by_name.entry(name.to_lowercase()).or_default();
                if paths.last() != Some(&file.relative.as_str()) {
                    paths.push(&file.relative);
                }
            }
        }
        Self { by_name }
    }

    /// Where a written path leads: the folder that it starts from, and the extension that it lacks.
    fn fit(&self, written: &str) -> Option<(&'f str, Option<&'f str>)> {
        let slashed = written.replace('\\', "/").to_lowercase();
        let below = slashed.trim_start_matches("./");
        let name = below.rsplit('/').next()?;
        let candidates = self.by_name.get(name)?.iter().copied();
        let mut fits = candidates.clone().filter_map(|file: &'f str| {
            let lower = file.to_lowercase();
            let stem = Path::new(file).with_extension("");
            let stem_bytes = stem.as_os_str().len();
            let (end, extension) = match lower.ends_with(below) {
                true => (file.len(), None),
                false if lower.get(..stem_bytes)?.ends_with(below) => {
                    (stem_bytes, file.get(stem_bytes + 1..))
                }
                false => return None,
            };
            let folder = file.get(..end.checked_sub(below.len())?)?;
            let whole_names = folder.is_empty() || folder.ends_with('/');
            whole_names.then(|| (folder.trim_end_matches('/'), extension))
        });
        // Of a path of another place, what is below the corpus folder counts.
        let is_elsewhere = slashed.starts_with('/') || slashed.get(1..2) == Some(":");
        let elsewhere = || {
            let only = candidates.clone().count() == 1;
            (is_elsewhere && only).then_some(("", None))
        };
        fits.next().or_else(elsewhere)
    }
}

/// The column with paths to files, and how they lead there. A column with such a name counts before others, if files of
/// it are there.
pub(super) fn path_column(cells: &Cells, files: &FileNames<'_>) -> Option<(Column, PathFit)> {
    let mut best: Option<(usize, usize, Column, PathFit)> = None;
    for (index, name) in cells.names.iter().enumerate() {
        let values = cells
            .rows
            .iter()
            .take(ROWS)
            .filter_map(|row| row.get(index));
        let mut fit = PathFit::default();
        let mut starts: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
        for value in values {
            fit.of += 1;
            if let Some(start) = files.fit(value).filter(|_| !value.is_empty()) {
                fit.found += 1;
                *starts.entry(start).or_default() += 1;
            }
        }
        let Some(((folder, extension), _)) = starts.into_iter().max_by_key(|(_, count)| *count)
        else {
            continue;
        };
        fit.audio_folder = folder.to_string();
        fit.extension = extension.map(str::to_string);
        let plain = plain(name);
        let known = PATH_NAMES.iter().position(|known| *known == plain);
        let rank = (fit.found, known.map_or(0, |place| PATH_NAMES.len() - place));
        if best
            .as_ref()
            .is_none_or(|(found, known, ..)| rank > (*found, *known))
        {
            let reason = format!("{} of {} rows have a file that is there", fit.found, fit.of);
            let column = Column {
                field: "path",
                name: name.clone(),
                reason,
            };
            best = Some((rank.0, rank.1, column, fit));
        }
    }
    best.map(|(_, _, column, fit)| (column, fit))
}

/// The columns of the other fields, by name where what is in them fits; the emotion also by what is in it alone.
pub(super) fn other_columns(cells: &Cells, path: Option<&str>) -> Vec<Column> {
    let mut found: Vec<Column> = Vec::new();
    for (field, names) in NAMES {
        let candidates = names.iter().filter_map(|known| {
            let place = cells.names.iter().position(|name| plain(name) == *known)?;
            let name = &cells.names[place];
            let is_taken = found.iter().any(|column| column.name == *name);
            (!is_taken && path != Some(name)).then_some((place, name))
        });
        let mut fits = candidates
            .filter_map(|(place, name)| Some((name, what_is_in(field, &values(cells, place))?)));
        let by_content = || {
            let places = (0..cells.names.len()).filter(|place| path != Some(&cells.names[*place]));
            let mut words = places.filter_map(|place| {
                let values = values(cells, place);
                let known = values
                    .iter()
                    .filter(|value| meaning(value).is_some())
                    .count();
                let is_label = known >= 2 && known * 2 > values.len();
                let reason = what_is_in("emotion", &values).filter(|_| is_label)?;
                Some((&cells.names[place], reason))
            });
            words.next()
        };
        let column = match field {
            "emotion" => fits.next().or_else(by_content),
            _ => fits.next(),
        };
        if let Some((name, reason)) = column {
            found.push(Column {
                field,
                name: name.clone(),
                reason,
            });
        }
    }
    found
}

/// The columns that are no field and not the column `path`, as the end of a sentence; those of numbers may be targets.
/// Nothing where there are none.
pub(super) fn further_columns(
    cells: &Cells,
    found: &[Column],
    path: Option<&str>,
) -> Option<String> {
    let further = cells.names.iter().enumerate().filter(|(place, name)| {
        let is_found = found.iter().any(|column| column.name == **name);
        !is_found
            && path != Some(name.as_str())
            && !name.is_empty()
            && !values(cells, *place).is_empty()
    });
    let further = further.map(|(place, name)| {
        let values = values(cells, place);
        let is_number = |value: &&str| value.replace(',', ".").parse::<f64>().is_ok();
        match values.iter().all(is_number) {
            true => format!("{name} (numbers)"),
            false => name.clone(),
        }
    });
    let further: Vec<String> = further.collect();
    (!further.is_empty()).then(|| further.join(", "))
}

/// The distinct labels in a column.
pub(super) fn labels(cells: &Cells, column: &str) -> BTreeSet<String> {
    let place = cells.names.iter().position(|name| name == column);
    let values = place.map(|place| values(cells, place));
    let values = values.into_iter().flatten();
    values.map(str::to_owned).collect()
}

/// The distinct values of a column that are not empty.
fn values(cells: &Cells, place: usize) -> BTreeSet<&str> {
    let cells = cells
        .rows
        .iter()
        .take(ROWS)
        .filter_map(|row| row.get(place));
    cells
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .collect()
}

/// What the values are, where they can be those of the field.
fn what_is_in(field: &str, values: &BTreeSet<&str>) -> Option<String> {
    let all = |is: &dyn Fn(&str) -> bool| values.iter().all(|value| is(value));
    let some = !values.is_empty();
    let some_values = |is: &dyn Fn(&str) -> bool| values.iter().any(|value| is(value));
    let fits = match field {
        "emotion" => some && values.len() <= MOST_LABELS,
        "start" | "end" => some && all(&|value| times::end_seconds(value).is_ok()),
        "gender" => some_values(&|value| Gender::parse(value).is_some()),
        "language" => some && all(&|value| value.len() <= 20),
        "channel" => some && all(&|value| value.parse::<u16>().is_ok()),
        _ => some,
    };
    let listed = |most: usize| {
        let mut shown: Vec<&str> = values.iter().take(most).copied().collect();
        if values.len() > most {
            shown.push("...");
        }
        shown.join(", ")
    };
    fits.then(|| match field {
        "speaker" => format!("{}: {}", counted(values.len(), "speaker"), listed(6)),
        "emotion" => counted(values.len(), "label"),
        "start" | "end" => format!("times such as {}", values.first().unwrap_or(&"")),
        _ => listed(6),
    })
}

/// A name in lower case, of letters and digits only.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Cells {
        let mut lines = text
            .lines()
            .map(|line| line.split(',').map(String::from).collect());
        Cells {
            names: lines.next().unwrap(),
            rows: lines.collect(),
            encoding: None,
        }
    }

    fn files(paths: &[&str]) -> Vec<FoundFile> {
        let found = paths.iter().map(|path| FoundFile {
            path: (*path).into(),
            relative: (*path).to_string(),
        });
        found.collect()
    }

    #[test]
    fn columns_are_known_by_name_and_content() {
        let cells = cells(
            "ID,File Name,Sex,Speaker-ID,mood,Start,label\n1,a.wav,f,anna,joy,0.5,x\n2,b.wav,m,ben,anger,1:02,x\n",
        );
        let files = files(&["wav/a.wav", "wav/b.wav", "notes.txt"]);
        let (path, fit) = path_column(&cells, &FileNames::new(&files)).unwrap();
        assert_eq!(path.name, "File Name");
        assert_eq!(
            (fit.audio_folder.as_str(), fit.found, fit.of),
            ("wav", 2, 2)
        );
        let others = other_columns(&cells, Some("File Name"));
        let others: Vec<(&str, &str, &str)> = (others.iter())
            .map(|column| (column.field, column.name.as_str(), column.reason.as_str()))
            .collect();
        assert_eq!(
            others,
            [
                ("speaker", "Speaker-ID", "2 speakers: anna, ben"),
                ("emotion", "label", "1 label"),
                ("start", "Start", "times such as 0.5"),
                ("gender", "Sex", "f, m"),
            ]
        );
    }

    #[test]
    fn labels_are_known_by_their_words() {
        let cells = cells("file,x,y\na,anna,joy\nb,ben,anger\nc,ben,sad\n");
        let others = other_columns(&cells, Some("file"));
        assert_eq!((others[0].field, others[0].name.as_str()), ("emotion", "y"));
    }

    #[test]
    fn paths_lead_to_files_without_extension_and_from_other_places() {
        let files = files(&[
            "set/wav/anna/a.flac",
            "set/wav/ben/a.flac",
            "set/wav/b.flac",
        ]);
        let names = FileNames::new(&files);
        assert_eq!(names.fit("anna/a"), Some(("set/wav", Some("flac"))));
        assert_eq!(names.fit("ben\\a.flac"), Some(("set/wav", None)));
        assert_eq!(names.fit("C:\\me\\wav\\b.flac"), Some(("", None)));
        assert_eq!(names.fit("other/b.flac"), None);
        assert_eq!(names.fit("nna/a.flac"), None);
        assert_eq!(names.fit("c.flac"), None);
    }
}
