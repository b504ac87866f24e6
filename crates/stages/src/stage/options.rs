//! From checked parameters to the options of a stage.

use pipe_engine::manifest::{Declaration, Diagnostic, Diagnostics};

/// Reads checked parameters into a stage's options; they fit because both were declared together.
///
/// # Errors
/// Where they do not all the same.
pub fn options<T: serde::de::DeserializeOwned>(
    declaration: &Declaration,
) -> Result<T, Diagnostics> {
    serde_json::from_value(serde_json::Value::Object(declaration.parameters.clone())).map_err(
        |error| {
            Diagnostic::new(
                "manifest::value",
                format!("`{}`: {error}", declaration.stage),
            )
            .at(
                &declaration.place,
                "the parameters of this stage cannot be read",
            )
            .into()
        },
    )
}

/// A problem with the options as a whole, reported at the stage's name.
pub fn refused(declaration: &Declaration, error: &dyn miette::Diagnostic) -> Diagnostics {
    let mut diagnostic = Diagnostic::new(
        "manifest::value",
        format!("`{}`: {error}", declaration.stage),
    )
    .at(
        &declaration.place,
        "the parameters of this stage are inconsistent",
    );
    if let Some(help) = error.help() {
        diagnostic = diagnostic.help(help.to_string());
    }
    diagnostic.into()
}
