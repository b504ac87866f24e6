//! How deep lists and tables may be in one another.

use crate::source::Place;

use super::diagnostic::Diagnostic;

/// Lists and tables are in one another no deeper than this: what goes through them calls itself. The parser has such a
/// limit too, but another one for dotted keys, and variables could pile up more.
pub const MOST_NESTED: usize = 64;

/// What is wrong with a value that has too many lists and tables in one another.
pub fn nested_too_deep(place: &Place) -> Diagnostic {
    Diagnostic::new(
        "manifest::nested",
        format!("lists and tables are nested more than {MOST_NESTED} deep"),
    )
    .at(place, "too deep")
    .help("no key of a manifest needs this; write the value with fewer levels")
}
