//! Records of separated text, in which a stray quote costs its own row and no other.
//!
//! Readers of CSV take what follows an opening quote for one field, over any number of lines, until another quote
//! appears. In a table of transcripts one of which begins with a quote, that swallows the rows in between and gives the
//! first row the fields of the last. Here such a record is an error, and reading continues in the line after the quote.

/// The fields of one record, without the quotes around them.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The line it begins in, counted from 1.
    pub line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Record {
    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field at `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1],
        };
        self.text.get(start..end)
    }

    /// All fields.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    fn clear(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
    }
}

/// The header's shape, by which rows are told from lines of a quoted field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Number of columns.
    pub columns: usize,
    /// Which of them is the path, counted from 0.
    pub path: Option<usize>,
}

/// Reads records one after another.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    quoting: bool,
    at: usize,
    line: u64,
    shape: Option<Shape>,
}

impl<'a> Records<'a> {
    /// Of all of `bytes`, which begin in `line`; without `quoting`, a quote is a character as any other.
    pub fn new(bytes: &'a [u8], line: u64, delimiter: u8, quoting: bool) -> Self {
        Self {
            bytes,
            delimiter,
            quoting,
            at: 0,
            line,
            shape: None,
        }
    }

    /// From here on, records that take several lines are held to `shape`.
    pub fn expect(&mut self, shape: Shape) {
        self.shape = Some(shape);
    }

    /// Reads the next record that is not a blank line; nothing at the end.
    ///
    /// # Errors
    /// What is wrong with its quotes, as a lower-case fragment; `record` then knows its line, and the next one begins in
    /// the line after that.
    pub fn read(&mut self, record: &mut Record) -> Option<Result<(), String>> {
        while let Some(end) = self.line_end() {
            self.pass(end);
        }
        if self.at >= self.bytes.len() {
            return None;
        }
        let (start, line) = (self.at, self.line);
        record.clear(line);
        let read = self.fields(record).and_then(|opened| match opened {
            Some(column) => self.check_lines(start, line, column, record),
            None => Ok(()),
        });
        if read.is_err() {
            (self.at, self.line) = (start, line);
            while self.at < self.bytes.len() && self.line == line {
                match self.line_end() {
                    Some(end) => self.pass(end),
                    None => self.at += 1,
                }
            }
        }
        Some(read)
    }

    /// Fields up to the end of the line; the column, counted from 1, of a first quote that leads over a line's end.
    fn fields(&mut self, record: &mut Record) -> Result<Option<u64>, String> {
        let start = self.at;
        let mut opened = None;
        loop {
            if self.quoting && self.bytes.get(self.at) == Some(&b'"') {
                let column = (self.at - start) as u64 + 1;
                let line = self.line;
                self.quoted(record, opened.is_none().then_some(column))?;
                if self.line != line {
                    opened.get_or_insert(column);
                }
            }
            let rest = &self.bytes[self.at..];
            let is_end = |byte: &u8| *byte == self.delimiter || matches!(byte, b'\n' | b'\r');
            let end = rest.iter().position(is_end).unwrap_or(rest.len());
            record.text.extend_from_slice(&rest[..end]);
            self.at += end;
            record.ends.push(record.text.len());
            match self.line_end() {
                Some(end) => {
                    self.pass(end);
                    return Ok(opened);
                }
                None if self.at >= self.bytes.len() => return Ok(opened),
                None => self.at += 1,
            }
        }
    }

    /// A quoted field, up to what follows its closing quote; `column` is where it begins, if that is in the record's
    /// first line.
    fn quoted(&mut self, record: &mut Record, column: Option<u64>) -> Result<(), String> {
        let line = self.line;
        let quote = match column {
            Some(column) => format!("the quote in column {column}"),
            None => format!("a quote in line {line}"),
        };
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(format!("{quote} is never closed")),
                Some(b'"') if self.bytes.get(self.at + 1) == Some(&b'"') => {
                    record.text.push(b'"');
                    self.at += 2;
                }
                Some(b'"') => {
                    self.at += 1;
                    let mut rest = self.bytes[self.at..].iter();
                    let follows = rest.find(|byte| !matches!(byte, b' '));
                    return match follows {
                        None | Some(b'\n' | b'\r') => Ok(()),
                        Some(byte) if *byte == self.delimiter => Ok(()),
                        Some(_) if self.line == line => {
                            Err(format!("{quote} is closed before the field ends"))
                        }
                        Some(_) => Err(format!(
                            "{quote} opens a field that ends in the middle of line {}",
                            self.line
                        )),
                    };
                }
                Some(&byte) => match self.line_end() {
                    Some(end) => {
                        record.text.extend(&self.bytes[self.at..end]);
                        self.pass(end);
                    }
                    None => {
                        record.text.push(byte);
                        self.at += 1;
                    }
                },
            }
        }
    }

    /// Whether a record of several lines is one record, and not rows that a quote at `column` has joined.
    fn check_lines(
        &self,
        start: usize,
        line: u64,
        column: u64,
        record: &Record,
    ) -> Result<(), String> {
        let Some(shape) = self.shape else {
            return Ok(());
        };
        if record.len() != shape.columns {
            return Err(format!(
                "the quote in column {column} is closed in a later line, and {}",
                other_length(record.len(), shape.columns)
            ));
        }
        let path = shape.path.and_then(|path| record.get(path));
        let lines = self.bytes[start..self.at].split(|byte| matches!(byte, b'\n' | b'\r'));
        let mut later = lines.skip(1).filter(|line| !line.is_empty());
        match later.any(|line| self.is_row(line, shape, path)) {
            true => Err(format!(
                "the quote in column {column} joins line {line} with the rows below it"
            )),
            false => Ok(()),
        }
    }

    /// Whether a line, taken by itself, looks like a row: its path is like the path of the record.
    fn is_row(&self, line: &[u8], shape: Shape, path: Option<&[u8]>) -> bool {
        let cells = || line.split(|byte| *byte == self.delimiter);
        let Some(place) = shape.path else {
            return cells().count() == shape.columns;
        };
        let cell = cells().nth(place).map_or(&b""[..], <[u8]>::trim_ascii);
        match path.and_then(extension) {
            Some(wanted) => extension(cell).is_some_and(|found| found.eq_ignore_ascii_case(wanted)),
            None => {
                cells().count() == shape.columns
                    && !cell.is_empty()
                    && !cell.iter().any(u8::is_ascii_whitespace)
            }
        }
    }

    /// Where the line end that is next, if one is, ends: `\n`, `\r\n`, or `\r` alone.
    fn line_end(&self) -> Option<usize> {
        match self.bytes.get(self.at) {
            Some(b'\r') if self.bytes.get(self.at + 1) == Some(&b'\n') => Some(self.at + 2),
            Some(b'\r' | b'\n') => Some(self.at + 1),
            _ => None,
        }
    }

    fn pass(&mut self, end: usize) {
        self.at = end;
        self.line += 1;
    }
}

/// What a row says whose number of fields is not the header's.
pub(super) fn other_length(fields: usize, columns: usize) -> String {
    let fields = match fields {
        1 => "1 field".to_string(),
        many => format!("{many} fields"),
    };
    format!("it has {fields}, but the header has {columns}")
}

/// What follows the last dot of a path, if it is like an extension.
fn extension(path: &[u8]) -> Option<&[u8]> {
    let dot = path.iter().rposition(|byte| *byte == b'.')?;
    let extension = path[dot + 1..].trim_ascii();
    let plain = (1..=5).contains(&extension.len())
        && extension.iter().all(u8::is_ascii_alphanumeric)
        && extension.iter().any(u8::is_ascii_alphabetic);
    plain.then_some(extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        columns: 3,
        path: Some(0),
    };

    /// Line, and fields or what is wrong.
    fn read(text: &str) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut records = Records::new(text.as_bytes(), 1, b',', true);
        records.expect(SHAPE);
        let mut record = Record::default();
        let mut all = Vec::new();
        while let Some(result) = records.read(&mut record) {
            let fields = record.fields();
            let fields = fields.map(|field| String::from_utf8(field.to_vec()).unwrap());
            all.push((record.line, result.map(|()| fields.collect())));
        }
        all
    }

    /// Lines of the rows that are read, and lines and reasons of those that are not.
    fn sorted(text: &str) -> (Vec<u64>, Vec<(u64, String)>) {
        let all = read(text);
        let good = all.iter().filter(|(_, row)| row.is_ok());
        let bad = all.iter().filter_map(|(line, row)| {
            let reason = row.as_ref().err()?;
            Some((*line, reason.clone()))
        });
        (good.map(|(line, _)| *line).collect(), bad.collect())
    }

    #[test]
    fn fields_are_read_as_csv_has_them() {
        let rows = read(
            "a.wav,\"so, \"\"so\"\"\",x\r\n\n b.wav ,\"two\nlines, or\nthree\" ,\r,in \"the\" middle,\"\"",
        );
        let fields = |line: u64, fields: [&str; 3]| (line, Ok(fields.map(String::from).to_vec()));
        assert_eq!(
            rows,
            [
                fields(1, ["a.wav", "so, \"so\"", "x"]),
                fields(3, [" b.wav ", "two\nlines, or\nthree ", ""]),
                fields(6, ["", "in \"the\" middle", ""]),
            ]
        );
    }

    #[test]
    fn a_stray_quote_costs_its_own_row() {
        let cases = [
            (
                "a.wav,\"oh,x\nb.wav,oh,y\nc.wav,\"oh,z\nd.wav,oh,x\n",
                vec![2, 4],
                vec![
                    (
                        1,
                        "the quote in column 7 opens a field that ends in the middle of line 3",
                    ),
                    (3, "the quote in column 7 is never closed"),
                ],
            ),
            (
                "a.wav,\"oh,x\nb.wav,oh,y\nc.wav,oh\",z\nd.wav,oh,x\n",
                vec![2, 3, 4],
                vec![(
                    1,
                    "the quote in column 7 joins line 1 with the rows below it",
                )],
            ),
            (
                "a.wav,\"oh,x\nb.wav,oh,y\"\nc.wav,oh,z\n",
                vec![2, 3],
                vec![(
                    1,
                    "the quote in column 7 is closed in a later line, and it has 2 fields, but the header has 3",
                )],
            ),
            (
                "a.wav,\"oh\" he said,x\nb.wav,oh,y\n",
                vec![2],
                vec![(1, "the quote in column 7 is closed before the field ends")],
            ),
        ];
        for (text, good, bad) in cases {
            let bad: Vec<(u64, String)> = bad.into_iter().map(|(n, r)| (n, r.into())).collect();
            assert_eq!(sorted(text), (good, bad), "{text}");
        }
    }

    #[test]
    fn a_quote_in_every_row_costs_little() {
        let text = "a.wav,\"\"\"oh,x\n".repeat(200_000);
        let (good, bad) = sorted(&text);
        assert_eq!((good.len(), bad.len()), (0, 200_000));
    }
}
