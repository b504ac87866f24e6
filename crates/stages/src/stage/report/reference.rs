//! What a report compares its variants with.

use pipe_engine::stage::InputLabel;
use pipe_report::Reference;

use super::error::ReportError;

/// The axis and value that `written` names.
///
/// # Errors
/// Where no axis has it, or several.
pub fn reference_of(written: &str, labels: &[InputLabel]) -> Result<Reference, ReportError> {
    let mut values: Vec<(&str, &str)> = Vec::new();
    for (axis, value) in labels.iter().flat_map(|label| &label.variant) {
        if !values.contains(&(axis, value)) {
            values.push((axis, value));
        }
    }
    let is_meant =
        |(axis, value): &&(&str, &str)| *value == written || format!("{axis}={value}") == written;
    let meant: Vec<&(&str, &str)> = values.iter().filter(is_meant).collect();
    match meant[..] {
        [(axis, value)] => Ok(Reference {
            axis: (*axis).to_owned(),
            value: (*value).to_owned(),
        }),
        _ => {
            let known = values.iter().map(|(axis, value)| format!("{axis}={value}"));
            Err(ReportError::Reference {
                written: written.to_owned(),
                axes: meant.len(),
                known: known.collect::<Vec<_>>().join(", "),
            })
        }
    }
}
