//! Names of classes where there is little room.

/// The fewest characters of a shortened name.
const LEAST: usize = 3;
/// The most; a name that takes more to be told from the others is written in full.
const MOST: usize = 8;
/// A name is shortened by so many characters at least.
const WORTH_IT: usize = 2;
/// With more classes than this, they are rows of tables and not columns.
pub(crate) const MOST_COLUMNS: usize = 12;

/// The first characters of each name: three, or as many more as tell it from every other name; the name in full where that
/// saves next to nothing.
pub fn short_class_names(classes: &[String]) -> Vec<String> {
    let start = |name: &str, length: usize| name.chars().take(length).collect::<String>();
    let short = |(index, name): (usize, &String)| {
        let longest = name.chars().count().saturating_sub(WORTH_IT).min(MOST);
        let is_distinct = |own: &String| {
            let mut others = classes.iter().enumerate();
            others.all(|(other, name)| other == index || !name.starts_with(own.as_str()))
        };
        let mut starts = (LEAST..=longest).map(|length| start(name, length));
        starts.find(is_distinct).unwrap_or_else(|| name.clone())
    };
    classes.iter().enumerate().map(short).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_distinct() {
        let short = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            short_class_names(&names)
        };
        assert_eq!(short(&["positive", "neutral"]), ["pos", "neu"]);
        assert_eq!(short(&["high", "highest", "low"]), ["high", "highe", "low"]);
        assert_eq!(
            short(&["emotion_01", "emotion_02"]),
            ["emotion_01", "emotion_02"]
        );
        assert_eq!(
            short(&["disappointment", "disapproval", "fear", "sadness"]),
            ["disappo", "disappr", "fear", "sad"]
        );
        assert_eq!(short(&["é", "éclat"]), ["é", "écl"]);
        assert!(short(&[]).is_empty());
    }
}
