//! Predictions as a CSV table that a person can open.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use pipe_foundation::regular_file;
use pipe_foundation::spreadsheet::{guarded, unguarded};

use super::{EvalError, Prediction};

/// The columns before the probabilities, in order.
const COLUMNS: [&str; 5] = ["utterance", "corpus", "speaker", "emotion", "predicted"];

/// All columns: those of every table, then a probability for each class.
fn columns(classes: &[String]) -> Vec<String> {
    let probabilities = classes.iter().map(|class| format!("p_{class}"));
    COLUMNS
        .map(String::from)
        .into_iter()
        .chain(probabilities)
        .collect()
}

/// The column of the labels as the corpora write them, after those of every table; not all tables have it.
const LABEL: &str = "label";

/// Writes a table with one row per prediction, in the order given; `classes` are the names of the classes. The column
/// `label` is there where predictions have one.
///
/// Probabilities are the shortest decimals that read back exactly.
///
/// # Errors
/// [`EvalError::NoSuchClass`] and [`EvalError::ProbabilityCount`] where a prediction is not one over these classes,
/// [`EvalError::File`] where the file cannot be created or written.
pub fn write_predictions(
    path: &Path,
    classes: &[String],
    predictions: &[Prediction],
) -> Result<(), EvalError> {
    for prediction in predictions {
        prediction.check(classes.len())?;
    }
    let failed = |source| EvalError::File {
        action: "write",
        path: path.to_path_buf(),
        source,
    };
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    write_to(&mut file, classes, predictions).map_err(failed)?;
    file.flush().map_err(failed)
}

fn write_to(
    writer: impl Write,
    classes: &[String],
    predictions: &[Prediction],
) -> std::io::Result<()> {
    let mut table = csv::Writer::from_writer(writer);
    let has_labels = predictions.iter().any(|one| one.label.is_some());
    let mut heading = columns(classes);
    if has_labels {
        heading.insert(COLUMNS.len(), LABEL.to_owned());
    }
    table.write_record(heading)?;
    for prediction in predictions {
        let probabilities = prediction.probabilities.iter().map(f32::to_string);
        let cells = [
            &prediction.utterance,
            &prediction.corpus,
            &prediction.speaker,
            &classes[prediction.truth],
            &classes[prediction.predicted],
        ];
        let label = prediction.label.as_deref().unwrap_or_default();
        let label = has_labels.then_some(label).into_iter();
        let cells = cells.into_iter().map(String::as_str).chain(label);
        let cells = cells.map(|cell| guarded(cell).into_owned());
        table.write_record(cells.chain(probabilities))?;
    }
    table.flush()
}

/// A table of predictions as read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// Names of the classes, in the order of the columns of their probabilities.
    pub classes: Vec<String>,
    /// The predictions.
    pub rows: Vec<Prediction>,
}

/// Reads a table that [`write_predictions`] wrote; columns may come in any order, others are ignored.
///
/// # Errors
/// [`EvalError::File`] where it cannot be read, [`EvalError::Table`] with the line where it makes no sense.
pub fn read_predictions(path: &Path) -> Result<Predictions, EvalError> {
    let file = regular_file::open(path).map_err(|error| EvalError::File {
        action: "read",
        path: path.to_path_buf(),
        source: error.into_io(),
    })?;
    read_from(BufReader::new(file), path)
}

/// Reads a table from any reader; `path` names it in errors.
fn read_from(reader: impl Read, path: &Path) -> Result<Predictions, EvalError> {
    let expected = columns(&["<class>".to_string()]).join(", ");
    let wrong = |line: u64, problem: String| EvalError::Table {
        path: path.to_path_buf(),
        line,
        problem,
        columns: expected.clone(),
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
                format!("{len} fields, but the header has {expected_len}"),
            ),
            csv::ErrorKind::Utf8 { .. } => wrong(line, "text is not UTF-8".to_string()),
            _ => wrong(line, problem),
        }
    };
    let mut table = csv::Reader::from_reader(reader);
    let header = table.headers().map_err(unreadable)?.clone();
    let names = header
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}'));
    let classes = names.clone().filter_map(|name| name.strip_prefix("p_"));
    let classes: Vec<String> = classes.map(str::to_owned).collect();
    let columns = columns(&classes);
    let place = |column: &String| {
        (names.clone())
            .position(|name| name == column)
            .ok_or_else(|| wrong(1, format!("column `{column}` is missing")))
    };
    let places: Vec<usize> = columns.iter().map(place).collect::<Result<_, _>>()?;
    let label = names.clone().position(|name| name == LABEL);
    let mut predictions = Vec::new();
    for record in table.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| unguarded(record.get(places[column]).unwrap_or_default());
        let class = |column: usize| {
            let name = cell(column);
            classes
                .iter()
                .position(|class| class == name)
                .ok_or_else(|| {
                    let problem =
                        format!("{} `{name}` is not {}", COLUMNS[column], either(&classes));
                    wrong(line, problem)
                })
        };
        let probability = |column: usize| {
            let text = cell(column);
            text.parse().map_err(|_| {
                wrong(
                    line,
                    format!("{} `{text}` is not a number", columns[column]),
                )
            })
        };
        let probabilities = (COLUMNS.len()..columns.len())
            .map(probability)
            .collect::<Result<_, _>>()?;
        if cell(0).is_empty() {
            return Err(wrong(line, "the utterance has no name".to_string()));
        }
        predictions.push(Prediction {
            utterance: cell(0).to_string(),
            corpus: cell(1).to_string(),
            speaker: cell(2).to_string(),
            truth: class(3)?,
            predicted: class(4)?,
            label: label
                .and_then(|place| record.get(place))
                .map(|cell| unguarded(cell).to_string())
                .filter(|label| !label.is_empty()),
            probabilities,
        });
    }
    Ok(Predictions {
        classes,
        rows: predictions,
    })
}

/// Names as alternatives: `a, b or c`.
fn either(names: &[String]) -> String {
    match names {
        [first @ .., before, last] => {
            let commas: String = first.iter().map(|name| format!("{name}, ")).collect();
            format!("{commas}{before} or {last}")
        }
        names => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    fn three() -> Vec<String> {
        names(&["positive", "neutral", "negative"])
    }

    fn example() -> Vec<Prediction> {
        let row = |utterance: &str, probabilities: [f32; 3]| Prediction {
            utterance: utterance.to_string(),
            corpus: "c".to_string(),
            speaker: "c/a, \"b\"".to_string(),
            truth: 1,
            predicted: 2,
            label: None,
            probabilities: probabilities.into(),
        };
        vec![
            row("c/x", [0.1, 0.2, 0.7]),
            row("=c/x+1", [0.1, 0.2, 0.7]),
            row("c/ü\nÿ", [1.0 / 3.0, f32::MIN_POSITIVE, 0.99999994]),
            row("c/nan", [f32::NAN, 0.0, 1.0]),
        ]
    }

    fn read(text: &str) -> Result<Predictions, String> {
        read_from(text.as_bytes(), Path::new("p.csv")).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("predictions.csv");
        write_predictions(&path, &three(), &example()).expect("written");
        let back = read_predictions(&path).expect("read");
        assert_eq!(back.classes, three());
        let back = back.rows;
        assert_eq!(back[..3], example()[..3]);
        assert!(back[3].probabilities[0].is_nan());
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(text.starts_with(
            "utterance,corpus,speaker,emotion,predicted,p_positive,p_neutral,p_negative\n\
             c/x,c,\"c/a, \"\"b\"\"\",neutral,negative,0.1,0.2,0.7\n"
        ));
        let missing = folder.path().join("no/such/p.csv");
        assert!(write_predictions(&missing, &three(), &[]).is_err());
        assert!(read_predictions(&missing).is_err());
    }

    #[test]
    fn classes_are_those_of_the_table() {
        for classes in [
            names(&["calm", "tense"]),
            names(&["a", "b, c", "\"d\"", "e", "f"]),
        ] {
            let count = classes.len();
            let predictions: Vec<Prediction> = (0..count)
                .map(|class| Prediction {
                    utterance: format!("u{class}"),
                    corpus: "c".to_string(),
                    speaker: "s".to_string(),
                    truth: class,
                    predicted: (class + 1) % count,
                    label: None,
                    probabilities: (0..count).map(|other| other as f32 / 8.0).collect(),
                })
                .collect();
            let mut text = Vec::new();
            write_to(&mut text, &classes, &predictions).expect("written");
            let back = read_from(text.as_slice(), Path::new("p.csv")).expect("read");
            assert_eq!(back.rows, predictions);
            assert_eq!(back.classes, classes);
        }
    }

    #[test]
    fn labels_of_the_corpora_have_a_column_of_their_own() {
        let mut predictions = example();
        predictions.truncate(2);
        predictions[0].label = Some("=joy".into());
        let mut text = Vec::new();
        write_to(&mut text, &three(), &predictions).expect("written");
        let header =
            "utterance,corpus,speaker,emotion,predicted,label,p_positive,p_neutral,p_negative\n";
        assert!(String::from_utf8_lossy(&text).starts_with(header));
        let back = read_from(text.as_slice(), Path::new("p.csv")).expect("read");
        assert_eq!(back.rows, predictions);
    }

    #[test]
    fn predictions_over_other_classes_are_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("predictions.csv");
        let mut predictions = example();
        predictions.truncate(1);
        let written = write_predictions(&path, &names(&["one", "two"]), &predictions);
        assert!(matches!(
            written,
            Err(EvalError::NoSuchClass { class: 2, .. })
        ));
        predictions[0].probabilities.pop();
        let written = write_predictions(&path, &three(), &predictions);
        assert!(matches!(
            written,
            Err(EvalError::ProbabilityCount { found: 2, .. })
        ));
        assert!(!path.exists());
    }

    #[test]
    fn columns_may_be_shuffled() {
        let text = "\u{feff}p_negative,p_neutral,p_positive,predicted,emotion,speaker,corpus,note,utterance\n\
                    0.7,0.2,0.1,negative,neutral,s,c,hm,c/x\n";
        let back = read(text).expect("read");
        assert_eq!(back.classes, ["negative", "neutral", "positive"]);
        let row = &back.rows[0];
        assert_eq!(row.probabilities, [0.7, 0.2, 0.1]);
        assert_eq!((row.truth, row.predicted), (1, 0));
    }

    #[test]
    fn nonsense_is_named_with_its_line() {
        let header = columns(&three()).join(",");
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
                "line 2: 2 fields, but the header has 8",
            ),
            (
                format!("{header}\n,c,s,neutral,neutral,0,0,1\n"),
                "line 2: the utterance has no name",
            ),
        ];
        for (text, complaint) in cases {
            assert_eq!(
                read(&text).map(|_| ()),
                Err(format!("predictions p.csv: {complaint}"))
            );
        }
    }
}
