//! Rows of a table in JSON lines: one object a line.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::corpus::KeptColumns;

use super::rows::{Problem, Row, Rows, kept_places, places};

/// Reads all lines; blank ones are passed over. Keys are columns, absent and null values empty.
pub(super) fn json_lines(
    bytes: &[u8],
    names: &BTreeMap<String, String>,
    kept: &KeptColumns,
) -> Result<Rows, Problem> {
    let mut columns: Vec<String> = Vec::new();
    // Every row may have a column of its own, and those before are not gone through for each.
    let mut known = HashSet::new();
    let mut objects = Vec::new();
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let object = match serde_json::from_slice::<Value>(line) {
            Ok(Value::Object(object)) => {
                for key in object.keys() {
                    if !known.contains(key) {
                        known.insert(key.clone());
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
    let kept = kept_places(&columns, &places, kept);
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
                for &place in &kept {
                    match object.get(&columns[place]) {
                        None | Some(Value::Null) => row.keep("")?,
                        Some(Value::String(text)) => row.keep(text.trim())?,
                        // A list or table is kept as it is written.
                        Some(other) => row.keep(&other.to_string())?,
                    }
                }
                Ok(row)
            });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_a_column_for_each_row_costs_no_more_than_another() {
        const ROWS: usize = 200_000;
        let line = |row: usize| format!("{{\"path\": \"{row}.wav\", \"{row}\": 0}}\n");
        let text: String = (0..ROWS).map(line).collect();
        let rows = json_lines(text.as_bytes(), &BTreeMap::new(), &KeptColumns::default()).unwrap();
        assert_eq!((rows.rows.len(), rows.columns.len()), (ROWS, ROWS + 1));
    }
}
