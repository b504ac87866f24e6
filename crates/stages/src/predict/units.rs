//! The units that the features of new recordings are put in, as those of training were.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pipe_foundation::{Features, FeaturesView, Moments, Standardisation};
use pipe_nn::model::InputNormalisation;

use super::{FailureReason, Input};

/// What is taken for one speaker, or one value of whatever attribute features were normalised over in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneGroup {
    /// Each recording by itself.
    File,
    /// All recordings in the same folder.
    Folder,
}

/// How features are normalised.
pub(super) struct Units<'m> {
    how: Option<&'m InputNormalisation>,
    one: OneGroup,
    /// Those of each group, once all recordings have been seen.
    known: BTreeMap<PathBuf, Standardisation>,
    /// Sums of each group, while recordings are seen for the first time.
    summed: Option<BTreeMap<PathBuf, Moments>>,
}

impl<'m> Units<'m> {
    /// Those of a model.
    pub(super) fn new(how: Option<&'m InputNormalisation>, one: OneGroup) -> Self {
        let summed = matches!(how, Some(InputNormalisation::Group { .. }));
        Self {
            how,
            one,
            known: BTreeMap::new(),
            summed: summed.then(BTreeMap::new),
        }
    }

    /// Whether recordings are read twice, which standard input cannot be.
    pub(super) fn read_twice(&self) -> bool {
        matches!(self.how, Some(InputNormalisation::Group { .. }))
    }

    /// Whether recordings have to be seen once before they can be predicted.
    pub(super) fn are_summed(&self) -> bool {
        self.summed.is_some()
    }

    /// Counts the features of a recording, or of a window of it.
    pub(super) fn see(&mut self, input: &Input, features: &Features) {
        if let (Some(summed), Some(group)) = (&mut self.summed, self.one.of(input)) {
            summed.entry(group).or_default().add(features.view());
        }
    }

    /// Ends the first look.
    pub(super) fn settle(&mut self) {
        let summed = self.summed.take().into_iter().flatten();
        let known = summed.map(|(group, moments)| (group, moments.standardisation()));
        self.known = known.collect();
    }

    /// The features in units.
    pub(super) fn apply(
        &self,
        input: &Input,
        features: Features,
    ) -> Result<Features, FailureReason> {
        if self.are_summed() {
            return Ok(features);
        }
        match self.how {
            None => Ok(features),
            Some(InputNormalisation::Training(units)) => Ok(units.apply(features.view())),
            Some(InputNormalisation::Utterance) => Ok(own_units(features.view())),
            Some(InputNormalisation::Group { .. }) => {
                let units = self.one.of(input).and_then(|group| self.known.get(&group));
                let units = units.ok_or(FailureReason::NotSeenBefore)?;
                Ok(units.apply(features.view()))
            }
        }
    }
}

impl OneGroup {
    /// The group of a recording; none for standard input, which can be read only once.
    fn of(self, input: &Input) -> Option<PathBuf> {
        match (self, input) {
            (_, Input::Stdin) => None,
            (Self::File, Input::File(path)) => Some(path.clone()),
            (Self::Folder, Input::File(path)) => {
                Some(path.parent().map_or_else(PathBuf::new, PathBuf::from))
            }
        }
    }
}

/// Features in units of their own frames.
pub fn own_units(features: FeaturesView<'_>) -> Features {
    let mut moments = Moments::default();
    moments.add(features);
    moments.standardisation().apply(features)
}
