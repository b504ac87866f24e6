//! Predictions as a CSV table that a person can open.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use pipe_speech::corpus::Emotion;

use super::{EvalError, Prediction};

/// The columns, in order.
pub(super) const COLUMNS: [&str; 8] = [
    "utterance",
    "corpus",
    "speaker",
    "emotion",
    "predicted",
    "p_positive",
    "p_neutral",
    "p_negative",
];

/// Writes a table with one row per prediction, in the order given.
///
/// # Errors
/// [`EvalError::File`] where the file cannot be created or written.
pub fn write_predictions(path: &Path, predictions: &[Prediction]) -> Result<(), EvalError> {
    let failed = |source| EvalError::File {
        action: "write",
        path: path.to_path_buf(),
        source,
    };
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    write_predictions_to(&mut file, predictions).map_err(failed)?;
    file.flush().map_err(failed)
}

/// Writes a table to any writer. Probabilities are the shortest decimals that read back exactly.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_predictions_to(writer: impl Write, predictions: &[Prediction]) -> std::io::Result<()> {
    let mut table = csv::Writer::from_writer(writer);
    table.write_record(COLUMNS)?;
    for prediction in predictions {
        let [positive, neutral, negative] = prediction.probabilities.map(|p| p.to_string());
        table.write_record([
            prediction.utterance.as_str(),
            &prediction.corpus,
            &prediction.speaker,
            prediction.emotion.name(),
            prediction.predicted.name(),
            &positive,
            &neutral,
            &negative,
        ])?;
    }
    table.flush()
}

/// Reads a table that [`write_predictions`] wrote; columns may come in any order, others are ignored.
///
/// # Errors
/// [`EvalError::File`] where it cannot be read, [`EvalError::Table`] with the line where it makes no sense.
pub fn read_predictions(path: &Path) -> Result<Vec<Prediction>, EvalError> {
    let file = File::open(path).map_err(|source| EvalError::File {
        action: "read",
        path: path.to_path_buf(),
        source,
    })?;
    read_predictions_from(BufReader::new(file), path)
}

/// Reads a table from any reader; `path` names it in errors.
///
/// # Errors
/// As [`read_predictions`].
pub fn read_predictions_from(reader: impl Read, path: &Path) -> Result<Vec<Prediction>, EvalError> {
    let wrong = |line: u64, problem: String| EvalError::Table {
        path: path.to_path_buf(),
        line,
        problem,
    };
    let unreadable = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let problem = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(source) => EvalError::File {
                action: "read",
                path: path.to_path_buf(),
                source,
            },
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => wrong(
                line,
                format!("{len} fields where the header has {expected_len}"),
            ),
            csv::ErrorKind::Utf8 { .. } => wrong(line, "text is not UTF-8".to_string()),
            _ => wrong(line, problem),
        }
    };
    let mut table = csv::Reader::from_reader(reader);
    let header = table.headers().map_err(unreadable)?.clone();
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        *place = header
            .iter()
            .position(|name| name.trim_start_matches('\u{feff}') == column)
            .ok_or_else(|| wrong(1, format!("column `{column}` is missing")))?;
    }
    let mut predictions = Vec::new();
    for record in table.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let [utterance, corpus, speaker, emotion, predicted, p @ ..] =
            places.map(|place| record.get(place).unwrap_or_default());
        let class = |column: &str, name: &str| {
            Emotion::ALL
                .into_iter()
                .find(|emotion| emotion.name() == name)
                .ok_or_else(|| {
                    wrong(
                        line,
                        format!("{column} `{name}` is not positive, neutral or negative"),
                    )
                })
        };
        let mut probabilities = [0.0; 3];
        for ((probability, text), column) in probabilities.iter_mut().zip(p).zip(&COLUMNS[5..]) {
            *probability = text
                .parse()
                .map_err(|_| wrong(line, format!("{column} `{text}` is not a number")))?;
        }
        if utterance.is_empty() {
            return Err(wrong(line, "the utterance has no name".to_string()));
        }
        predictions.push(Prediction {
            utterance: utterance.to_string(),
            corpus: corpus.to_string(),
            speaker: speaker.to_string(),
            emotion: class("emotion", emotion)?,
            predicted: class("predicted", predicted)?,
            probabilities,
        });
    }
    Ok(predictions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Vec<Prediction> {
        let row = |utterance: &str, probabilities| Prediction {
            utterance: utterance.to_string(),
            corpus: "c".to_string(),
            speaker: "c/a, \"b\"".to_string(),
            emotion: Emotion::Neutral,
            predicted: Emotion::Negative,
            probabilities,
        };
        vec![
            row("c/x", [0.1, 0.2, 0.7]),
            row("c/ü\nÿ", [1.0 / 3.0, f32::MIN_POSITIVE, 0.99999994]),
            row("c/nan", [f32::NAN, 0.0, 1.0]),
        ]
    }

    fn read(text: &str) -> Result<Vec<Prediction>, String> {
        read_predictions_from(text.as_bytes(), Path::new("p.csv")).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("predictions.csv");
        write_predictions(&path, &example()).expect("written");
        let back = read_predictions(&path).expect("read");
        assert_eq!(back[..2], example()[..2]);
        assert!(back[2].probabilities[0].is_nan());
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(text.starts_with(
            "utterance,corpus,speaker,emotion,predicted,p_positive,p_neutral,p_negative\n\
             c/x,c,\"c/a, \"\"b\"\"\",neutral,negative,0.1,0.2,0.7\n"
        ));
        assert!(write_predictions(&folder.path().join("no/such/p.csv"), &[]).is_err());
        assert!(read_predictions(&folder.path().join("missing.csv")).is_err());
    }

    #[test]
    fn columns_may_be_shuffled() {
        let text = "\u{feff}p_negative,p_neutral,p_positive,predicted,emotion,speaker,corpus,note,utterance\n\
                    0.7,0.2,0.1,negative,neutral,s,c,hm,c/x\n";
        assert_eq!(read(text).expect("read")[0].probabilities, [0.1, 0.2, 0.7]);
    }

    #[test]
    fn nonsense_is_named_with_its_line() {
        let header = COLUMNS.join(",");
        let cases = [
            (String::new(), "line 1: column `utterance` is missing"),
            (
                header.replace("predicted", "x"),
                "line 1: column `predicted` is missing",
            ),
            (
                format!("{header}\nc/x,c,s,happy,neutral,0,0,1\n"),
                "line 2: emotion `happy` is not positive, neutral or negative",
            ),
            (
                format!(
                    "{header}\nc/x,c,s,neutral,neutral,0,0,1\nc/y,c,s,neutral,neutral,0,zero,1\n"
                ),
                "line 3: p_neutral `zero` is not a number",
            ),
            (
                format!("{header}\nc/x,c\n"),
                "line 2: 2 fields where the header has 8",
            ),
            (
                format!("{header}\n,c,s,neutral,neutral,0,0,1\n"),
                "line 2: the utterance has no name",
            ),
        ];
        for (text, complaint) in cases {
            assert_eq!(read(&text), Err(format!("predictions p.csv: {complaint}")));
        }
    }
}
