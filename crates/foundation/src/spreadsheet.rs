//! Text in tables that spreadsheets open: a cell that begins with `=`, `+`, `-` or `@` would be a formula, and a formula can
//! read files and call programs.

use std::borrow::Cow;

/// What a spreadsheet may take for the start of a formula.
const FORMULA: [u8; 6] = [b'=', b'+', b'-', b'@', b'\t', b'\r'];

/// `text` as a cell that is no formula anywhere: with a `'` before what could be one. Numbers stay as they are.
///
/// The [CSV injection] page of OWASP has the characters. [`unguarded`] gives the text back.
///
/// [CSV injection]: https://owasp.org/www-community/attacks/CSV_Injection
pub fn guarded(text: &str) -> Cow<'_, str> {
    match is_formula_like(text.as_bytes()) && text.parse::<f64>().is_err() {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// As [`guarded`], for a cell that need not be UTF-8, such as a path.
pub fn guarded_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    match is_formula_like(bytes) {
        true => Cow::Owned([b"'", bytes].concat()),
        false => Cow::Borrowed(bytes),
    }
}

/// The text that [`guarded`] made the cell of; cells that were written without it are as they were.
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula_like(text.as_bytes()) => text,
        _ => cell,
    }
}

/// Whether something is the start of a formula, or would be after taking guards away.
fn is_formula_like(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| **byte != b'\'');
    first.is_some_and(|byte| FORMULA.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_formula_is_guarded_and_comes_back() {
        for text in ["=1+2", "+1+1", "-a", "@SUM(A1)", "\ta", "\rb", "'=1", "''-"] {
            let cell = guarded(text);
            assert_eq!(cell, format!("'{text}"));
            assert_eq!(unguarded(&cell), text);
            assert_eq!(*guarded_bytes(text.as_bytes()), *cell.as_bytes());
        }
        for text in [
            "", "a", "a=1", "'", "'tis", "''", "c/x", "ü", "0.5", "-0.5", "+1e-3",
        ] {
            assert_eq!(guarded(text), text);
            assert_eq!(unguarded(text), text);
        }
        // Tables of earlier versions have no guards.
        assert_eq!(unguarded("=1+2"), "=1+2");
    }
}
