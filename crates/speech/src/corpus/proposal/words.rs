//! Words for emotions in labels, and what they mean: a first guess that a person corrects.

use crate::corpus::labels::normalise;

/// A class of the map `valence3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Valence {
    /// Happiness, pride, pleasant surprise.
    Positive,
    /// Neutral and calm speech.
    Neutral,
    /// Anger, sadness, fear, disgust.
    Negative,
}

/// What a label means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The English word that class maps share.
    pub name: &'static str,
    /// What it counts as; nothing where that depends on the corpus.
    pub valence: Option<Valence>,
}

/// English words, what they count as, and other words and abbreviations: English, German, Italian, French, Spanish,
/// Polish. Surprise is counted as positive in most of the corpora that come with the program.
const WORDS: &[(&str, Option<Valence>, &[&str])] = &[
    (
        "happiness",
        Some(Valence::Positive),
        &[
            "happy",
            "hap",
            "joy",
            "joyful",
            "joyous",
            "freude",
            "gioia",
            "gio",
            "joie",
            "alegria",
            "alegría",
            "felicidad",
            "radość",
            "radosc",
            "happily",
            "cheerful",
        ],
    ),
    ("excitement", Some(Valence::Positive), &["excited", "exc"]),
    ("elation", Some(Valence::Positive), &["elated"]),
    ("pride", Some(Valence::Positive), &["proud"]),
    ("amusement", Some(Valence::Positive), &["amused", "amusing"]),
    (
        "contentment",
        Some(Valence::Positive),
        &[
            "content",
            "contented",
            "satisfied",
            "satisfaction",
            "pleasure",
            "pleased",
        ],
    ),
    ("interest", Some(Valence::Positive), &["interested"]),
    (
        "surprise",
        Some(Valence::Positive),
        &[
            "surprised",
            "sur",
            "surp",
            "ps",
            "pleasant surprise",
            "pleasant surprised",
            "überraschung",
            "sorpresa",
            "sor",
            "zaskoczenie",
        ],
    ),
    (
        "neutral",
        Some(Valence::Neutral),
        &[
            "neu",
            "neut",
            "neutrale",
            "neutro",
            "neutre",
            "neutralny",
            "neutrality",
            "normal",
            "no emotion",
        ],
    ),
    (
        "calm",
        Some(Valence::Neutral),
        &["calmness", "relaxed", "peaceful", "ruhig"],
    ),
    (
        "anger",
        Some(Valence::Negative),
        &[
            "angry", "ang", "ärger", "aerger", "wut", "rabbia", "rab", "colère", "colere", "ira",
            "enojo", "złość", "zlosc", "furious", "mad",
        ],
    ),
    ("hot anger", Some(Valence::Negative), &[]),
    ("cold anger", Some(Valence::Negative), &[]),
    (
        "annoyance",
        Some(Valence::Negative),
        &["annoyed", "irritated", "irritation"],
    ),
    (
        "frustration",
        Some(Valence::Negative),
        &["frustrated", "fru"],
    ),
    (
        "sadness",
        Some(Valence::Negative),
        &[
            "sad",
            "trauer",
            "tristezza",
            "tri",
            "tristesse",
            "tristeza",
            "smutek",
            "sorrow",
            "unhappy",
        ],
    ),
    (
        "despair",
        Some(Valence::Negative),
        &["desperate", "desperation"],
    ),
    (
        "fear",
        Some(Valence::Negative),
        &[
            "fearful", "fea", "afraid", "angst", "paura", "pau", "peur", "miedo", "strach",
            "scared",
        ],
    ),
    (
        "anxiety",
        Some(Valence::Negative),
        &["anxious", "nervous", "worried", "worry"],
    ),
    ("panic", Some(Valence::Negative), &[]),
    (
        "disgust",
        Some(Valence::Negative),
        &[
            "disgusted",
            "dis",
            "ekel",
            "disgusto",
            "dégoût",
            "degout",
            "asco",
            "wstręt",
        ],
    ),
    ("contempt", Some(Valence::Negative), &["contemptuous"]),
    (
        "shame",
        Some(Valence::Negative),
        &["ashamed", "guilt", "embarrassed"],
    ),
    (
        "boredom",
        Some(Valence::Negative),
        &["bored", "langeweile", "noia"],
    ),
    (
        "other",
        None,
        &["oth", "unknown", "xxx", "unk", "misc", "mixed", "ambiguous"],
    ),
];

/// What a label means, if it is a word for an emotion.
pub(super) fn meaning(label: &str) -> Option<Meaning> {
    let label = normalise(label);
    let found = WORDS
        .iter()
        .find(|(name, _, others)| *name == label || others.contains(&label.as_str()));
    found.map(|&(name, valence, _)| Meaning { name, valence })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_word_means_two_things() {
        let words = WORDS
            .iter()
            .flat_map(|(name, _, others)| others.iter().chain([name]));
        let mut seen = BTreeSet::new();
        for word in words {
            assert!(seen.insert(*word), "{word} is there twice");
            assert_eq!(normalise(word), *word);
        }
        assert_eq!(meaning("HAP").unwrap().name, "happiness");
        assert_eq!(meaning("Freude").unwrap().valence, Some(Valence::Positive));
        assert_eq!(meaning("xxx").unwrap().valence, None);
        assert_eq!(meaning("anna"), None);
    }
}
