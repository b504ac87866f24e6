//! What a variant reaches on a numeric target, as data.

use serde::{Deserialize, Serialize};

use crate::eval::Interval;

use super::test_role::TestRole;

/// A variant on a numeric target of a corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetResult {
    /// The variant, as an index into [`super::Study::variants`].
    pub variant: usize,
    /// The target.
    pub target: String,
    /// The corpus; `all folds` where it is all corpora that folds leave out, each by the models that were not trained on it.
    pub corpus: String,
    /// Whether models were trained on the corpus.
    pub role: TestRole,
    /// Number of models (seeds).
    pub runs: usize,
    /// Utterances of which the truth is known.
    pub utterances: usize,
    /// Speakers.
    pub speakers: usize,
    /// Mean concordance correlation over the models; none where one has none.
    pub ccc: Option<f64>,
    /// 95 % interval of this mean over seeds (Student's t); none for a single model.
    pub seeds_interval: Option<Interval>,
    /// 95 % interval of this mean from a bootstrap over speakers; none where there are fewer than five.
    pub speakers_interval: Option<Interval>,
    /// Mean of Pearson's correlation coefficient.
    pub pearson: Option<f64>,
    /// Mean of the root of the mean squared error, in the unit of the target.
    pub rmse: f64,
    /// The folds one by one, where the result is that of their predictions together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<TargetFolds>,
    /// Against the baseline, or what the report compares with; none for that itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain: Option<CccGain>,
}

/// The folds of a cross-validation on a numeric target of a corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetFolds {
    /// Each fold that was tested on it.
    pub folds: Vec<TargetFold>,
    /// Mean of the CCC of the folds that have one; none where none has.
    #[serde(default)]
    pub mean_ccc: Option<f64>,
    /// Mean of the folds' Pearson correlation, as far as they have one; none where recorded before it was computed.
    #[serde(default)]
    pub mean_pearson: Option<f64>,
    /// Mean of the folds' RMSE, in the unit of the target; none where recorded before it was computed.
    #[serde(default)]
    pub mean_rmse: Option<f64>,
    /// 95 % interval of [`Self::mean_ccc`] (Student's t); none for a single fold. As rough as [`super::FoldScores::interval`].
    pub interval: Option<Interval>,
}

/// One fold on a numeric target of a corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetFold {
    /// Its name.
    pub fold: String,
    /// Mean CCC over the models of the fold, one a seed; none where one has none.
    pub ccc: Option<f64>,
    /// Mean Pearson correlation over them; none where one has none.
    #[serde(default)]
    pub pearson: Option<f64>,
    /// Mean RMSE over them, in the unit of the target.
    #[serde(default)]
    pub rmse: Option<f64>,
    /// Utterances tested.
    pub utterances: usize,
}

/// The difference of a variant from another on a numeric target of a corpus.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CccGain {
    /// Mean CCC less the other's.
    pub ccc: f64,
    /// Its 95 % interval; none where it cannot be had.
    pub interval: Option<Interval>,
    /// Two-sided p-value of no difference.
    pub p: Option<f64>,
    /// The same after Holm's correction for all comparisons of numeric targets in the study.
    pub p_corrected: Option<f64>,
}
