//! Valid names in the order of their likeness to what was written.

/// `names`, the most like `written` first (Damerau-Levenshtein distance, then the given order).
pub(super) fn by_name<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_by_key(|name| strsim::damerau_levenshtein(written, name));
    names
}
