//! What a name that does not exist was meant to be.

use std::collections::HashSet;

/// Names in a list of choices; the others are counted.
const LISTED: usize = 24;

/// Longer names are not slips of others, and comparing them takes long.
const LONGEST: usize = 100;

/// The names of `valid` that `found` is most likely a slip of; at most three.
pub fn near<'a>(found: &str, valid: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if found.len() > LONGEST {
        return Vec::new();
    }
    let found = found.to_lowercase();
    let length = found.chars().count();
    let most = length.div_ceil(3).max(1);
    let mut names: Vec<(usize, &str)> = valid
        .into_iter()
        // Every additional or missing character is a slip, so these need not be compared.
        .filter(|name| name.len() <= LONGEST && name.chars().count().abs_diff(length) <= most)
        .map(|name| {
            let slips = strsim::damerau_levenshtein(&found, &name.to_lowercase());
            (slips, name)
        })
        .filter(|(distance, name)| *distance <= most && *distance < name.chars().count())
        .collect();
    names.sort_unstable();
    names.dedup();
    let nearest = names.first().map(|(distance, _)| *distance);
    let equally_near = names
        .iter()
        .take_while(|(distance, _)| Some(*distance) == nearest);
    equally_near.take(3).map(|(_, name)| *name).collect()
}

/// "did you mean `x`?" where a valid name is near, and the list of valid names where none is.
pub fn suggest<'a>(found: &str, valid: impl IntoIterator<Item = &'a str>) -> String {
    let mut seen = HashSet::new();
    let names: Vec<&str> = valid
        .into_iter()
        .filter(|name| seen.insert(*name))
        .collect();
    let meant = near(found, names.iter().copied());
    if !meant.is_empty() {
        return format!("did you mean {}?", quoted(&meant).join(" or "));
    }
    let list = listed(&names);
    match list.len() {
        0 => "there is nothing to choose from".into(),
        1 => format!("the only choice is {}", list[0]),
        _ => format!("choose from {}", list.join(", ")),
    }
}

/// The names in quotes; of many, the first and the number of the others.
pub fn listed(names: &[&str]) -> Vec<String> {
    let mut list = quoted(&names[..names.len().min(LISTED)]);
    if names.len() > LISTED {
        list.push(format!("and {} more", names.len() - LISTED));
    }
    list
}

fn quoted(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::suggest;

    #[test]
    fn a_slip_is_answered_with_what_was_meant() {
        let valid = ["bins", "window", "input"];
        assert_eq!(suggest("bin", valid), "did you mean `bins`?");
        assert_eq!(suggest("widnow", valid), "did you mean `window`?");
        assert_eq!(suggest("Input", valid), "did you mean `input`?");
    }

    #[test]
    fn equally_near_names_are_all_suggested() {
        let suggestion = suggest("fron", ["front", "from", "back"]);
        assert_eq!(suggestion, "did you mean `from` or `front`?");
    }

    #[test]
    fn names_of_any_length_are_compared_in_no_time() {
        let long = "x".repeat(1 << 20);
        let suggestion = suggest(&long, [long.as_str(), "bins"]);
        assert!(suggestion.starts_with("choose from `xxx"), "{suggestion}");
    }

    #[test]
    fn anything_else_is_answered_with_the_list() {
        assert_eq!(
            suggest("x", ["bins", "window"]),
            "choose from `bins`, `window`"
        );
        assert_eq!(suggest("x", ["bins", "bins"]), "the only choice is `bins`");
        assert_eq!(suggest("x", []), "there is nothing to choose from");
    }
}
