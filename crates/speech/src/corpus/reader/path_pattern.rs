//! Patterns of paths, with named parts: `{emotion}/{speaker}_*`.

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// This text, compared as it is.
    Text(String),
    /// At least one character of one name, which tells a field.
    Field(String),
    /// Any characters of one name.
    Any,
    /// Any folders, or none.
    AnyFolders,
}

/// A pattern of a whole path, relative and with `/` between names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PathPattern {
    parts: Vec<Part>,
}

/// Why a text is no pattern.
#[derive(Debug, PartialEq)]
pub(super) struct PatternError {
    /// To follow the name of the option.
    pub reason: String,
    /// What to do.
    pub help: String,
}

/// What a path says of the fields of a pattern.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Matched<'p>(Vec<(&'p str, &'p str)>);

impl<'p> Matched<'p> {
    /// The value of a field.
    pub fn get(&self, field: &str) -> Option<&'p str> {
        let found = self.0.iter().find(|(known, _)| *known == field);
        found.map(|(_, value)| *value)
    }

    /// The fields that are not among `known`, and their values.
    pub fn others(&self, known: &[&str]) -> Vec<(&'p str, &'p str)> {
        let others = self.0.iter().filter(|(name, _)| !known.contains(name));
        others.copied().collect()
    }
}

impl PathPattern {
    /// Most fields and stars that a pattern has: each may be tried at every place of a path.
    const MOST_PARTS: usize = 16;

    /// Reads a pattern.
    ///
    /// # Errors
    /// A field without a name or written twice, a brace that is not closed, two parts without text between them.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let error = |reason: String| {
            PatternError {
            reason,
            help: "it is a path without its extension, with fields such as {emotion} and {speaker}, `*` for any part of a name, and `**/` for any folders: \"{emotion}/{speaker}_*\"".into(),
        }
        };
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let part;
            if let Some(after) = rest.strip_prefix('{') {
                let Some((name, after)) = after.split_once('}') else {
                    return Err(error(format!("has a brace that is not closed: {text}")));
                };
                if name.is_empty() || name.contains(['{', '/', '*']) {
                    return Err(error(format!("has a field without a name: {{{name}}}")));
                }
                part = Part::Field(name.to_string());
                if parts.contains(&part) {
                    return Err(error(format!("has {{{name}}} twice")));
                }
                rest = after;
            } else if let Some(after) = rest.strip_prefix("**/") {
                part = Part::AnyFolders;
                rest = after;
            } else if let Some(after) = rest.strip_prefix('*') {
                part = Part::Any;
                rest = after;
            } else {
                let end = rest.find(['{', '*']).unwrap_or(rest.len());
                part = Part::Text(rest[..end].to_string());
                rest = &rest[end..];
            }
            let is_open = |part: &Part| matches!(part, Part::Field(_) | Part::Any);
            if parts.last().is_some_and(is_open) && is_open(&part) {
                return Err(error(
                    "has two parts without a character between them".to_string(),
                ));
            }
            parts.push(part);
        }
        let open = parts.iter().filter(|part| !matches!(part, Part::Text(_)));
        if open.count() > Self::MOST_PARTS {
            return Err(error(format!(
                "has more than {} fields and stars",
                Self::MOST_PARTS
            )));
        }
        Ok(Self { parts })
    }

    /// Whether it has a field.
    pub fn has(&self, field: &str) -> bool {
        let is_field = |part: &Part| matches!(part, Part::Field(known) if *known == field);
        self.parts.iter().any(is_field)
    }

    /// What `path` says of the fields, if it matches as a whole. Every part takes as little as it can.
    pub fn matched<'p>(&'p self, path: &'p str) -> Option<Matched<'p>> {
        let mut found = Matched::default();
        // Parts that do not match a rest of the path are not tried there again.
        let mut failed = vec![false; (self.parts.len() + 1) * (path.len() + 1)];
        self.rest_matches(0, path, 0, &mut found, &mut failed)
            .then_some(found)
    }

    fn rest_matches<'p>(
        &'p self,
        part: usize,
        path: &'p str,
        at: usize,
        found: &mut Matched<'p>,
        failed: &mut [bool],
    ) -> bool {
        let place = part * (path.len() + 1) + at;
        if failed[place] {
            return false;
        }
        let rest = &path[at..];
        let mut continues = |end: usize, found: &mut Matched<'p>| {
            self.rest_matches(part + 1, path, end, found, failed)
        };
        let name_end = rest.find('/').unwrap_or(rest.len());
        let ends = || {
            let within = rest[..name_end].char_indices().map(|(index, _)| index);
            within.chain([name_end])
        };
        let matches = match self.parts.get(part) {
            None => rest.is_empty(),
            Some(Part::Text(text)) => rest.starts_with(text) && continues(at + text.len(), found),
            Some(Part::Any) => ends().any(|end| continues(at + end, found)),
            Some(Part::Field(field)) => ends().filter(|end| *end > 0).any(|end| {
                found.0.push((field, &rest[..end]));
                let matches = continues(at + end, found);
                if !matches {
                    found.0.pop();
                }
                matches
            }),
            Some(Part::AnyFolders) => {
                let folders = rest.match_indices('/').map(|(index, _)| index + 1);
                [0].into_iter()
                    .chain(folders)
                    .any(|end| continues(at + end, found))
            }
        };
        failed[place] = !matches;
        matches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(pattern: &str, path: &str) -> Option<(String, String)> {
        let pattern = PathPattern::parse(pattern).unwrap();
        let found = pattern.matched(path)?;
        let of = |field: &str| found.get(field).unwrap_or("-").to_string();
        Some((of("emotion"), of("speaker")))
    }

    #[test]
    fn paths_tell_the_fields_of_a_pattern() {
        let pair = |emotion: &str, speaker: &str| Some((emotion.into(), speaker.into()));
        for (pattern, path, wanted) in [
            ("{emotion}/*", "happy/a", pair("happy", "-")),
            ("{emotion}/*", "x/happy/a", None),
            ("{emotion}/*", "a", None),
            ("**/{emotion}/*", "x/y/happy/a", pair("happy", "-")),
            ("**/{emotion}/*", "happy/a", pair("happy", "-")),
            ("**/{emotion}/*", "a", None),
            (
                "{emotion}/{speaker}_*",
                "happy/anna_1_2",
                pair("happy", "anna"),
            ),
            ("{speaker}/{emotion}-*", "anna/joy-1", pair("joy", "anna")),
            ("*_{speaker}_{emotion}", "a_b_c_joy", pair("c_joy", "b")),
            ("*/{speaker}-{emotion}", "é/ü-ö", pair("ö", "ü")),
            ("{emotion}", "", None),
            ("**/{speaker}/**/{emotion}/*", "a/b/c/d", pair("c", "a")),
        ] {
            assert_eq!(matched(pattern, path), wanted, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, wanted) in [
            ("{}/*", "has a field without a name: {}"),
            ("{emotion}/{emotion}", "has {emotion} twice"),
            ("{emotion", "has a brace that is not closed: {emotion"),
            (
                "{emotion}*",
                "has two parts without a character between them",
            ),
        ] {
            assert_eq!(PathPattern::parse(text).unwrap_err().reason, wanted);
        }
        let many = PathPattern::parse(&"*a".repeat(17));
        assert_eq!(
            many.unwrap_err().reason,
            "has more than 16 fields and stars"
        );
    }

    #[test]
    fn a_pattern_that_almost_matches_costs_little() {
        let pattern = PathPattern::parse(&"*a".repeat(16)).unwrap();
        assert_eq!(pattern.matched(&("a".repeat(4000) + "b")), None);
    }
}
