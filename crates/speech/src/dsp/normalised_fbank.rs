//! Filterbank features normalised per utterance, as a model takes them.

use pipe_foundation::Features;
use serde_json::{Map, Value as Json};

use super::{Fbank, FbankError, FbankOptions, Normalisation, normalise};

/// A filterbank and what follows it.
pub struct NormalisedFbank {
    fbank: Fbank,
    normalisation: Normalisation,
}

impl NormalisedFbank {
    /// Prepares window, transform and filters.
    ///
    /// # Errors
    /// As [`Fbank::new`].
    pub fn new(options: FbankOptions, normalisation: Normalisation) -> Result<Self, FbankError> {
        Ok(Self {
            fbank: Fbank::new(options)?,
            normalisation,
        })
    }

    /// Options by name: those of [`FbankOptions`], and `normalise`. What is missing takes its default.
    ///
    /// # Errors
    /// An option that is unknown or of the wrong type.
    pub fn options_of(
        mut options: Map<String, Json>,
    ) -> Result<(FbankOptions, Normalisation), serde_json::Error> {
        let normalisation = match options.remove("normalise") {
            Some(name) => serde_json::from_value(name)?,
            None => Normalisation::default(),
        };
        let options = serde_json::from_value(Json::Object(options))?;
        Ok((options, normalisation))
    }

    /// The filterbank.
    pub fn fbank(&self) -> &Fbank {
        &self.fbank
    }

    /// What is made equal across utterances.
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation
    }

    /// Features `[frames, bins]` of samples at the rate of the options.
    ///
    /// # Errors
    /// As [`Fbank::compute`].
    pub fn compute(&self, samples: &[f32]) -> Result<Features, FbankError> {
        let mut features = self.fbank.compute(samples)?;
        normalise(&mut features, self.normalisation);
        Ok(features)
    }
}
