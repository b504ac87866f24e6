//! Rows of a table in JSON: one object a line, or an array of objects.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::rows::{Names, Row, Rows, TableProblem, kept_places, places};

const HELP: &str = "write one object for each recording, such as {\"path\": \"a.wav\", \"speaker\": \"anna\", \"emotion\": \"joy\"}: one a line, or all in one array (pandas: to_json(..., orient=\"records\"))";

/// The line of an object, and the object or what is wrong with it.
type Object = (u64, Result<Map<String, Value>, String>);

/// Reads one object a line; blank lines are passed over. Keys are columns, absent and null values empty.
pub(super) fn json_lines(bytes: &[u8], names: &Names) -> Result<Rows, TableProblem> {
    let mut objects: Vec<Object> = Vec::new();
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let object = match serde_json::from_slice::<Value>(line) {
            Ok(value) => object(value),
            Err(error) => Err(format!("it is not JSON: {error}")),
        };
        objects.push((index as u64 + 1, object));
    }
    if let [(_, Ok(columns))] = &objects[..]
        && columns.len() > 1
        && columns.values().all(Value::is_object)
    {
        let reason =
            "has one object of columns, as pandas writes it by default, and no object for each row";
        return Err(TableProblem::new(reason, HELP));
    }
    if !objects.is_empty() && objects.iter().all(|(_, object)| object.is_err()) {
        let reason = "has neither one JSON object a line nor a JSON array of objects";
        return Err(TableProblem::new(reason, HELP));
    }
    rows(objects, names)
}

/// Reads an array of objects, as [`json_lines`]; the line of a row is the one in which its object begins.
pub(super) fn json_array(bytes: &[u8], names: &Names) -> Result<Rows, TableProblem> {
    let mut objects: Vec<Object> = Vec::new();
    let mut text = Text {
        bytes,
        at: 0,
        line: 1,
    };
    text.next();
    text.pass(1);
    loop {
        match (text.next(), objects.is_empty()) {
            (Some(b']'), true) => break,
            (None, _) => return Err(TableProblem::new("is a JSON array that does not end", HELP)),
            (Some(_), _) => {}
        }
        let line = text.line;
        let rest = bytes.get(text.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => objects.push((line, object(value))),
            Some(Err(error)) => {
                let line = line + (error.line().max(1) - 1) as u64;
                let told = error.to_string();
                let told = told.split(" at line ").next().unwrap_or_default();
                let reason = format!("is not JSON in line {line}: {told}");
                return Err(TableProblem::new(reason, HELP));
            }
            None => return Err(TableProblem::new("is a JSON array that does not end", HELP)),
        }
        text.pass(values.byte_offset());
        match text.next() {
            Some(b',') => text.pass(1),
            Some(b']') => break,
            None => return Err(TableProblem::new("is a JSON array that does not end", HELP)),
            Some(_) => {
                let reason = format!("is not JSON in line {}: expected `,` or `]`", text.line);
                return Err(TableProblem::new(reason, HELP));
            }
        }
    }
    text.pass(1);
    match text.next() {
        None => rows(objects, names),
        Some(_) => {
            let reason = format!("has more after its array, in line {}", text.line);
            Err(TableProblem::new(reason, HELP))
        }
    }
}

/// Where reading is, and in which line.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Text<'_> {
    /// Passes over blanks, and gives what is after them.
    fn next(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        self.pass(blanks);
        self.bytes.get(self.at).copied()
    }

    fn pass(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.bytes.len());
        let passed = &self.bytes[self.at..end];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = end;
    }
}

fn object(value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err("it is not a JSON object".to_string()),
    }
}

fn rows(objects: Vec<Object>, names: &Names) -> Result<Rows, TableProblem> {
    let mut columns: Vec<String> = Vec::new();
    // Every row may have a column of its own, and those before are not gone through for each.
    let mut known = HashSet::new();
    for (_, object) in &objects {
        for key in object.iter().flat_map(Map::keys) {
            if !known.contains(key) {
                known.insert(key.clone());
                columns.push(key.clone());
            }
        }
    }
    if columns.is_empty() {
        return Err(TableProblem::new("is empty", HELP));
    }
    let places = places(&columns, names)?;
    let kept = kept_places(&columns, &places, &names.kept);
    let rows = objects
        .into_iter()
        .map(|(line, object)| {
            let row = object.and_then(|object| row(&object, &columns, &places, &kept));
            (line, row)
        })
        .collect();
    Ok(Rows {
        kept: kept.iter().map(|&place| columns[place].clone()).collect(),
        columns,
        fields: places.iter().map(|(field, _)| *field).collect(),
        rows,
    })
}

fn row(
    object: &Map<String, Value>,
    columns: &[String],
    places: &[(&'static str, usize)],
    kept: &[usize],
) -> Result<Row, String> {
    let mut row = Row::default();
    for &(field, place) in places {
        let value = columns.get(place).and_then(|column| object.get(column));
        match value {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => row.set(field, text.trim())?,
            Some(Value::Number(number)) => row.set(field, &number.to_string())?,
            Some(other) => {
                return Err(format!("{field} is neither a string nor a number: {other}"));
            }
        }
    }
    for &place in kept {
        match object.get(&columns[place]) {
            None | Some(Value::Null) => row.keep("")?,
            Some(Value::String(text)) => row.keep(text.trim())?,
            // A list or table is kept as it is written.
            Some(other) => row.keep(&other.to_string())?,
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_as_pandas_writes_them_are_reported() {
        let text = r#"{"path": {"0": "a.wav"}, "emotion": {"0": "joy"}}"#;
        let problem = json_lines(text.as_bytes(), &Names::default()).unwrap_err();
        assert!(problem.reason.starts_with("has one object of columns"));
        assert!(problem.help.contains("orient=\"records\""));
    }

    #[test]
    fn a_table_with_a_column_for_each_row_costs_no_more_than_another() {
        const ROWS: usize = 200_000;
        let line = |row: usize| format!("{{\"path\": \"{row}.wav\", \"{row}\": 0}}\n");
        let text: String = (0..ROWS).map(line).collect();
        let rows = json_lines(text.as_bytes(), &Names::default()).unwrap();
        assert_eq!((rows.rows.len(), rows.columns.len()), (ROWS, ROWS + 1));
    }
}
