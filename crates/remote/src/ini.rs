//! The form of the files in `~/.aws`: sections with lines `name = value`.

use std::collections::BTreeMap;

/// The sections of a file, by name, each with its values by their names in small letters. Of a section or a name that comes
/// twice, what is said last counts. Lines that say nothing are passed over, and so are those that begin with white space,
/// which belong to a name without a value.
pub fn sections(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = uncommented(line);
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            let words: Vec<&str> = name.split_whitespace().collect();
            let name = words.join(" ").replace('"', "");
            sections.entry(name.clone()).or_default();
            open = Some(name);
        } else if let (Some((name, value)), false) = (line.split_once('='), is_nested)
            && let Some(section) = open.as_ref().and_then(|open| sections.get_mut(open))
        {
            section.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    sections
}

/// A line without its comment, which begins the line, or follows white space.
fn uncommented(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return "";
    }
    let ends = [" #", " ;", "\t#", "\t;"];
    let end = ends.iter().filter_map(|end| line.find(end)).min();
    line[..end.unwrap_or(line.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_their_values_and_nothing_else() {
        let text = "lost = 1\n; a comment\n[default]\nRegion=eu-west-1 # near\nkey = a+b/c==;d\n\
                    s3 =\n  endpoint_url = http://nested\n[profile \"my lab\"]\nnothing\n\n[default]\nregion = eu-west-2\n";
        let sections = sections(text);
        let names: Vec<&str> = sections.keys().map(String::as_str).collect();
        assert_eq!(names, ["default", "profile my lab"]);
        let default: Vec<(&str, &str)> = sections["default"]
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let expected = [("key", "a+b/c==;d"), ("region", "eu-west-2"), ("s3", "")];
        assert_eq!(default, expected);
        assert!(sections["profile my lab"].is_empty());
    }
}
