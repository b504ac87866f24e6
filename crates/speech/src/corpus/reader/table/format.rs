//! The formats of a table file: CSV, TSV and JSON.

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::corpus) enum Format {
    /// Or Parquet, which is read as the CSV that it would be. With `"` as quote; separated by commas, semicolons, tabs or vertical bars: see [`super::separated`].
    Csv,
    /// Tab-separated, where a quote is a character as any other.
    Tsv,
    /// One JSON object a line, or one array of objects.
    Json,
}

impl Format {
    /// By a file's extension, without case.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "csv" | "txt" | "parquet" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "jsonl" | "ndjson" | "json" => Some(Self::Json),
            _ => None,
        }
    }
}
