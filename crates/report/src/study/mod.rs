//! The comparison of a study: per variant and test, the mean over seeds, its uncertainty and its gain over the
//! baseline.
//!
//! Everything that any form of the report shows of the results is computed here, once; renderers only lay it out.
//!
//! Two intervals answer two questions. [`StudyCell::seeds_interval`]: what is the mean over seeds on these speakers?
//! [`StudyCell::speakers_interval`]: what would these models give on other speakers of the corpus? A [`Gain`] asks both
//! at once (`eval/comparison.rs`). Its p-values are corrected over one family: every compared cell of
//! [`StudyTest::headline`] tests, which are the corpora that some model was not trained on, and all training
//! corpora together. Single training corpora are parts of that sum and are not tested on their own.
//!
//! The folds of a cross-validation are one model here: its predictions are those of all folds together, and so are the
//! intervals and paired tests. [`StudyCell::folds`] has what each fold reaches.

mod baseline;
mod build;
mod cells;
mod class_sets;
mod columns;
mod correction;
mod data;
mod gains;
mod target_result;
mod targets;
mod test_role;
mod test_set;
mod tested_model;
mod variants;

#[cfg(test)]
mod class_set_tests;
#[cfg(test)]
mod many_class_tests;
#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod label_tests;
#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod target_tests;
#[cfg(test)]
mod tests;

pub(crate) use baseline::baseline_of;
pub(crate) use class_sets::class_sets;
pub use data::{
    FoldScore, FoldScores, Gain, PublishedCell, Study, StudyCell, StudyModel, StudyTest,
    StudyVariant,
};
pub use target_result::{CccGain, TargetFold, TargetFolds, TargetResult};
pub use test_role::TestRole;
pub(crate) use variants::training_difference;
