//! The levels of folders that recordings are in, and which of them tells something.

use std::collections::BTreeSet;

use crate::corpus::Split;

/// The level of two or more folders that most likely tells something though few names are words for emotions: rather one
/// whose names are not just numbered, then the one with fewest names, then the innermost. Splits tell nothing.
pub(super) fn level_of_unknown_names(levels: &[BTreeSet<&str>]) -> Option<usize> {
    let are_splits =
        |names: &BTreeSet<&str>| names.iter().all(|name| Split::of_word(name).is_some());
    let possible = levels.iter().enumerate();
    let possible = possible.filter(|(_, names)| names.len() >= 2 && !are_splits(names));
    let (level, _) =
        possible.min_by_key(|(level, names)| (is_numbered(names), names.len(), *level))?;
    Some(level)
}

/// Whether names differ in their digits alone.
pub(super) fn is_numbered(names: &BTreeSet<&str>) -> bool {
    let without_digits = names
        .iter()
        .map(|name| name.replace(|c: char| c.is_ascii_digit(), ""));
    without_digits.collect::<BTreeSet<String>>().len() == 1
}

/// The first names.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const FEW: usize = 8;
    let names: BTreeSet<&str> = names.into_iter().collect();
    let mut shown: Vec<&str> = names.iter().take(FEW).copied().collect();
    if names.len() > shown.len() {
        shown.push("...");
    }
    shown.join(", ")
}
