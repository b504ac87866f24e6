//! Tables in Parquet, as the CSV that they would be.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde::Deserialize;

/// What every file begins with.
pub const START: &[u8] = b"PAR1";
/// Bytes of text at most.
const MOST_BYTES: usize = 4 << 30;
/// What pandas calls an index without a name, before its number.
const INDEX: &str = "__index_level_";

/// What pandas says of the columns, in the metadata of the file.
#[derive(Deserialize)]
struct Pandas {
    columns: Vec<PandasColumn>,
}

#[derive(Deserialize)]
struct PandasColumn {
    field_name: Option<String>,
    numpy_type: String,
}

/// A column of the file and those of the text that it becomes.
struct Column {
    /// Its place in the file.
    at: usize,
    name: String,
    /// Numbers are in this part of a second, where they are times.
    per_second: Option<f64>,
    /// Values of each list, where it has lists.
    lists: Option<usize>,
}

/// A table as CSV in UTF-8: a header, then a line for each row. A list of numbers, as an embedding is, becomes columns
/// `name.0`, `name.1` and so on; times that pandas keeps in parts of a second become seconds; structures and maps, such as
/// audio within the table, are left out.
///
/// # Errors
/// What is wrong with the file, in words.
pub fn csv(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let read = AssertUnwindSafe(|| read(Bytes::copy_from_slice(bytes)));
    catch_unwind(read)
        .unwrap_or_else(|panic| Err(pipe_foundation::panics::describe(&*panic)))
        .map_err(|reason| format!("is no Parquet file that can be read: {reason}"))
}

fn read(bytes: Bytes) -> Result<Vec<u8>, String> {
    let failed = |error: parquet::errors::ParquetError| error.to_string();
    let reader = SerializedFileReader::new(bytes).map_err(failed)?;
    let times = times(&reader);
    let rows = reader.get_row_iter(None).map_err(failed)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut columns: Option<Vec<Column>> = None;
    let mut line: Vec<String> = Vec::new();
    for row in rows {
        let row = row.map_err(failed)?;
        let columns = match &mut columns {
            Some(columns) => columns,
            None => {
                let found = columns_of(&row, &times);
                writer
                    .write_record(header(&found))
                    .map_err(|e| e.to_string())?;
                columns.insert(found)
            }
        };
        line.clear();
        let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
        for column in columns.iter() {
            column.cells(fields[column.at], &mut line)?;
        }
        writer.write_record(&line).map_err(|e| e.to_string())?;
        if writer.get_ref().len() > MOST_BYTES {
            return Err("it is too large; write it as NPZ or safetensors".into());
        }
    }
    if columns.is_none() {
        let schema = reader.metadata().file_metadata().schema_descr();
        let names = schema.root_schema().get_fields().iter();
        writer
            .write_record(names.map(|field| field.name()))
            .map_err(|e| e.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// Columns that hold times in parts of a second, by what pandas says of them.
fn times(reader: &SerializedFileReader<Bytes>) -> Vec<(String, f64)> {
    let metadata = reader.metadata().file_metadata().key_value_metadata();
    let said = metadata
        .into_iter()
        .flatten()
        .find(|pair| pair.key == "pandas");
    let said = said.and_then(|pair| serde_json::from_str::<Pandas>(pair.value.as_ref()?).ok());
    let columns = said.into_iter().flat_map(|said| said.columns);
    let timed = columns.filter_map(|column| {
        let per_second = match column.numpy_type.as_str() {
            "timedelta64[ns]" => 1e9,
            "timedelta64[us]" => 1e6,
            "timedelta64[ms]" => 1e3,
            "timedelta64[s]" => 1.0,
            _ => return None,
        };
        Some((column.field_name?, per_second))
    });
    timed.collect()
}

/// The columns by the first row, without those that are no cells. pandas writes an index last here, and first as CSV.
fn columns_of(row: &Row, times: &[(String, f64)]) -> Vec<Column> {
    let fields = row.get_column_iter();
    let columns = fields.enumerate().filter_map(|(at, (name, field))| {
        let lists = match field {
            Field::Group(_) | Field::MapInternal(_) => return None,
            Field::ListInternal(list) => Some(list.len()),
            _ => None,
        };
        let timed = times.iter().find(|(timed, _)| timed == name);
        Some(Column {
            at,
            name: name.clone(),
            per_second: timed.map(|(_, per_second)| *per_second),
            lists,
        })
    });
    let mut columns: Vec<Column> = columns.collect();
    columns.sort_by_key(|column| !column.name.starts_with(INDEX));
    columns
}

/// The names of the columns of the text. pandas writes an index without a name as a column without one.
fn header(columns: &[Column]) -> Vec<String> {
    let named = columns.iter().flat_map(|column| {
        let name = match column.name.starts_with(INDEX) {
            true => "",
            false => &column.name,
        };
        match column.lists {
            None => vec![name.to_owned()],
            Some(values) => (0..values).map(|at| format!("{name}.{at}")).collect(),
        }
    });
    named.collect()
}

impl Column {
    fn cells(&self, field: &Field, line: &mut Vec<String>) -> Result<(), String> {
        let Self { name, lists, .. } = self;
        match (field, lists) {
            (Field::ListInternal(list), Some(values)) => {
                let found = list.len();
                if found != *values {
                    return Err(format!(
                        "the lists of its column `{name}` have {values} and {found} values"
                    ));
                }
                line.extend(list.elements().iter().map(text));
            }
            (Field::Null, Some(values)) => line.extend(vec![String::new(); *values]),
            (_, Some(_)) => return Err(format!("its column `{name}` has lists and values")),
            (field, None) => line.push(match (self.per_second, field) {
                (Some(per_second), Field::Long(ticks)) => (*ticks as f64 / per_second).to_string(),
                _ => text(field),
            }),
        }
        Ok(())
    }
}

/// A value as a cell.
fn text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        other => other.to_string(),
    }
}
