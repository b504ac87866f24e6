//! Options of the reader `synthetic` in `corpora.toml`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::corpus::CorpusConfig;

use super::SyntheticError;
use super::channel::{Noise, Room};
use super::language::Language;
use super::nearest::by_name;

/// What a corpus is made from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    /// Another seed gives other speakers and other utterances. Default 0.
    pub seed: u64,
    /// Number of speakers, women and men in turn, 1 to 1,000. Default 8.
    pub speakers: usize,
    /// Utterances of each speaker for each label, 1 to 10,000. Default 4.
    pub utterances_per_label: usize,
    /// Samples per second, 8,000 to 96,000. Default 16,000.
    pub rate_hz: u32,
    /// Languages, spoken by the speakers in turn. Default: the language of the corpus.
    pub languages: Vec<Language>,
    /// The room. Default none.
    pub room: Room,
    /// Spectrum of the noise. Default pink.
    pub noise: Noise,
    /// Level of plain speech against the noise in dB, -10 to 120. Default 40.
    pub snr_db: f64,
    /// Treble of the microphone against its bass in dB, -24 to 24. Default 0.
    pub tilt_db: f64,
    /// RMS level of plain speech against full scale in dB, -70 to -6. Default -40.
    pub level_db: f64,
    /// How strongly emotions are expressed, 0 (not at all) to 2. Default 1.
    pub strength: f64,
}

const NAMES: &[&str] = &[
    "seed",
    "speakers",
    "utterances_per_label",
    "rate_hz",
    "languages",
    "room",
    "noise",
    "snr_db",
    "tilt_db",
    "level_db",
    "strength",
];

/// Reads single options of one corpus and says what is wrong with them.
struct Reader<'a> {
    corpus: &'a str,
    options: &'a BTreeMap<String, Value>,
}

impl Reader<'_> {
    fn wrong(&self, option: &str, value: &Value, expected: String) -> SyntheticError {
        SyntheticError::BadOption {
            corpus: self.corpus.to_string(),
            option: option.to_string(),
            value: value.to_string(),
            expected,
        }
    }

    fn whole(
        &self,
        option: &str,
        low: u64,
        high: u64,
        default: u64,
    ) -> Result<u64, SyntheticError> {
        let Some(value) = self.options.get(option) else {
            return Ok(default);
        };
        match value.as_u64() {
            Some(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(self.wrong(
                option,
                value,
                format!("a whole number from {low} to {high}"),
            )),
        }
    }

    fn real(&self, option: &str, low: f64, high: f64, default: f64) -> Result<f64, SyntheticError> {
        let Some(value) = self.options.get(option) else {
            return Ok(default);
        };
        match value.as_f64() {
            Some(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(self.wrong(option, value, format!("a number from {low} to {high}"))),
        }
    }

    fn name<T: Copy>(
        &self,
        option: &str,
        values: &[(&'static str, T)],
        default: T,
    ) -> Result<T, SyntheticError> {
        let Some(value) = self.options.get(option) else {
            return Ok(default);
        };
        let found = values
            .iter()
            .find(|(name, _)| value.as_str() == Some(*name));
        match found {
            Some((_, found)) => Ok(*found),
            None => {
                let names = values.iter().map(|(name, _)| *name);
                let expected = format!(
                    "one of {}",
                    by_name(value.as_str().unwrap_or_default(), names).join(", ")
                );
                Err(self.wrong(option, value, expected))
            }
        }
    }

    fn languages(&self, default: &str) -> Result<Vec<Language>, SyntheticError> {
        let option = "languages";
        let fallback = Value::from(vec![default]);
        let value = self.options.get(option).unwrap_or(&fallback);
        let tags = Language::ALL.map(Language::tag).join(", ");
        let wrong = || self.wrong(option, value, format!("a list of {tags}"));
        let list = value.as_array().filter(|list| !list.is_empty());
        list.ok_or_else(wrong)?
            .iter()
            .map(|tag| tag.as_str().and_then(Language::parse).ok_or_else(wrong))
            .collect()
    }
}

impl Options {
    /// Reads and checks every option of a corpus.
    ///
    /// # Errors
    /// [`SyntheticError::UnknownOption`] and [`SyntheticError::BadOption`].
    pub(super) fn read(corpus: &str, config: &CorpusConfig) -> Result<Self, SyntheticError> {
        for option in config.options.keys() {
            if !NAMES.contains(&option.as_str()) {
                return Err(SyntheticError::UnknownOption {
                    corpus: corpus.to_string(),
                    option: option.clone(),
                    valid: by_name(option, NAMES.iter().copied()).join(", "),
                });
            }
        }
        let reader = Reader {
            corpus,
            options: &config.options,
        };
        let rooms = Room::ALL.map(|room| (room.name(), room));
        let noises = Noise::ALL.map(|noise| (noise.name(), noise));
        Ok(Self {
            seed: reader.whole("seed", 0, u64::MAX, 0)?,
            speakers: reader.whole("speakers", 1, 1000, 8)? as usize,
            utterances_per_label: reader.whole("utterances_per_label", 1, 10_000, 4)? as usize,
            rate_hz: reader.whole("rate_hz", 8_000, 96_000, 16_000)? as u32,
            languages: reader.languages(&config.language)?,
            room: reader.name("room", &rooms, Room::None)?,
            noise: reader.name("noise", &noises, Noise::Pink)?,
            snr_db: reader.real("snr_db", -10.0, 120.0, 40.0)?,
            tilt_db: reader.real("tilt_db", -24.0, 24.0, 0.0)?,
            level_db: reader.real("level_db", -70.0, -6.0, -40.0)?,
            strength: reader.real("strength", 0.0, 2.0, 1.0)?,
        })
    }
}
