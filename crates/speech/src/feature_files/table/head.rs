//! The header of a table and its first rows, by which it is known what each column is.

use std::collections::HashSet;
use std::path::Path;

use csv::StringRecord;

use crate::feature_files::error::FeatureFileError;
use crate::feature_files::feature_file::FeatureFileOptions;

use super::no_features::{NAMES, is_no_feature};
use super::separated::{Records, Separated, is_empty};

/// So many rows say which columns hold numbers.
const ROWS: usize = 100;

/// What the columns of a table are.
#[derive(Debug)]
pub struct Head {
    /// How the table is separated.
    pub separated: Separated,
    /// The column that names recordings.
    pub name_column: usize,
    /// The columns with start and end in seconds.
    pub times: (Option<usize>, Option<usize>),
    /// The columns that are features, and what they are called.
    pub columns: Vec<(usize, String)>,
    /// What to tell of the choice.
    pub notice: Option<String>,
}

impl Head {
    /// Reads the header and the first rows.
    ///
    /// # Errors
    /// A file that cannot be read, has no column of names or of numbers, none of the wanted ones, or no rows; a name of two
    /// columns.
    pub fn read(path: &Path, options: &FeatureFileOptions) -> Result<Self, FeatureFileError> {
        let separated = Separated::of(path)?;
        let wrong = |reason: &str| FeatureFileError::new(path, reason);
        let (header, first) = first_rows(&mut separated.records()?)?;
        let mut seen = HashSet::new();
        let named = header.iter().filter(|name| !name.is_empty());
        let twice: Vec<String> = named.filter(|name| !seen.insert(*name)).cloned().collect();
        if !twice.is_empty() {
            let reason = format!("several columns have the same name: {}", listed(&twice));
            return Err(wrong(&reason).help("rename or remove them"));
        }
        let place = |wanted: &str| {
            header
                .iter()
                .position(|name| name.eq_ignore_ascii_case(wanted))
        };
        let name_column = name_column(&header, options)
            .map_err(|help| wrong("no column names the recordings").help(help))?;
        if first.is_empty() {
            let help =
                "it needs a row for each recording, or for each of its frames, behind the header";
            return Err(wrong("it has no rows").help(help));
        }
        let mut head = Self {
            times: (place("start").or_else(|| place("frametime")), place("end")),
            separated,
            name_column,
            columns: Vec::new(),
            notice: None,
        };
        match &options.columns {
            Some(wanted) => head.take(wanted, &header)?,
            None => head.choose(&header, &first)?,
        }
        Ok(head)
    }

    fn take(&mut self, wanted: &[String], header: &[String]) -> Result<(), FeatureFileError> {
        let wrong = |reason: String| FeatureFileError::new(&self.separated.path, reason);
        if wanted.is_empty() {
            let help = "leave `columns` out to take all columns of numbers, or name some";
            return Err(wrong("`columns` names none".into()).help(help));
        }
        for name in wanted {
            let column = header.iter().position(|column| column == name);
            let column = column.ok_or_else(|| {
                wrong(format!("it has no column `{name}`"))
                    .help(format!("its columns are {}", listed(header)))
            })?;
            self.columns.push((column, name.clone()));
        }
        Ok(())
    }

    /// Takes the columns of numbers: those with a number in at least one row, and nothing else in any.
    fn choose(
        &mut self,
        header: &[String],
        first: &[StringRecord],
    ) -> Result<(), FeatureFileError> {
        let holds_numbers = |column: usize| {
            let cells = first.iter().map(|row| &row[column]);
            let mut cells = cells.filter(|cell| !is_empty(cell)).peekable();
            cells.peek().is_some() && cells.all(|cell| self.separated.number(cell).is_some())
        };
        let mut left_out = Vec::new();
        let mut columns = Vec::new();
        for (column, name) in header.iter().enumerate() {
            match !is_no_feature(name) && holds_numbers(column) {
                _ if column == self.name_column => {}
                true => columns.push((column, name.clone())),
                false => left_out.push(name.clone()),
            }
        }
        let path = &self.separated.path;
        if columns.is_empty() {
            let reason = "no column holds numbers, but for names, labels and times";
            let help = format!(
                "name features with columns = [\"COLUMN\"]; its columns are {}",
                listed(header)
            );
            return Err(FeatureFileError::new(path, reason).help(help));
        }
        let names: Vec<String> = columns.iter().map(|(_, name)| name.clone()).collect();
        let count = match names.len() {
            1 => "1 column is a feature".to_owned(),
            count => format!("{count} columns are features"),
        };
        let rest = match left_out.is_empty() {
            true => String::new(),
            false => format!("; left out: {}", listed(&left_out)),
        };
        let taken = listed(&names);
        self.notice = Some(format!("{}: {count}: {taken}{rest}", path.display()));
        self.columns = columns;
        Ok(())
    }
}

/// The names of the columns, and the first rows.
fn first_rows(
    records: &mut Records<'_>,
) -> Result<(Vec<String>, Vec<StringRecord>), FeatureFileError> {
    let mut record = StringRecord::new();
    records.read(&mut record)?;
    let header = record.iter().map(|name| unquoted(name).to_owned());
    let header: Vec<String> = header.collect();
    let mut first = Vec::new();
    while first.len() < ROWS && records.read(&mut record)?.is_some() {
        first.push(record.clone());
    }
    Ok((header, first))
}

/// The column that names recordings.
///
/// # Errors
/// What to do where there is none.
fn name_column(header: &[String], options: &FeatureFileOptions) -> Result<usize, String> {
    let place = |wanted: &str| {
        header
            .iter()
            .position(|name| name.eq_ignore_ascii_case(wanted))
    };
    let help = || {
        format!(
            "name it with name_column = \"COLUMN\"; its columns are {}",
            listed(header)
        )
    };
    if let Some(wanted) = &options.name_column {
        return place(wanted).ok_or_else(help);
    }
    // pandas writes its index without a name.
    let unnamed = || header.first().filter(|name| name.is_empty()).map(|_| 0);
    NAMES
        .iter()
        .find_map(|name| place(name))
        .or_else(unnamed)
        .ok_or_else(help)
}

/// openSMILE puts names between single quotes.
pub fn unquoted(cell: &str) -> &str {
    cell.trim().trim_matches('\'')
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let shown: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
