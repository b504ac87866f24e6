//! Variants of a stage: one value of each axis it has.

use crate::file_name::file_name;

/// One value of each of some axes, by axis name and label, in the order of the axes.
pub type Variant = Vec<(String, String)>;

/// A variant as people write it: `axis=label,...`.
pub fn written(variant: &[(String, String)]) -> String {
    let parts = variant.iter();
    let parts: Vec<String> = parts
        .map(|(axis, label)| format!("{axis}={label}"))
        .collect();
    parts.join(",")
}

/// The id of a step: the name of its stage, and `[axis=label,...]` where it has matrix values.
pub fn step_id(stage: &str, variant: &[(String, String)]) -> String {
    match variant.is_empty() {
        true => stage.into(),
        false => format!("{stage}[{}]", written(variant)),
    }
}

/// The folder that holds what a variant makes, `axis=label,...`; none where there are no axes.
pub fn variant_folder(variant: &[(String, String)]) -> Option<String> {
    (!variant.is_empty()).then(|| file_name(&written(variant)))
}
