//! Filterbank features normalised per utterance, as a model takes them.

use pipe_foundation::Features;
use pipe_foundation::progress::{Progress, Silent};
use serde_json::{Map, Value as Json};

use super::fbank::FbankStream;
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
        self.compute_interruptible(samples, &Silent)
    }

    /// As [`Self::compute`], with a look at `progress` every 512 frames.
    ///
    /// # Errors
    /// As [`Fbank::compute_interruptible`].
    pub fn compute_interruptible(
        &self,
        samples: &[f32],
        progress: &dyn Progress,
    ) -> Result<Features, FbankError> {
        let features = self.fbank.compute_interruptible(samples, progress)?;
        Ok(self.normalised(features))
    }

    /// Computes features of samples that come in blocks; [`Self::finish`] ends them.
    pub fn stream(&self) -> FbankStream<'_> {
        FbankStream::new(&self.fbank)
    }

    /// The features of all that has come, as [`Self::compute`] gives them.
    ///
    /// # Errors
    /// As [`Fbank::compute`].
    pub fn finish(&self, stream: FbankStream<'_>) -> Result<Features, FbankError> {
        Ok(self.normalised(stream.finish()?))
    }

    fn normalised(&self, mut features: Features) -> Features {
        normalise(&mut features, self.normalisation);
        features
    }
}
