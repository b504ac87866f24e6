//! Features of items as the network of a model takes them: in units of the training data, of each recording, or of all
//! recordings of a speaker.

use std::collections::BTreeMap;

use pipe_engine::manifest::Diagnostic;
use pipe_engine::stage::LoadedItem;
use pipe_foundation::progress::Progress;
use pipe_foundation::{Features, FeaturesView, Moments, Standardisation};
use pipe_nn::model::InputNormalisation;
use pipe_speech::corpus::{Split, Utterance};
use serde_json::{Map, Value as Json};
use thiserror::Error;

use crate::items::{UtteranceItem, features};
use crate::predict::own_units;

/// The parameter of `train`.
pub const NORMALISE: &str = "normalise";
/// Its value for the units of the training data.
const TRAINING: &str = "training";
/// Its value for the units of each recording.
const UTTERANCE: &str = "utterance";

/// Why features cannot be normalised.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum NormaliseError {
    /// An utterance is in no group.
    #[error(
        "the {attribute} of {utterance} is not known, so its features cannot be normalised over it"
    )]
    #[diagnostic(
        code(normalise::unknown),
        help(
            "give every utterance a value in the corpus, leave those without one out, or normalise over \"training\" or \"utterance\""
        )
    )]
    Unknown {
        /// The attribute.
        attribute: String,
        /// The utterance.
        utterance: String,
    },
    /// Nothing would be left.
    #[error("every {what} has one frame alone, and would become zeros")]
    #[diagnostic(
        code(normalise::one_frame),
        help(
            "set normalise = \"training\", or normalise over something that has several recordings"
        )
    )]
    OneFrame {
        /// What frames are normalised over.
        what: String,
    },
    /// Recordings do not have the same features.
    #[error("{utterance} has {found} values a frame, but {first} has {wanted}")]
    #[diagnostic(
        code(normalise::bins),
        help("compute the features of all recordings in the same way")
    )]
    Bins {
        /// The one that differs.
        utterance: String,
        /// Its values.
        found: usize,
        /// The first one.
        first: String,
        /// Its values.
        wanted: usize,
    },
}

/// What `normalise` of a training names; none where features are taken as they are.
pub fn named(parameters: &Map<String, Json>) -> Option<&str> {
    parameters.get(NORMALISE).and_then(Json::as_str)
}

/// The attribute or column that `normalise` of a training names; none where it names none.
pub fn attribute(parameters: &Map<String, Json>) -> Option<&str> {
    named(parameters).filter(|name| ![TRAINING, UTTERANCE].contains(name))
}

/// What is wrong with a training whose features are normalised over what is to be predicted, which tells it.
pub fn truth_is_reported(parameters: &Map<String, Json>) -> Option<Diagnostic> {
    let name = attribute(parameters)?;
    let heads = parameters.get("heads").and_then(Json::as_array);
    let mut tasks = (heads.into_iter().flatten()).filter_map(|head| head["task"].as_str());
    let is_truth = ["class", "label"].contains(&name) || tasks.any(|task| task == name);
    is_truth.then(|| {
        let message = format!(
            "features that are normalised over the {name} give away what is to be predicted"
        );
        Diagnostic::of_value(NORMALISE, message, "what is to be predicted")
            .help("the usual are normalise = \"training\" and normalise = \"speaker\"")
    })
}

/// How a training with this value of `normalise` normalises the features of `items`.
///
/// # Errors
/// [`NormaliseError::Bins`], features that cannot be read, and a run that is stopped.
pub fn of_training(
    name: &str,
    items: &[&LoadedItem],
    progress: &dyn Progress,
) -> miette::Result<InputNormalisation> {
    match name {
        TRAINING => {
            let mut moments = Moments::default();
            let mut sum = Summed::default();
            let train = items.iter().filter(|item| split(item) == Split::Train);
            for item in train {
                progress.check()?;
                sum.add(item, &mut moments)?;
            }
            Ok(InputNormalisation::Training(moments.standardisation()))
        }
        UTTERANCE => Ok(InputNormalisation::Utterance),
        attribute => Ok(InputNormalisation::Group {
            attribute: attribute.to_owned(),
        }),
    }
}

/// Corpus, split and value of an attribute: recordings that are normalised together. The split is part of it so that
/// nothing of held-out data reaches the training, and nothing of the training the held-out data.
type Group = (String, Split, String);

/// What normalises the features of some items.
pub struct Normaliser {
    how: Option<InputNormalisation>,
    groups: BTreeMap<Group, Standardisation>,
}

impl Normaliser {
    /// What normalises `items` as a model does; warns of groups that it makes zeros of.
    ///
    /// # Errors
    /// [`NormaliseError`], features that cannot be read, and a run that is stopped.
    pub fn new(
        how: Option<&InputNormalisation>,
        items: &[&LoadedItem],
        progress: &dyn Progress,
    ) -> miette::Result<Self> {
        let mut groups: BTreeMap<Group, Moments> = BTreeMap::new();
        let mut sum = Summed::default();
        let mut one_frame = !items.is_empty();
        match how {
            Some(InputNormalisation::Group { attribute }) => {
                for item in items {
                    progress.check()?;
                    let group = group(item.utterance(), attribute)?;
                    sum.add(item, groups.entry(group).or_default())?;
                }
                let single = groups.values().filter(|moments| moments.frames() < 2);
                let single = single.count();
                one_frame = single == groups.len();
                if single > 0 && !one_frame {
                    progress.warn(&format!(
                        "{single} of {} have one frame alone in their split, which normalising over each {attribute} makes zeros of",
                        groups.len()
                    ));
                }
            }
            Some(InputNormalisation::Utterance) => {
                for item in items {
                    one_frame &= features(&item.blob)?.frames < 2;
                }
            }
            Some(InputNormalisation::Training(_)) | None => one_frame = false,
        }
        if one_frame && !items.is_empty() {
            let what = match how {
                Some(InputNormalisation::Group { attribute }) => attribute.clone(),
                _ => "recording".to_owned(),
            };
            return Err(NormaliseError::OneFrame { what }.into());
        }
        let groups = groups.into_iter();
        let groups = groups.map(|(group, moments)| (group, moments.standardisation()));
        Ok(Self {
            how: how.cloned(),
            groups: groups.collect(),
        })
    }

    /// The features of an item in the units of the model; none where the network takes them as they are.
    ///
    /// # Errors
    /// [`NormaliseError::Unknown`].
    pub fn apply(
        &self,
        item: &LoadedItem,
        features: FeaturesView<'_>,
    ) -> Result<Option<Features>, NormaliseError> {
        Ok(match &self.how {
            None => None,
            Some(InputNormalisation::Training(units)) => Some(units.apply(features)),
            Some(InputNormalisation::Utterance) => Some(own_units(features)),
            Some(InputNormalisation::Group { attribute }) => {
                let units = self.groups.get(&group(item.utterance(), attribute)?);
                units.map(|units| units.apply(features))
            }
        })
    }

    /// As [`Self::apply`], of items of some splits; none for those of others.
    ///
    /// # Errors
    /// As [`Self::apply`], features that cannot be read, and a run that is stopped.
    pub fn of_splits(
        &self,
        splits: &[Split],
        items: &[&LoadedItem],
        progress: &dyn Progress,
    ) -> miette::Result<Vec<Option<Features>>> {
        let made = items.iter().map(|item| {
            if self.how.is_none() || !splits.contains(&split(item)) {
                return Ok(None);
            }
            progress.check()?;
            Ok(self.apply(item, features(&item.blob)?)?)
        });
        made.collect()
    }
}

fn split(item: &LoadedItem) -> Split {
    item.utterance().split
}

fn group(utterance: &Utterance, attribute: &str) -> Result<Group, NormaliseError> {
    let unknown = || NormaliseError::Unknown {
        attribute: attribute.to_owned(),
        utterance: utterance.id.clone(),
    };
    let value = utterance.attribute(attribute).ok_or_else(unknown)?;
    Ok((
        utterance.corpus.to_string(),
        utterance.split,
        value.to_owned(),
    ))
}

/// Adds features that must all have the same values a frame.
#[derive(Default)]
struct Summed {
    /// The first utterance and its values a frame.
    first: Option<(String, usize)>,
}

impl Summed {
    fn add(&mut self, item: &LoadedItem, moments: &mut Moments) -> miette::Result<()> {
        let view = features(&item.blob)?;
        let id = &item.utterance().id;
        let (first, wanted) = self.first.get_or_insert_with(|| (id.clone(), view.bins));
        if view.bins != *wanted {
            return Err(NormaliseError::Bins {
                utterance: id.clone(),
                found: view.bins,
                first: first.clone(),
                wanted: *wanted,
            }
            .into());
        }
        moments.add(view);
        Ok(())
    }
}
