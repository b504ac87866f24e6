//! Names of classes where there is little room.

/// The most characters of a name that are tried before it is written in full.
const MOST: usize = 8;

/// The first characters of each name: three, or as many more as tell them apart; names in full where eight do not.
pub fn short_class_names(classes: &[String]) -> Vec<String> {
    let start = |name: &String, length: usize| name.chars().take(length).collect::<String>();
    for length in 3..=MOST {
        let starts: Vec<String> = classes.iter().map(|name| start(name, length)).collect();
        let distinct = |(index, name): (usize, &String)| !starts[..index].contains(name);
        if starts.iter().enumerate().all(distinct) {
            return starts;
        }
    }
    classes.to_vec()
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
        assert_eq!(short(&["é", "éclat"]), ["é", "écl"]);
        assert!(short(&[]).is_empty());
    }
}
