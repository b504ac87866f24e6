//! One name and one matrix or vector of an archive, in binary, compressed or as text (Kaldi's `kaldi-matrix.cc`,
//! `compressed-matrix.h`).

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use crate::feature_files::error::Fault;
use crate::feature_files::matrix::Number;

type Reader = BufReader<File>;

/// So many bytes of text are read for one matrix at most.
const LONGEST_TEXT_BYTES: u64 = 1 << 30;

/// The next name; none at the end.
///
/// # Errors
/// In words, where there is something else than a name.
pub fn name(file: &mut Reader) -> Result<Option<String>, Fault> {
    let mut bytes = Vec::new();
    let read = (&mut *file).take(1 << 16).read_until(b' ', &mut bytes);
    read?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim();
    match bytes.last() {
        None => Ok(None),
        // Line breaks are left of the last matrix in a text.
        Some(_) if text.is_empty() && bytes.last() != Some(&b' ') => Ok(None),
        Some(b' ') if !text.is_empty() && !text.contains('\0') => Ok(Some(text.to_owned())),
        Some(_) => Err("it is not an archive of Kaldi: expected a name and a blank".into()),
    }
}

/// What is said of a binary matrix before its numbers.
enum Head {
    /// Rows, columns (or one row for a vector) of a number.
    Plain { shape: Vec<usize>, number: Number },
    /// Kaldi's compression with a quantised range for each column.
    ByColumn(Range),
    /// The same range for all, in numbers of 16 or 8 bits.
    Even { range: Range, number: Number },
}

/// The least value, the width, and how many rows and columns.
struct Range {
    least: f32,
    width: f32,
    rows: usize,
    columns: usize,
}

impl Head {
    fn bytes(&self) -> Option<usize> {
        match self {
            Self::Plain { shape, number } => {
                let count = shape
                    .iter()
                    .try_fold(1_usize, |all, length| all.checked_mul(*length));
                count?.checked_mul(number.bytes())
            }
            Self::ByColumn(range) => {
                let values = range.rows.checked_mul(range.columns)?;
                values.checked_add(range.columns.checked_mul(8)?)
            }
            Self::Even { range, number } => range
                .rows
                .checked_mul(range.columns)?
                .checked_mul(number.bytes()),
        }
    }
}

/// Whether what follows is binary; its mark is then behind.
fn is_binary(file: &mut Reader) -> Result<bool, Fault> {
    let ahead = file.fill_buf()?;
    match ahead {
        [0, b'B', ..] => {
            file.consume(2);
            Ok(true)
        }
        [0] => {
            // The mark lies across two fillings of the buffer.
            let mut mark = [0; 2];
            file.read_exact(&mut mark)?;
            Ok(mark == [0, b'B'])
        }
        _ => Ok(false),
    }
}

fn array<const N: usize>(file: &mut Reader) -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A whole number behind a byte that says how long it is.
fn length(file: &mut Reader) -> Result<usize, Fault> {
    let [size, rest @ ..]: [u8; 5] = array(file)?;
    let number = i32::from_le_bytes(rest);
    match (size, usize::try_from(number)) {
        (4, Ok(number)) => Ok(number),
        _ => Err("a size in it is none".into()),
    }
}

fn head(file: &mut Reader) -> Result<Head, Fault> {
    let mut token = Vec::new();
    (&mut *file).take(8).read_until(b' ', &mut token)?;
    let number = match token.get(..1) {
        Some(b"F") => Number::F32,
        _ => Number::F64,
    };
    let range = |file: &mut Reader| -> Result<Range, Fault> {
        let (least, width) = (
            f32::from_le_bytes(array(file)?),
            f32::from_le_bytes(array(file)?),
        );
        let count = |bytes: [u8; 4]| usize::try_from(i32::from_le_bytes(bytes));
        let (rows, columns) = (count(array(file)?), count(array(file)?));
        match (rows, columns) {
            (Ok(rows), Ok(columns)) => Ok(Range {
                least,
                width,
                rows,
                columns,
            }),
            _ => Err("a size in it is none".into()),
        }
    };
    Ok(match &*token {
        b"FM " | b"DM " => Head::Plain {
            shape: vec![length(file)?, length(file)?],
            number,
        },
        b"FV " | b"DV " => Head::Plain {
            shape: vec![length(file)?],
            number,
        },
        b"CM " => Head::ByColumn(range(file)?),
        b"CM2 " => Head::Even {
            range: range(file)?,
            number: Number::Unsigned(2),
        },
        b"CM3 " => Head::Even {
            range: range(file)?,
            number: Number::Unsigned(1),
        },
        other => {
            let other = String::from_utf8_lossy(other);
            let reason = format!("`{}` is no matrix or vector", other.trim().escape_default());
            return Err(reason.into());
        }
    })
}

/// Passes over a matrix or vector.
///
/// # Errors
/// In words, where there is none, or it is cut short.
pub fn skip(file: &mut Reader) -> Result<(), Fault> {
    if !is_binary(file)? {
        return text(file).map(|_| ());
    }
    let bytes = head(file)?.bytes().ok_or("it is larger than any file")?;
    let at = file.stream_position()?;
    let end = file.get_ref().metadata()?.len();
    if end.saturating_sub(at) < bytes as u64 {
        return Err("the archive is cut short".into());
    }
    file.seek(SeekFrom::Start(at + bytes as u64))?;
    Ok(())
}

/// The shape and values of a matrix or vector.
///
/// # Errors
/// As [`skip`].
pub fn read(file: &mut Reader) -> Result<(Vec<usize>, Vec<f32>), Fault> {
    if !is_binary(file)? {
        return text(file);
    }
    let head = head(file)?;
    let wanted = head.bytes().ok_or("it is larger than any file")?;
    let mut bytes = Vec::new();
    (&mut *file).take(wanted as u64).read_to_end(&mut bytes)?;
    if bytes.len() < wanted {
        return Err("the archive is cut short".into());
    }
    Ok(match head {
        Head::Plain { shape, number } => (shape, number.decode(&bytes, false)),
        Head::Even { range, number } => {
            let most = if number == Number::Unsigned(2) {
                65_535.0
            } else {
                255.0
            };
            let step = range.width / most;
            let values = number.decode(&bytes, false).into_iter();
            let values = values.map(|value| range.least + value * step).collect();
            (vec![range.rows, range.columns], values)
        }
        Head::ByColumn(range) => by_column(&range, &bytes),
    })
}

/// Four quantiles for each column, and a byte for each value, one column after another.
fn by_column(range: &Range, bytes: &[u8]) -> (Vec<usize>, Vec<f32>) {
    let (heads, codes) = bytes.split_at(range.columns * 8);
    let mut values = vec![0.0; range.rows * range.columns];
    for (column, head) in heads.chunks_exact(8).enumerate() {
        let words = Number::Unsigned(2).decode(head, false);
        let quantile = |word: usize| range.least + range.width * (words[word] / 65_535.0);
        let [p0, p25, p75, p100] = [0, 1, 2, 3].map(quantile);
        let codes = &codes[column * range.rows..][..range.rows];
        for (row, &code) in codes.iter().enumerate() {
            let code = f32::from(code);
            values[row * range.columns + column] = if code <= 64.0 {
                p0 + (p25 - p0) * code * (1.0 / 64.0)
            } else if code <= 192.0 {
                p25 + (p75 - p25) * (code - 64.0) * (1.0 / 128.0)
            } else {
                p75 + (p100 - p75) * (code - 192.0) * (1.0 / 63.0)
            };
        }
    }
    (vec![range.rows, range.columns], values)
}

/// Numbers between brackets, a row a line.
fn text(file: &mut Reader) -> Result<(Vec<usize>, Vec<f32>), Fault> {
    let mut bytes = Vec::new();
    (&mut *file)
        .take(LONGEST_TEXT_BYTES)
        .read_until(b']', &mut bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is no matrix or vector")?;
    let text = text
        .trim_start()
        .strip_prefix('[')
        .ok_or("it is no matrix or vector")?;
    let text = text.strip_suffix(']').ok_or("the archive is cut short")?;
    let is_matrix =
        text.starts_with('\n') || text.trim_start_matches([' ', '\r']).starts_with('\n');
    let mut values = Vec::new();
    let (mut rows, mut columns) = (0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let before = values.len();
        for word in line.split_whitespace() {
            values.push(word.parse().map_err(|_| format!("`{word}` is no number"))?);
        }
        let count = values.len() - before;
        if rows > 0 && count != columns {
            let reason = format!("row {rows} has {count} values, those before have {columns}");
            return Err(reason.into());
        }
        (rows, columns) = (rows + 1, count);
    }
    // The end of its last line.
    if file
        .fill_buf()
        .is_ok_and(|ahead| ahead.first() == Some(&b'\n'))
    {
        file.consume(1);
    }
    match is_matrix || rows > 1 {
        true => Ok((vec![rows, columns], values)),
        false => Ok((vec![values.len()], values)),
    }
}
