//! How what was left out is written, and in which order.

/// The text with what would break a line escaped.
pub(super) fn without_controls(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => escaped.extend(c.escape_default()),
            false => escaped.push(c),
        }
    }
    escaped
}

/// A row as its file and line, so that line 2 is before line 10; anything else as it is.
pub(super) fn place_of(what: &str) -> (&str, u64) {
    let row = what.rsplit_once(':');
    row.and_then(|(file, line)| Some((file, line.parse().ok()?)))
        .unwrap_or((what, 0))
}
