//! How many groups there are, and what connects them, in words.

use crate::corpus::Entry;

use super::groups::Groups;

/// The groups of some entries by `attributes` in words: `8 groups by speaker`; of several attributes also those by each
/// alone, `1 group by speaker or text (8 by speaker alone, 2 by text alone: utterances that share either are connected)`.
pub fn groups_in_words(entries: &[&Entry], attributes: &[String]) -> String {
    let count = |attributes: &[String]| Groups::by(entries, attributes).names.len();
    let all = match count(attributes) {
        1 => "1 group".to_owned(),
        many => format!("{many} groups"),
    };
    match attributes {
        [] => all,
        [one] => format!("{all} by {one}"),
        [.., _] => {
            let alone = attributes.iter().map(|attribute| {
                let own = count(std::slice::from_ref(attribute));
                format!("{own} by {attribute} alone")
            });
            let either = match attributes.len() {
                2 => "either",
                _ => "any of them",
            };
            format!(
                "{all} by {} ({}: utterances that share {either} are connected)",
                either_of(attributes),
                alone.collect::<Vec<_>>().join(", ")
            )
        }
    }
}

/// `speaker or text`, `speaker, text or room`.
fn either_of(attributes: &[String]) -> String {
    match attributes {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        all => all.concat(),
    }
}
