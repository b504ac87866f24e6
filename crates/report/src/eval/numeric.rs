//! Predictions of numbers, how well they agree with the truth on each corpus, and how sure that is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_foundation::spreadsheet::guarded;
use pipe_foundation::{Agreement, PairMoments};
use serde::{Deserialize, Serialize};

use super::speaker_pairs::bootstrap_ccc;
use super::{EvalError, Interval, SpeakerPairs};

/// The numbers that a model predicts for one utterance, one for each target.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberPrediction {
    /// The utterance.
    pub utterance: String,
    /// Its corpus.
    pub corpus: String,
    /// Its speaker.
    pub speaker: String,
    /// The true numbers; none where they are not known.
    pub truth: Vec<Option<f64>>,
    /// The predicted ones.
    pub predicted: Vec<f64>,
}

/// Agreement on one corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorpusAgreement {
    /// The agreement.
    #[serde(flatten)]
    pub agreement: Agreement,
    /// Speakers that were heard.
    pub speakers: usize,
    /// 95 % interval of the CCC on other speakers of the corpus; none with fewer than five.
    pub ccc_interval: Option<Interval>,
    /// The pairs of each speaker, from which those of several folds are put together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moments: SpeakerPairs,
}

/// Pairs of prediction and truth of each speaker.
type Pairs<'a> = BTreeMap<&'a str, Vec<(f64, f64)>>;

/// Agreement of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetMetrics {
    /// On each corpus where the truth is known.
    pub corpora: BTreeMap<String, CorpusAgreement>,
    /// On all utterances together; large corpora weigh more.
    pub overall: Option<Agreement>,
}

impl TargetMetrics {
    /// Of the target with number `index` in `predictions`.
    pub fn of(name: &str, index: usize, predictions: &[NumberPrediction]) -> Self {
        let mut corpora: BTreeMap<&str, Pairs<'_>> = BTreeMap::new();
        let mut all = Vec::new();
        for prediction in predictions {
            let (Some(&x), Some(Some(y))) =
                (prediction.predicted.get(index), prediction.truth.get(index))
            else {
                continue;
            };
            all.push((x, *y));
            let speakers = corpora.entry(&prediction.corpus).or_default();
            let own = speakers.entry(&prediction.speaker).or_default();
            own.push((x, *y));
        }
        let corpora = corpora.into_iter().filter_map(|(corpus, speakers)| {
            let pairs: Vec<(f64, f64)> = speakers.values().flatten().copied().collect();
            let moments = speakers.into_iter().filter_map(|(speaker, pairs)| {
                Some((speaker.to_owned(), PairMoments::of(&pairs)?))
            });
            let agreement = Agreement::of(&pairs)?;
            let agreement = CorpusAgreement::of(name, corpus, agreement, moments.collect());
            Some((corpus.to_owned(), agreement))
        });
        Self {
            corpora: corpora.collect(),
            overall: Agreement::of(&all),
        }
    }

    /// On the corpora that are `counted` together, called `place`; none where one of them does not tell its speakers apart, or
    /// nothing is known of them.
    pub fn together(
        &self,
        name: &str,
        place: &str,
        counted: &BTreeSet<String>,
    ) -> Option<CorpusAgreement> {
        let mut speakers = SpeakerPairs::new();
        let mut all = PairMoments::default();
        for (_, own) in self.corpora.iter().filter(|one| counted.contains(one.0)) {
            if own.moments.len() != own.speakers {
                return None;
            }
            for (speaker, moments) in &own.moments {
                all.add(moments);
                speakers.entry(speaker.clone()).or_default().add(moments);
            }
        }
        let agreement = all.agreement()?;
        Some(CorpusAgreement::of(name, place, agreement, speakers))
    }

    /// Of the predictions of several models together, of each on some corpora only; none where one of them does not tell its
    /// speakers apart.
    pub fn pooled(name: &str, parts: &[(&Self, &BTreeSet<String>)]) -> Option<Self> {
        let mut corpora: BTreeMap<&String, SpeakerPairs> = BTreeMap::new();
        for (metrics, counted) in parts {
            let counted = metrics.corpora.iter().filter(|one| counted.contains(one.0));
            for (corpus, agreement) in counted {
                if agreement.moments.len() != agreement.speakers {
                    return None;
                }
                let speakers = corpora.entry(corpus).or_default();
                for (speaker, moments) in &agreement.moments {
                    speakers.entry(speaker.clone()).or_default().add(moments);
                }
            }
        }
        let mut all = PairMoments::default();
        let corpora = corpora.into_iter().filter_map(|(corpus, speakers)| {
            let mut own = PairMoments::default();
            speakers.values().for_each(|moments| own.add(moments));
            all.add(&own);
            let agreement = CorpusAgreement::of(name, corpus, own.agreement()?, speakers);
            Some((corpus.clone(), agreement))
        });
        Some(Self {
            corpora: corpora.collect(),
            overall: all.agreement(),
        })
    }
}

impl CorpusAgreement {
    fn of(target: &str, corpus: &str, agreement: Agreement, moments: SpeakerPairs) -> Self {
        Self {
            agreement,
            speakers: moments.len(),
            ccc_interval: bootstrap_ccc(&format!("{target} on {corpus}"), &[&moments]),
            moments,
        }
    }
}

/// Writes a table with one row per utterance: for each target the truth, empty where it is not known, and the prediction.
///
/// # Errors
/// [`EvalError::File`] where the file cannot be created or written, [`EvalError::Duplicate`] where an utterance occurs
/// twice.
pub fn write_numbers(
    path: &Path,
    targets: &[String],
    predictions: &[NumberPrediction],
) -> Result<(), EvalError> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = predictions.iter().find(|one| !seen.insert(&one.utterance)) {
        return Err(EvalError::Duplicate {
            utterance: twice.utterance.clone(),
        });
    }
    let failed = |error: csv::Error| EvalError::File {
        action: "write",
        path: path.to_path_buf(),
        source: error.into(),
    };
    let mut table = csv::Writer::from_path(path).map_err(failed)?;
    let mut head = ["utterance", "corpus", "speaker"]
        .map(String::from)
        .to_vec();
    for target in targets {
        head.extend([target.clone(), format!("predicted_{target}")]);
    }
    table.write_record(&head).map_err(failed)?;
    for prediction in predictions {
        let names = [
            &prediction.utterance,
            &prediction.corpus,
            &prediction.speaker,
        ];
        let mut row: Vec<String> = names.map(|name| guarded(name).into_owned()).into();
        for (truth, predicted) in prediction.truth.iter().zip(&prediction.predicted) {
            let truth = truth.map(|truth| truth.to_string());
            row.extend([truth.unwrap_or_default(), predicted.to_string()]);
        }
        table.write_record(&row).map_err(failed)?;
    }
    table.flush().map_err(|source| failed(source.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(speakers: usize, error: f64) -> Vec<NumberPrediction> {
        (0..speakers * 10)
            .map(|at| {
                let truth = (at % 10) as f64;
                let off = if at % 3 == 0 { error } else { -error / 2.0 };
                NumberPrediction {
                    utterance: format!("c/{at}"),
                    corpus: "c".into(),
                    speaker: format!("c/{}", at / 10),
                    truth: vec![(at % 7 != 6).then_some(truth)],
                    predicted: vec![truth + off],
                }
            })
            .collect()
    }

    #[test]
    fn agreement_is_that_of_the_known_pairs_and_lies_in_its_interval() {
        let metrics = TargetMetrics::of("arousal", 0, &predictions(8, 2.0));
        let found = &metrics.corpora["c"];
        assert_eq!((found.speakers, found.agreement.pairs), (8, 69));
        assert_eq!(metrics.overall, Some(found.agreement));
        let (ccc, interval) = (found.agreement.ccc.unwrap(), found.ccc_interval.unwrap());
        assert!(
            interval.low <= ccc && ccc <= interval.high,
            "{ccc} {interval:?}"
        );
        assert!(interval.high - interval.low < 0.2, "{interval:?}");
        let perfect = TargetMetrics::of("arousal", 0, &predictions(8, 0.0));
        assert_eq!(perfect.corpora["c"].agreement.ccc, Some(1.0));
        let few = TargetMetrics::of("arousal", 0, &predictions(4, 1.0));
        assert_eq!(few.corpora["c"].ccc_interval, None);
    }

    #[test]
    fn folds_together_agree_as_their_pairs_do() {
        let mut all = predictions(8, 2.0);
        for (at, one) in all.iter_mut().enumerate() {
            one.corpus = ["c", "d"][at % 2].into();
        }
        // Speaker 3 is in both folds.
        let folds = [&all[..35], &all[35..]].map(|part| TargetMetrics::of("arousal", 0, part));
        let whole = TargetMetrics::of("arousal", 0, &all);
        let both: BTreeSet<String> = ["c", "d"].map(String::from).into();
        let pooled = TargetMetrics::pooled("arousal", &[(&folds[0], &both), (&folds[1], &both)]);
        let pooled = pooled.expect("told by speaker");
        for (corpus, expected) in &whole.corpora {
            let found = &pooled.corpora[corpus];
            assert_eq!(found.speakers, 8);
            let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
            close(
                found.agreement.ccc.unwrap(),
                expected.agreement.ccc.unwrap(),
            );
            close(found.agreement.rmse, expected.agreement.rmse);
            let [found, expected] = [found, expected].map(|one| one.ccc_interval.unwrap());
            assert!((found.low - expected.low).abs() < 1e-6, "{found:?}");
        }
        let one: BTreeSet<String> = ["c".to_owned()].into();
        let first = TargetMetrics::pooled("arousal", &[(&folds[0], &one), (&folds[1], &both)]);
        let first = first.expect("told by speaker");
        let pairs = |corpus: &str| first.corpora[corpus].agreement.pairs;
        assert!(pairs("c") > pairs("d") && pairs("d") == folds[1].corpora["d"].agreement.pairs);
        let mut old = folds[0].clone();
        old.corpora.values_mut().for_each(|one| one.moments.clear());
        assert_eq!(TargetMetrics::pooled("arousal", &[(&old, &both)]), None);
    }

    #[test]
    fn a_table_has_empty_cells_where_the_truth_is_not_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("numbers.csv");
        let rows = predictions(1, 0.5);
        write_numbers(&path, &["arousal".to_owned()], &rows).expect("written");
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(
            text.starts_with(
                "utterance,corpus,speaker,arousal,predicted_arousal\nc/0,c,c/0,0,0.5\n"
            )
        );
        assert!(text.contains("c/6,c,c/0,,6.5\n"), "{text}");
        let twice = [rows[0].clone(), rows[0].clone()];
        let refused = write_numbers(&path, &["arousal".to_owned()], &twice);
        assert!(matches!(refused, Err(EvalError::Duplicate { .. })));
    }
}
