//! What runs with `--set` are called: the changes that they make, each with the value it sets.

use super::overrides::path_and_value;

/// Tables of a manifest that a change may begin with; any other beginning is a stage.
const TABLES: [&str; 4] = ["vars", "matrix", "stage", "name"];

/// One line for all changes of `--set`, such as `fbank.bins=30,train.epochs=20`; none without any. Of several changes of
/// one key the last counts, and their order does not where they are independent of each other.
pub fn changes_text(overrides: &[String]) -> Option<String> {
    let mut changes: Vec<(String, &str)> = Vec::new();
    for over in overrides {
        // What is no change is reported where it is applied.
        let (path, value) = path_and_value(over)?;
        let mut parts: Vec<&str> = path.split('.').map(str::trim).collect();
        if parts.len() > 2 && parts[0] == "stage" && !TABLES.contains(&parts[1]) {
            parts.remove(0);
        }
        let path = parts.join(".");
        changes.retain(|(other, _)| *other != path);
        changes.push((path, value.trim()));
    }
    let depend = |one: &str, other: &str| {
        let rest = other.strip_prefix(one);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let any_depends = changes
        .iter()
        .any(|(one, _)| changes.iter().any(|(other, _)| depend(one, other)));
    if !any_depends {
        changes.sort();
    }
    let all: Vec<String> = changes
        .iter()
        .map(|(path, value)| format!("{path}={value}"))
        .collect();
    (!all.is_empty()).then(|| all.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(overrides: &[&str]) -> String {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        changes_text(&overrides).unwrap_or_default()
    }

    #[test]
    fn the_same_changes_have_the_same_text_however_they_are_written() {
        let wanted = "fbank.bins=30,train.epochs=20";
        for same in [
            &["fbank.bins=30", "train.epochs=20"][..],
            &["train.epochs=20", "fbank.bins=30"],
            &["train.epochs = 20", "stage.fbank.bins=30"],
            &["train.epochs=5", "fbank.bins=30", "train.epochs=20"],
        ] {
            assert_eq!(text(same), wanted);
        }
        assert_eq!(text(&[]), "");
        assert_eq!(text(&["report.title=a=b"]), "report.title=a=b");
    }

    #[test]
    fn different_changes_have_different_texts() {
        let texts = [
            text(&["fbank.bins=30"]),
            text(&["fbank.bins=31"]),
            text(&["vars.bins=30"]),
            text(&["stage.vars.bins=30"]),
            // One replaces the other here, and not there.
            text(&["a.b={}", "a.b.c=1"]),
            text(&["a.b.c=1", "a.b={}"]),
        ];
        let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
        assert_eq!(distinct.len(), texts.len(), "{texts:?}");
    }
}
