//! Rows of a table in JSON lines: one object a line.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rows::{Problem, Row, Rows, places};

/// Reads all lines; blank ones are passed over. Keys are columns, absent and null values empty.
pub(super) fn json_lines(bytes: &[u8], names: &BTreeMap<String, String>) -> Result<Rows, Problem> {
    let mut columns: Vec<String> = Vec::new();
    let mut objects = Vec::new();
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let object = match serde_json::from_slice::<Value>(line) {
            Ok(Value::Object(object)) => {
                for key in object.keys() {
                    if !columns.contains(key) {
                        columns.push(key.clone());
                    }
                }
                Ok(object)
            }
            Ok(_) => Err("it is not a JSON object".to_string()),
            Err(error) => Err(format!("it is not JSON: {error}")),
        };
        objects.push((index as u64 + 1, object));
    }
    if columns.is_empty() {
        return Err(Problem {
            reason: "does not have one JSON object per line".to_string(),
            wanted: String::new(),
            known: Vec::new(),
        });
    }
    let places = places(&columns, names)?;
    let rows = objects
        .into_iter()
        .map(|(line, object)| {
            let row = object.and_then(|object| {
                let mut row = Row::default();
                for &(field, place) in &places {
                    let value = columns.get(place).and_then(|column| object.get(column));
                    match value {
                        None | Some(Value::Null) => {}
                        Some(Value::String(text)) => row.set(field, text.trim())?,
                        Some(Value::Number(number)) => row.set(field, &number.to_string())?,
                        Some(other) => {
                            return Err(format!(
                                "{field} is neither a string nor a number: {other}"
                            ));
                        }
                    }
                }
                Ok(row)
            });
            (line, row)
        })
        .collect();
    Ok(Rows {
        columns,
        fields: places.iter().map(|(field, _)| *field).collect(),
        rows,
    })
}
