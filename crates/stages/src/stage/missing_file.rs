//! What is said of a file that a manifest names and that cannot be used.

use pipe_engine::manifest::Diagnostic;
use pipe_engine::source::Place;
use pipe_foundation::regular_file::FileError;

/// The problem with a file, which is called `what` and is named at `place`.
pub fn missing_file(what: &str, error: &FileError, place: &Place) -> Diagnostic {
    const CODE: &str = "manifest::missing_file";
    match error.is_missing() {
        true => Diagnostic::new(CODE, format!("{what} does not exist")).at(place, "not found"),
        false => {
            Diagnostic::new(CODE, format!("cannot read {what}: {error}")).at(place, "not readable")
        }
    }
}
