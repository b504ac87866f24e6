//! A study as data: variants, tests, and what each variant reaches on each test.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::eval::{Confusion, Interval, Majority};
use crate::{Attribute, Method, PartitionFacts, Reference};

use super::target_result::TargetResult;
use super::test_role::TestRole;

/// A study as rows (variants) and columns (tests).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// Names of the classes, in the order of recalls and matrices.
    pub classes: Vec<String>,
    /// The tests, in the order of the columns: unseen corpora, all training corpora together, single training corpora.
    pub tests: Vec<StudyTest>,
    /// The variants, in the order of the manifest.
    pub variants: Vec<StudyVariant>,
    /// What variants reach on numeric targets, by target, corpus and variant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetResult>,
    /// Number of p-values that were corrected together.
    pub comparisons: usize,
    /// What variants are compared with: a value of an axis; the baseline of the same training corpora where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Models that were tested on speakers or recordings that they were trained on, as indices into
    /// [`crate::Report::entries`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaked: Vec<usize>,
    /// Published partitions that splits follow, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<PartitionFacts>,
    /// What a reader must know before the numbers.
    pub remarks: Vec<String>,
}

/// Something that models are compared on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyTest {
    /// Name of the corpus, or `in domain` for all training corpora together.
    pub name: String,
    /// Names of the classes of its models, where models of the study distinguish different ones; otherwise they are those
    /// of the study.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Whether models were trained on it.
    pub role: TestRole,
    /// Whether it belongs to the comparison that the study is for; false for a part of the training corpora.
    pub headline: bool,
    /// Utterances.
    pub utterances: u64,
    /// Speakers; with fewer than five, results are not generalised to others.
    pub speakers: usize,
    /// UA of every predictor that ignores its input.
    pub chance_ua: Option<f64>,
    /// The best constant prediction.
    pub majority: Option<Majority>,
}

/// Models that differ in their seed alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyVariant {
    /// Its name, such as `GR C+G`.
    pub name: String,
    /// Its method, where it is one of the paper's.
    pub method: Option<Method>,
    /// What its attribute heads predict.
    pub attributes: BTreeSet<Attribute>,
    /// Corpora that it was trained on.
    pub training_corpora: BTreeSet<String>,
    /// Names of the classes that its models distinguish, where those of others distinguish different ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Its models, as indices into [`crate::Report::entries`].
    pub entries: Vec<usize>,
    /// Its matrix values by axis less seeds, where variants are compared along an axis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<(String, String)>,
    /// The variant that it is compared with, as an index into [`Study::variants`], where the report names a reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<usize>,
    /// What it reaches on each test of [`Study::tests`]; none where it was not tested.
    pub cells: Vec<Option<StudyCell>>,
}

/// A variant on a test. Proportions lie in 0..=1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyCell {
    /// Number of models (seeds).
    pub runs: usize,
    /// Mean UA over the models.
    pub ua: f64,
    /// UA of each model, in the order of [`StudyVariant::entries`].
    pub uas: Vec<f64>,
    /// 95 % interval of the mean over seeds (Student's t); none for a single model.
    pub seeds_interval: Option<Interval>,
    /// 95 % interval of the mean from a bootstrap over the test's speakers; none where there are fewer than five, a
    /// class has too few of them, or the models were not tested on the same ones.
    pub speakers_interval: Option<Interval>,
    /// Mean weighted accuracy.
    pub wa: f64,
    /// Mean recall of each class; none where a class does not occur.
    pub recalls: Vec<Option<f64>>,
    /// Counts summed over the models.
    pub confusion: Confusion,
    /// How many of the models predict (nearly) one class alone.
    pub collapsed: usize,
    /// Its models one by one.
    pub models: Vec<StudyModel>,
    /// Against the baseline of the same training corpora, or what the report compares with; none for that itself.
    pub gain: Option<Gain>,
    /// What the paper has for it.
    pub published: Option<PublishedCell>,
    /// The folds one by one, where the cell is their predictions together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<FoldScores>,
}

/// The folds of a cross-validation on one test. Proportions lie in 0..=1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldScores {
    /// Each fold that was tested on it, in the order of the manifest.
    pub folds: Vec<FoldScore>,
    /// Mean of the folds' UA.
    pub mean_ua: f64,
    /// 95 % interval of this mean (Student's t); none for a single fold. Folds share most of their training data, so it is a
    /// rough guide (Bengio and Grandvalet 2004).
    pub interval: Option<Interval>,
}

/// One fold on one test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldScore {
    /// Its name.
    pub fold: String,
    /// Mean UA over the models of the fold, one a seed.
    pub ua: f64,
    /// Mean weighted accuracy over them.
    pub wa: f64,
    /// Utterances tested.
    pub utterances: u64,
}

/// One model on one test. Proportions lie in 0..=1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyModel {
    /// The model, as an index into [`crate::Report::entries`].
    pub entry: usize,
    /// Name of its row.
    pub name: String,
    /// Its UA.
    pub ua: f64,
    /// 95 % interval of it from a bootstrap over speakers, as that of the cell.
    pub speakers_interval: Option<Interval>,
    /// Its weighted accuracy.
    pub wa: f64,
    /// Recall of each class; none where a class does not occur.
    pub recalls: Vec<Option<f64>>,
    /// Whether it predicts (nearly) one class alone.
    pub collapsed: bool,
}

/// The difference of a variant from its baseline on one test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// Mean UA less the baseline's, in -1..=1.
    pub ua: f64,
    /// Its 95 % interval; none where it cannot be had.
    pub interval: Option<Interval>,
    /// Two-sided p-value of no difference.
    pub p: Option<f64>,
    /// The same after Holm's correction for all compared cells of the study; none outside of
    /// [`StudyTest::headline`] tests.
    pub p_corrected: Option<f64>,
    /// Whether interval and p-value allow for other seeds.
    pub over_seeds: bool,
    /// Whether interval and p-value allow for other speakers.
    pub over_speakers: bool,
}

impl Gain {
    /// Whether the corrected p-value is below 0.05.
    pub fn significant(&self) -> bool {
        self.p_corrected.is_some_and(|p| p < 0.05)
    }
}

/// A published number, as a proportion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublishedCell {
    /// Its UA.
    pub ua: f64,
    /// Its UA less the published baseline's; none for the baseline.
    pub gain: Option<f64>,
    /// True where ours was trained on the paper's corpora, so that the numbers may be compared.
    pub comparable: bool,
}

impl Study {
    /// What a test is, in a few words.
    pub fn role_text(&self, role: TestRole) -> &'static str {
        match role {
            TestRole::Unseen => "unseen in training",
            TestRole::Mixed => "seen in training by some models",
            TestRole::InDomain if self.leaked.is_empty() => "held-out speakers",
            TestRole::InDomain => "trained on, in part with the same speakers",
        }
    }

    /// Which corpora its models were trained on, for the captions of tables; none where they differ.
    pub fn trained_on(&self) -> Option<String> {
        let mut sets = self
            .variants
            .iter()
            .map(|variant| &variant.training_corpora);
        let first = sets.next().filter(|set| !set.is_empty())?;
        let names: Vec<&str> = first.iter().map(String::as_str).collect();
        sets.all(|set| set == first)
            .then(|| format!("trained on {}", names.join(", ")))
    }

    /// Whether any cell is made of several folds.
    pub fn has_folds(&self) -> bool {
        let cells = self
            .variants
            .iter()
            .flat_map(|variant| &variant.cells)
            .flatten();
        cells
            .filter_map(|cell| cell.folds.as_ref())
            .map(|folds| folds.folds.len())
            .chain(
                self.targets
                    .iter()
                    .filter_map(|target| Some(target.folds.as_ref()?.folds.len())),
            )
            .any(|folds| folds > 1)
    }

    /// Whether any variant has several models, so that intervals over seeds exist.
    pub fn has_seeds(&self) -> bool {
        self.variants
            .iter()
            .any(|variant| variant.entries.len() > 1)
    }
}
