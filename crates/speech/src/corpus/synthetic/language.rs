//! Languages: sounds, syllable shapes, timing and tune.

use serde::{Deserialize, Serialize};

use super::phone::{
    ENGLISH_CONSONANTS, ENGLISH_VOWELS, GERMAN_CONSONANTS, GERMAN_VOWELS, ITALIAN_CONSONANTS,
    ITALIAN_VOWELS, Phone, SPANISH_CONSONANTS, SPANISH_VOWELS,
};

/// The language whose sounds and rhythm an utterance imitates; no words are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English-like: stress-timed, many vowels, closed syllables.
    En,
    /// German-like: stress-timed, front rounded vowels, heavy codas.
    De,
    /// Italian-like: syllable-timed, open syllables, late accents.
    It,
    /// Spanish-like: syllable-timed, five vowels, quick.
    Es,
}

/// What sets one language apart from another.
pub(super) struct Phonology {
    /// Vowels, drawn with equal probability.
    pub vowels: &'static [Phone],
    /// Consonants, drawn with equal probability.
    pub consonants: &'static [Phone],
    /// Probability that a syllable starts with a consonant.
    pub onset: f64,
    /// Probability that a syllable ends in a consonant.
    pub coda: f64,
    /// Length of an unstressed vowel as a part of its stressed length.
    pub unstressed_length: f64,
    /// How far unstressed vowels drift towards schwa, 0 to 1.
    pub reduction: f64,
    /// Factor on tempo.
    pub tempo: f64,
    /// Where in the accented vowel the pitch peaks, 0 (start) to 1 (end) and beyond.
    pub peak: f64,
    /// Height of a plain pitch accent in semitones.
    pub accent_st: f64,
    /// Fall of the baseline over one phrase in semitones.
    pub declination_st: f64,
    /// Words are stressed on the first syllable; otherwise on the last but one.
    pub initial_stress: bool,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::It, Self::Es];

    /// The language tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::It => "it",
            Self::Es => "es",
        }
    }

    /// The language of a tag.
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    pub(super) fn phonology(self) -> Phonology {
        match self {
            Self::En => Phonology {
                vowels: ENGLISH_VOWELS,
                consonants: ENGLISH_CONSONANTS,
                onset: 0.85,
                coda: 0.5,
                unstressed_length: 0.6,
                reduction: 0.55,
                tempo: 1.0,
                peak: 0.4,
                accent_st: 3.2,
                declination_st: 3.0,
                initial_stress: true,
            },
            Self::De => Phonology {
                vowels: GERMAN_VOWELS,
                consonants: GERMAN_CONSONANTS,
                onset: 0.9,
                coda: 0.6,
                unstressed_length: 0.65,
                reduction: 0.45,
                tempo: 0.97,
                peak: 0.6,
                accent_st: 3.0,
                declination_st: 2.4,
                initial_stress: true,
            },
            Self::It => Phonology {
                vowels: ITALIAN_VOWELS,
                consonants: ITALIAN_CONSONANTS,
                onset: 0.95,
                coda: 0.15,
                unstressed_length: 0.85,
                reduction: 0.1,
                tempo: 1.05,
                peak: 0.9,
                accent_st: 3.8,
                declination_st: 3.4,
                initial_stress: false,
            },
            Self::Es => Phonology {
                vowels: SPANISH_VOWELS,
                consonants: SPANISH_CONSONANTS,
                onset: 0.92,
                coda: 0.28,
                unstressed_length: 0.9,
                reduction: 0.05,
                tempo: 1.12,
                peak: 1.1,
                accent_st: 3.3,
                declination_st: 2.8,
                initial_stress: false,
            },
        }
    }
}
