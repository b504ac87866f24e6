//! Filterbank features normalised per utterance, as an `fbank` stage makes them and a model takes them.

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

    /// Options out of the parameters of an `fbank` stage: those of [`FbankOptions`], `normalise`, and the stage's own,
    /// which are passed over. What is missing takes its default.
    ///
    /// # Errors
    /// A parameter that is unknown or of the wrong type.
    pub fn options_of(
        parameters: &Map<String, Json>,
    ) -> Result<(FbankOptions, Normalisation), serde_json::Error> {
        let mut own = parameters.clone();
        let normalisation = match own.remove("normalise") {
            Some(name) => serde_json::from_value(name)?,
            None => Normalisation::default(),
        };
        for other in ["input", "max_bad", "store"] {
            own.remove(other);
        }
        Ok((serde_json::from_value(Json::Object(own))?, normalisation))
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
