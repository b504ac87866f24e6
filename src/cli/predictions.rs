//! Predictions as a table, as CSV or as JSON lines, written as they come.

use std::borrow::Cow;
use std::io::{IsTerminal, LineWriter, Write};

use pipe_foundation::spreadsheet::guarded_bytes;
use serde::{Serialize, Serializer};

use pipe_stages::predict::Row;

use super::console::{StandardOutput, console_width, shown};
use super::model_arguments::PredictionFormat;
use super::visible::{coloured, visible};

/// Lines up to so many bytes are written at once.
const LONGEST_LINE: usize = 1 << 16;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted: Option<&'a str>,
    #[serde(skip_serializing_if = "Named::is_empty")]
    probabilities: Named<'a, f32>,
    #[serde(skip_serializing_if = "Named::is_empty")]
    numbers: Named<'a, f64>,
    silent: bool,
}

/// Names and their values, in the order of the names.
struct Named<'a, T>(&'a [String], &'a [T]);

impl<T> Named<'_, T> {
    fn is_empty(&self) -> bool {
        self.1.is_empty()
    }
}

impl<T: Serialize> Serialize for Named<'_, T> {
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

/// Standard output: on a terminal with control characters shown, elsewhere as it is, so that programs find every path again.
struct Out {
    on_terminal: bool,
}

impl Write for Out {
    /// Takes whole lines of text.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.on_terminal {
            true => {
                let text = String::from_utf8_lossy(bytes);
                StandardOutput.write_all(visible(&text).as_bytes())?;
                Ok(bytes.len())
            }
            false => StandardOutput.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        StandardOutput.flush()
    }
}

/// Writes predictions to standard output.
pub struct Predictions {
    format: PredictionFormat,
    out: LineWriter<Out>,
    classes: Vec<String>,
    targets: Vec<String>,
    shown: Shown,
    windows: bool,
    path_width: usize,
    colour: bool,
}

impl Predictions {
    /// For recordings with these names, as a whole or by `windows`, by a model of these classes and numeric targets.
    pub fn new(
        format: PredictionFormat,
        names: &[String],
        windows: bool,
        (classes, targets): (&[String], &[String]),
    ) -> Self {
        let room = console_width().saturating_sub(if windows { TIMES } else { 0 });
        let columns = |widths: &mut dyn Iterator<Item = usize>| -> usize {
            widths.map(|width| GAP + width).sum()
        };
        let name = name_width(classes);
        let all = columns(&mut classes.iter().map(|class| probability_width(class)));
        let of_targets = columns(&mut targets.iter().map(|target| probability_width(target)));
        let all = match classes.len() {
            0 => of_targets,
            _ => GAP + name + all + of_targets,
        };
        let shown = match all + PATH.start() <= room || classes.len() < 3 {
            true => Shown::All,
            false => Shown::Highest,
        };
        let numbers = match shown {
            Shown::All => all,
            Shown::Highest => {
                columns(&mut [name, PROBABILITY, name, PROBABILITY].into_iter()) + of_targets
            }
        };
        let longest = names.iter().map(|name| name.chars().count()).max();
        let most = room
            .saturating_sub(numbers)
            .clamp(*PATH.start(), *PATH.end());
        Self {
            format,
            out: LineWriter::with_capacity(
                LONGEST_LINE,
                Out {
                    on_terminal: std::io::stdout().is_terminal(),
                },
            ),
            classes: classes.to_vec(),
            targets: targets.to_vec(),
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
                    _ if self.classes.is_empty() => {}
                    Shown::All => {
                        write!(self.out, "  {:<width$}", "emotion")?;
                        for class in &self.classes {
                            let width = probability_width(class);
                            write!(self.out, "  {:>width$}", visible(class))?;
                        }
                    }
                    Shown::Highest => write!(
                        self.out,
                        "  {:<width$}  {:>PROBABILITY$}  {:<width$}  {:>PROBABILITY$}",
                        "emotion", "p", "second", "p"
                    )?,
                }
                for target in &self.targets {
                    let width = probability_width(target);
                    write!(self.out, "  {:>width$}", visible(target))?;
                }
                writeln!(self.out)
            }
            PredictionFormat::Csv => {
                let head = ["file", "start_s", "end_s"].map(Cow::from).into_iter();
                let predicted = (!self.classes.is_empty()).then(|| "predicted".into());
                let classes = self.classes.iter().map(|class| format!("p_{class}").into());
                let targets = self.targets.iter().map(|target| target.as_str().into());
                let head = head.chain(predicted).chain(classes).chain(targets);
                csv_line(&mut self.out, head.chain(["silent".into()]))
            }
            PredictionFormat::Json => Ok(()),
        }
    }

    /// Writes one prediction.
    pub fn write(&mut self, row: &Row) -> std::io::Result<()> {
        let predicted = row.predicted.and_then(|class| self.classes.get(class));
        let predicted = predicted.map(String::as_str);
        match self.format {
            PredictionFormat::Table => self.table(row),
            PredictionFormat::Csv => {
                let mut line = csv::Writer::from_writer(&mut self.out);
                line.write_field(guarded_bytes(row.path.as_os_str().as_encoded_bytes()))?;
                line.write_field(row.start_s.to_string())?;
                line.write_field(row.end_s.to_string())?;
                if let Some(predicted) = predicted {
                    line.write_field(guarded_bytes(predicted.as_bytes()))?;
                }
                for p in &row.probabilities {
                    line.write_field(p.to_string())?;
                }
                for number in &row.numbers {
                    line.write_field(number.to_string())?;
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
                    probabilities: Named(&self.classes, &row.probabilities),
                    numbers: Named(&self.targets, &row.numbers),
                    silent: row.silent,
                })?;
                // In JSON the written form means the same character.
                writeln!(self.out, "{}", visible(&line))
            }
        }
    }

    /// Passes on what has been written so far.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }

    fn table(&mut self, row: &Row) -> std::io::Result<()> {
        let path = fitted(&visible(&shown(&row.path)), self.path_width);
        write!(self.out, "{path:<width$}", width = self.path_width)?;
        if self.windows {
            write!(self.out, "  {:>9.3}  {:>9.3}", row.start_s, row.end_s)?;
        }
        if let Some(class) = row.predicted {
            self.table_classes(row, class)?;
        }
        for (target, number) in self.targets.iter().zip(&row.numbers) {
            let width = probability_width(target);
            write!(self.out, "  {number:>width$.3}")?;
        }
        writeln!(self.out, "{}", if row.silent { "  silent" } else { "" })
    }

    /// Writes the predicted class and probabilities.
    fn table_classes(&mut self, row: &Row, class: usize) -> std::io::Result<()> {
        let name = |class: usize| self.classes.get(class).map_or("", String::as_str);
        let predicted = name(class);
        let colour = match (self.colour, predicted) {
            (true, "positive") => Some(32),
            (true, "negative") => Some(31),
            _ => None,
        };
        let width = name_width(&self.classes);
        let predicted = format!("{:<width$}", visible(predicted));
        let predicted = colour.map_or(predicted.clone(), |code| coloured(code, &predicted));
        write!(self.out, "  {predicted}")?;
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
                let others = (0..self.classes.len()).filter(|other| *other != class);
                let second = others.max_by(|a, b| p(*a).total_cmp(&p(*b)));
                let second = second.unwrap_or(class);
                write!(
                    self.out,
                    "  {:>PROBABILITY$.3}  {:<width$}  {:>PROBABILITY$.3}",
                    p(class),
                    visible(name(second)),
                    p(second)
                )?;
            }
        }
        Ok(())
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
