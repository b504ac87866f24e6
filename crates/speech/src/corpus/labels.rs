//! The label map of a corpus: which class each emotion label counts as.

use std::collections::HashMap;

use super::{CorpusError, Emotion, Labels};

/// What the map says of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// It counts as this class.
    Class(Emotion),
    /// It is left out on purpose.
    Dropped,
    /// No list has it.
    Unknown,
}

/// [`Labels`] made ready for look-up.
#[derive(Clone, Debug, Default)]
pub struct LabelMap {
    classes: HashMap<String, Mapped>,
}

impl LabelMap {
    /// Builds the map of `corpus`.
    ///
    /// # Errors
    /// [`CorpusError::LabelTwice`] where a label is in two lists.
    pub fn new(corpus: &str, labels: &Labels) -> Result<Self, CorpusError> {
        let lists = [
            (&labels.positive, Mapped::Class(Emotion::Positive)),
            (&labels.neutral, Mapped::Class(Emotion::Neutral)),
            (&labels.negative, Mapped::Class(Emotion::Negative)),
            (&labels.dropped, Mapped::Dropped),
        ];
        let mut classes = HashMap::new();
        for (list, mapped) in lists {
            for label in list {
                match classes.insert(normalise(label), mapped) {
                    Some(earlier) if earlier != mapped => {
                        return Err(CorpusError::LabelTwice {
                            corpus: corpus.to_string(),
                            label: label.clone(),
                            first: list_name(earlier),
                            second: list_name(mapped),
                        });
                    }
                    _ => {}
                }
            }
        }
        Ok(Self { classes })
    }

    /// What the map says of `label`, compared without case, hyphens, underscores and runs of blanks.
    pub fn look_up(&self, label: &str) -> Mapped {
        self.classes
            .get(&normalise(label))
            .copied()
            .unwrap_or(Mapped::Unknown)
    }
}

/// A label in lower case, with hyphens, underscores and runs of blanks as one blank.
pub fn normalise(label: &str) -> String {
    let mut normal = String::with_capacity(label.len());
    for word in label
        .split(|c: char| c.is_whitespace() || c == '-' || c == '_')
        .filter(|word| !word.is_empty())
    {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.extend(word.chars().flat_map(char::to_lowercase));
    }
    normal
}

fn list_name(mapped: Mapped) -> &'static str {
    match mapped {
        Mapped::Class(emotion) => emotion.name(),
        Mapped::Dropped => "dropped",
        Mapped::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        Labels {
            positive: vec!["happy".into()],
            neutral: vec!["neutral".into()],
            negative: vec!["hot anger".into()],
            dropped: vec!["xxx".into()],
        }
    }

    #[test]
    fn labels_are_compared_without_case_hyphens_and_blanks() {
        let map = LabelMap::new("c", &labels()).unwrap();
        for spelling in ["hot anger", "Hot-Anger", " HOT   anger ", "hot_anger"] {
            assert_eq!(map.look_up(spelling), Mapped::Class(Emotion::Negative));
        }
        assert_eq!(map.look_up("xxx"), Mapped::Dropped);
        assert_eq!(map.look_up("hotanger"), Mapped::Unknown);
    }

    #[test]
    fn a_label_in_two_lists_is_an_error_that_names_both() {
        let mut labels = labels();
        labels.dropped.push("HAPPY".into());
        let error = LabelMap::new("c", &labels).unwrap_err();
        assert_eq!(
            error.to_string(),
            "corpus c: label `HAPPY` is listed as positive and as dropped"
        );
    }
}
