//! Predictions as a table, as CSV or as JSON lines, written as they come.

use std::borrow::Cow;
use std::io::{BufWriter, IsTerminal, Stdout, Write};

use pipe_foundation::spreadsheet::guarded_bytes;
use serde::{Serialize, Serializer};

use crate::predict::Row;

use super::console::{console_width, shown};
use super::model_arguments::PredictionFormat;
use super::visible::visible;

/// Width of the two columns of times.
const TIMES: usize = 22;
/// Least and greatest width of the path.
const PATH: std::ops::RangeInclusive<usize> = 12..=100;
/// Width of a probability.
const PROBABILITY: usize = 5;
/// Blanks between columns.
const GAP: usize = 2;

/// A line of JSON; numbers are the shortest that read back exactly.
#[derive(Serialize)]
struct Line<'a> {
    file: Cow<'a, str>,
    start_s: f64,
    end_s: f64,
    predicted: &'a str,
    probabilities: Probabilities<'a>,
    silent: bool,
}

/// Classes and their probabilities, in the order of the classes.
struct Probabilities<'a>(&'a [String], &'a [f32]);

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1))
    }
}

/// Which probabilities a table for people shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// One column for each class.
    All,
    /// The two highest, where the classes are too many for the width of the terminal.
    Highest,
}

/// Writes predictions to standard output.
pub struct Predictions {
    format: PredictionFormat,
    out: BufWriter<Stdout>,
    classes: Vec<String>,
    shown: Shown,
    windows: bool,
    path_width: usize,
    colour: bool,
}

impl Predictions {
    /// For recordings with these names, as a whole or by `windows`, by a model of these classes.
    pub fn new(
        format: PredictionFormat,
        names: &[String],
        windows: bool,
        classes: &[String],
    ) -> Self {
        let room = console_width().saturating_sub(if windows { TIMES } else { 0 });
        let columns = |widths: &mut dyn Iterator<Item = usize>| -> usize {
            widths.map(|width| GAP + width).sum()
        };
        let name = name_width(classes);
        let all = columns(&mut classes.iter().map(|class| probability_width(class)));
        let all = GAP + name + all;
        let shown = match all + PATH.start() <= room || classes.len() < 3 {
            true => Shown::All,
            false => Shown::Highest,
        };
        let numbers = match shown {
            Shown::All => all,
            Shown::Highest => columns(&mut [name, PROBABILITY, name, PROBABILITY].into_iter()),
        };
        let longest = names.iter().map(|name| name.chars().count()).max();
        let most = room
            .saturating_sub(numbers)
            .clamp(*PATH.start(), *PATH.end());
        Self {
            format,
            out: BufWriter::new(std::io::stdout()),
            classes: classes.to_vec(),
            shown,
            windows,
            path_width: longest.unwrap_or(0).clamp(4, most),
            colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// Writes the heading.
    pub fn begin(&mut self) -> std::io::Result<()> {
        match self.format {
            PredictionFormat::Table => {
                write!(self.out, "{:<width$}", "file", width = self.path_width)?;
                if self.windows {
                    write!(self.out, "  {:>9}  {:>9}", "start s", "end s")?;
                }
                let width = name_width(&self.classes);
                match self.shown {
                    Shown::All => {
                        write!(self.out, "  {:<width$}", "emotion")?;
                        for class in &self.classes {
                            let width = probability_width(class);
                            write!(self.out, "  {:>width$}", visible(class))?;
                        }
                        writeln!(self.out)
                    }
                    Shown::Highest => writeln!(
                        self.out,
                        "  {:<width$}  {:>PROBABILITY$}  {:<width$}  {:>PROBABILITY$}",
                        "emotion", "p", "second", "p"
                    ),
                }
            }
            PredictionFormat::Csv => {
                let head = ["file", "start_s", "end_s", "predicted"].map(Cow::from);
                let classes = self.classes.iter().map(|class| format!("p_{class}").into());
                let head = head.into_iter().chain(classes);
                csv_line(&mut self.out, head.chain(["silent".into()]))
            }
            PredictionFormat::Json => Ok(()),
        }
    }

    /// Writes one prediction.
    pub fn write(&mut self, row: &Row) -> std::io::Result<()> {
        let predicted = self.classes.get(row.predicted).map_or("", String::as_str);
        match self.format {
            PredictionFormat::Table => self.table(row),
            PredictionFormat::Csv => {
                let mut line = csv::Writer::from_writer(&mut self.out);
                line.write_field(guarded_bytes(row.path.as_os_str().as_encoded_bytes()))?;
                line.write_field(row.start_s.to_string())?;
                line.write_field(row.end_s.to_string())?;
                line.write_field(guarded_bytes(predicted.as_bytes()))?;
                for p in &row.probabilities {
                    line.write_field(p.to_string())?;
                }
                line.write_field(row.silent.to_string())?;
                line.write_record(None::<&[u8]>)?;
                line.flush()
            }
            PredictionFormat::Json => {
                let line = serde_json::to_string(&Line {
                    file: row.path.to_string_lossy(),
                    start_s: row.start_s,
                    end_s: row.end_s,
                    predicted,
                    probabilities: Probabilities(&self.classes, &row.probabilities),
                    silent: row.silent,
                })?;
                writeln!(self.out, "{line}")
            }
        }
    }

    /// Passes on what has been written so far.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }

    fn table(&mut self, row: &Row) -> std::io::Result<()> {
        let path = fitted(&shown(&row.path), self.path_width);
        write!(self.out, "{path:<width$}", width = self.path_width)?;
        if self.windows {
            write!(self.out, "  {:>9.3}  {:>9.3}", row.start_s, row.end_s)?;
        }
        let name = |class: usize| self.classes.get(class).map_or("", String::as_str);
        let predicted = name(row.predicted);
        let (on, off) = match (self.colour, predicted) {
            (true, "positive") => ("\x1b[32m", "\x1b[0m"),
            (true, "negative") => ("\x1b[31m", "\x1b[0m"),
            _ => ("", ""),
        };
        let width = name_width(&self.classes);
        write!(self.out, "  {on}{:<width$}{off}", visible(predicted))?;
        match self.shown {
            Shown::All => {
                for (class, p) in self.classes.iter().zip(&row.probabilities) {
                    write!(
                        self.out,
                        "  {p:>width$.3}",
                        width = probability_width(class)
                    )?;
                }
            }
            Shown::Highest => {
                let p = |class: usize| row.probabilities.get(class).copied().unwrap_or_default();
                let others = (0..self.classes.len()).filter(|class| *class != row.predicted);
                let second = others.max_by(|a, b| p(*a).total_cmp(&p(*b)));
                let second = second.unwrap_or(row.predicted);
                write!(
                    self.out,
                    "  {:>PROBABILITY$.3}  {:<width$}  {:>PROBABILITY$.3}",
                    p(row.predicted),
                    visible(name(second)),
                    p(second)
                )?;
            }
        }
        writeln!(self.out, "{}", if row.silent { "  silent" } else { "" })
    }
}

/// Width of the column of class names.
fn name_width(classes: &[String]) -> usize {
    let widths = classes.iter().map(|class| visible(class).chars().count());
    widths.chain(["emotion".len()]).max().unwrap_or_default()
}

/// Width of the column of a class's probabilities.
fn probability_width(class: &str) -> usize {
    visible(class).chars().count().max(PROBABILITY)
}

/// Writes a line of CSV.
fn csv_line<'a>(
    out: &mut impl Write,
    cells: impl Iterator<Item = Cow<'a, str>>,
) -> std::io::Result<()> {
    let mut line = csv::Writer::from_writer(out);
    let cells = cells.map(|cell| guarded_bytes(cell.as_bytes()).into_owned());
    line.write_record(cells)?;
    line.flush()
}

/// The end of a path that is too long, after an ellipsis: file names say more than folders.
fn fitted(path: &str, width: usize) -> String {
    let count = path.chars().count();
    if count <= width {
        return path.to_owned();
    }
    let kept: String = path.chars().skip(count + 1 - width).collect();
    format!("…{kept}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_path_is_kept() {
        assert_eq!(fitted("a/b.wav", 7), "a/b.wav");
        assert_eq!(fitted("folder/b.wav", 7), "…/b.wav");
    }
}
