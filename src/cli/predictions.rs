//! Predictions as a table, as CSV or as JSON lines, written as they come.

use std::borrow::Cow;
use std::io::{BufWriter, IsTerminal, Stdout, Write};

use pipe_foundation::spreadsheet::guarded_bytes;
use pipe_speech::corpus::Emotion;
use serde::Serialize;

use crate::predict::Row;

use super::console::{console_width, shown};
use super::model_arguments::PredictionFormat;

/// Width of the columns after the path: times, class, three probabilities.
const NUMBERS: usize = 39;
/// Width of the two columns of times.
const TIMES: usize = 22;
/// Least and greatest width of the path.
const PATH: std::ops::RangeInclusive<usize> = 12..=100;

/// A line of JSON; numbers are the shortest that read back exactly.
#[derive(Serialize)]
struct Line<'a> {
    file: Cow<'a, str>,
    start_s: f64,
    end_s: f64,
    predicted: &'static str,
    probabilities: Probabilities,
    silent: bool,
}

#[derive(Serialize)]
struct Probabilities {
    positive: f32,
    neutral: f32,
    negative: f32,
}

/// Writes predictions to standard output.
pub struct Predictions {
    format: PredictionFormat,
    out: BufWriter<Stdout>,
    windows: bool,
    path_width: usize,
    colour: bool,
}

impl Predictions {
    /// For recordings with these names, as a whole or by `windows`.
    pub fn new(format: PredictionFormat, names: &[String], windows: bool) -> Self {
        let longest = names.iter().map(|name| name.chars().count()).max();
        let room = console_width().saturating_sub(NUMBERS + if windows { TIMES } else { 0 });
        let most = room.clamp(*PATH.start(), *PATH.end());
        Self {
            format,
            out: BufWriter::new(std::io::stdout()),
            windows,
            path_width: longest.unwrap_or(0).clamp(4, most),
            colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// Writes the heading.
    pub fn begin(&mut self) -> std::io::Result<()> {
        let [positive, neutral, negative] = Emotion::ALL.map(Emotion::name);
        match self.format {
            PredictionFormat::Table => {
                write!(self.out, "{:<width$}", "file", width = self.path_width)?;
                if self.windows {
                    write!(self.out, "  {:>9}  {:>9}", "start s", "end s")?;
                }
                writeln!(
                    self.out,
                    "  {:<8}  {positive:>8}  {neutral:>7}  {negative:>8}",
                    "emotion"
                )
            }
            PredictionFormat::Csv => writeln!(
                self.out,
                "file,start_s,end_s,predicted,p_{positive},p_{neutral},p_{negative},silent"
            ),
            PredictionFormat::Json => Ok(()),
        }
    }

    /// Writes one prediction.
    pub fn write(&mut self, row: &Row) -> std::io::Result<()> {
        match self.format {
            PredictionFormat::Table => self.table(row),
            PredictionFormat::Csv => {
                let mut line = csv::Writer::from_writer(&mut self.out);
                let [positive, neutral, negative] = row.probabilities.map(|p| p.to_string());
                line.write_record([
                    &guarded_bytes(row.path.as_os_str().as_encoded_bytes()),
                    row.start_s.to_string().as_bytes(),
                    row.end_s.to_string().as_bytes(),
                    row.predicted.name().as_bytes(),
                    positive.as_bytes(),
                    neutral.as_bytes(),
                    negative.as_bytes(),
                    row.silent.to_string().as_bytes(),
                ])?;
                line.flush()
            }
            PredictionFormat::Json => {
                let [positive, neutral, negative] = row.probabilities;
                let line = serde_json::to_string(&Line {
                    file: row.path.to_string_lossy(),
                    start_s: row.start_s,
                    end_s: row.end_s,
                    predicted: row.predicted.name(),
                    probabilities: Probabilities {
                        positive,
                        neutral,
                        negative,
                    },
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
        let name = row.predicted.name();
        let (on, off) = match (self.colour, row.predicted) {
            (false, _) => ("", ""),
            (true, Emotion::Positive) => ("\x1b[32m", "\x1b[0m"),
            (true, Emotion::Neutral) => ("", ""),
            (true, Emotion::Negative) => ("\x1b[31m", "\x1b[0m"),
        };
        let [positive, neutral, negative] = row.probabilities;
        let note = if row.silent { "  silent" } else { "" };
        writeln!(
            self.out,
            "  {on}{name:<8}{off}  {positive:>8.3}  {neutral:>7.3}  {negative:>8.3}{note}"
        )
    }
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
