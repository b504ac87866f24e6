//! Text in columns: what separates them, and the records one after another.

use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::{Position, Reader, ReaderBuilder, StringRecord};
use pipe_foundation::regular_file;

use crate::feature_files::error::{Fault, FeatureFileError};
use crate::parquet_table;

/// What may separate columns, the most usual first.
const DELIMITERS: [u8; 4] = *b",\t;|";
/// Text that is no number, but says that there is none.
const EMPTY: [&str; 9] = ["", "nan", "na", "n/a", "<na>", "null", "none", "-", "?"];

/// How a file is separated.
#[derive(Clone, Debug)]
pub struct Separated {
    /// The file.
    pub path: PathBuf,
    delimiter: u8,
    /// Where the header begins: after a byte order mark, and a line such as `sep=;`.
    start: u64,
    /// The text, where the file has another form.
    text: Option<Arc<[u8]>>,
}

/// Text that is read from anywhere.
trait Text: Read + Seek {}

impl<T: Read + Seek> Text for T {}

impl Separated {
    /// Looks at the first line.
    ///
    /// # Errors
    /// A file that cannot be read, or is in UTF-16.
    pub fn of(path: &Path) -> Result<Self, FeatureFileError> {
        let wrong = |fault: Fault| FeatureFileError::new(path, fault);
        let file = regular_file::open(path).map_err(|error| wrong(error.into()))?;
        let mut line = Vec::new();
        let read = BufReader::new(file)
            .take(1 << 24)
            .read_until(b'\n', &mut line);
        read.map_err(|error| wrong(error.into()))?;
        if line.starts_with(parquet_table::START) {
            return Self::of_parquet(path);
        }
        if line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) {
            return Err(wrong("it is in UTF-16".into()).help("save it in UTF-8"));
        }
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let (delimiter, start) = match named_delimiter(text) {
            Some(delimiter) => (delimiter, line.len()),
            None => (most_frequent(text), line.len() - text.len()),
        };
        Ok(Self {
            path: path.to_path_buf(),
            delimiter,
            start: start as u64,
            text: None,
        })
    }

    /// A table in Parquet, as text in memory.
    fn of_parquet(path: &Path) -> Result<Self, FeatureFileError> {
        let bytes = regular_file::read_whole(path);
        let bytes = bytes.map_err(|error| FeatureFileError::new(path, Fault::from(error)))?;
        let text = parquet_table::csv(&bytes);
        let text = text.map_err(|reason| FeatureFileError::new(path, reason))?;
        Ok(Self {
            path: path.to_path_buf(),
            delimiter: b',',
            start: 0,
            text: Some(text.into()),
        })
    }

    fn open(&self) -> Result<Box<dyn Text>, FeatureFileError> {
        if let Some(text) = &self.text {
            return Ok(Box::new(Cursor::new(text.clone())));
        }
        let file = regular_file::open(&self.path);
        let file = file.map_err(|error| FeatureFileError::new(&self.path, error))?;
        Ok(Box::new(file))
    }

    /// The records from the header on.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn records(&self) -> Result<Records<'_>, FeatureFileError> {
        let file = self.open()?;
        let reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(file);
        let mut records = Records {
            reader,
            of: self,
            cells: None,
        };
        let mut start = Position::new();
        start.set_byte(self.start);
        records.seek(&start)?;
        Ok(records)
    }

    /// What is wrong at a byte of the file, with its line.
    pub fn wrong_at(&self, byte: u64, reason: impl std::fmt::Display) -> FeatureFileError {
        let reason = match self.line_of(byte) {
            Some(line) => format!("line {line}{reason}"),
            None => format!("a line{reason}"),
        };
        FeatureFileError::new(&self.path, reason)
    }

    /// A number as the table writes it; with a comma where commas do not separate.
    pub fn number(&self, cell: &str) -> Option<f32> {
        let cell = cell.trim();
        cell.parse().ok().or_else(|| {
            let is_comma = self.delimiter != b',' && cell.matches(',').count() == 1;
            is_comma.then(|| cell.replace(',', ".").parse().ok())?
        })
    }

    /// The line of the record that begins at a byte or behind the line ends there. Counted here because the reader counts
    /// a line end of two bytes only with the record after it.
    fn line_of(&self, byte: u64) -> Option<u64> {
        let file = BufReader::new(self.open().ok()?);
        let (mut line, mut last) = (1, 0);
        for (at, next) in (0_u64..).zip(file.bytes()) {
            let next = next.ok()?;
            if at >= byte && !matches!(next, b'\n' | b'\r') {
                break;
            }
            line += u64::from(next == b'\r' || next == b'\n' && last != b'\r');
            last = next;
        }
        Some(line)
    }
}

/// Whether a cell says that there is no number.
pub fn is_empty(cell: &str) -> bool {
    EMPTY
        .iter()
        .any(|empty| cell.trim().eq_ignore_ascii_case(empty))
}

/// The records of a file.
pub struct Records<'a> {
    reader: Reader<Box<dyn Text>>,
    of: &'a Separated,
    /// Cells that the first record has, as all others must.
    cells: Option<usize>,
}

impl Records<'_> {
    /// Reads the next record; where it begins, or none at the end.
    ///
    /// # Errors
    /// What cannot be read, is not UTF-8, or has another number of cells than the first one.
    pub fn read(
        &mut self,
        record: &mut StringRecord,
    ) -> Result<Option<Position>, FeatureFileError> {
        let position = self.reader.position().clone();
        let more = self.reader.read_record(record);
        if !more.map_err(|error| self.fault(error, &position))? {
            return Ok(None);
        }
        let expected = *self.cells.get_or_insert(record.len());
        if record.len() != expected {
            let found = record.len();
            let reason = format!(" has {found} cells, the first has {expected}");
            return Err(self.of.wrong_at(position.byte(), reason));
        }
        Ok(Some(position))
    }

    /// Goes to where a record begins.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn seek(&mut self, position: &Position) -> Result<(), FeatureFileError> {
        if self.reader.position().byte() == position.byte() {
            return Ok(());
        }
        self.reader
            .seek_raw(SeekFrom::Start(position.byte()), position.clone())
            .map_err(|error| self.fault(error, position))
    }

    fn fault(&self, error: csv::Error, position: &Position) -> FeatureFileError {
        if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) {
            return self.of.wrong_at(position.byte(), " is not UTF-8");
        }
        let reason = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => FeatureFileError::new(&self.of.path, error),
            _ => FeatureFileError::new(&self.of.path, reason),
        }
    }
}

/// The character that a line such as `sep=;` names.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    match line {
        [name @ .., delimiter] if name.eq_ignore_ascii_case(b"sep=") => Some(*delimiter),
        _ => None,
    }
}

/// What is most frequent outside of quotes.
fn most_frequent(line: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in line {
        quoted ^= *byte == b'"';
        let place = DELIMITERS.iter().position(|delimiter| delimiter == byte);
        if let Some(place) = place.filter(|_| !quoted) {
            counts[place] += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    let place = counts.iter().position(|count| *count == most);
    DELIMITERS[place.unwrap_or_default()]
}
