//! Names of speakers, or of other groups, that differ only in how they are written.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

/// Names that are one name but for case, blanks or the form of their letters; each set has two or more, sorted.
pub fn similar_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Vec<&'n str>> {
    let names: BTreeSet<&str> = names.collect();
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in names {
        alike.entry(plain(name)).or_default().push(name);
    }
    alike
        .into_values()
        .filter(|names| names.len() > 1)
        .collect()
}

/// Compatibility composition (NFKC, Unicode Standard Annex 15) of the lower-case name without white space.
fn plain(name: &str) -> String {
    let lower = name.nfkc().flat_map(char::to_lowercase);
    let visible = lower.filter(|c| !c.is_whitespace() && !is_invisible(*c));
    visible.collect::<String>().nfkc().collect()
}

/// Zero-width characters, which editors and spreadsheets leave behind.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_and_unicode_forms_do_not_matter() {
        let names = [
            "c/s1",
            "c/S1",
            "c/s 1",
            "c/s2",
            "c/Zoë",
            "c/Zoe\u{308}",
            "c/zoe",
        ];
        assert_eq!(
            similar_names(names.into_iter()),
            [vec!["c/S1", "c/s 1", "c/s1"], vec!["c/Zoe\u{308}", "c/Zoë"],]
        );
        assert!(similar_names(["a", "b", "a"].into_iter()).is_empty());
    }
}
