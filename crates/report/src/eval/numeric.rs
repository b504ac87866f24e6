//! Predictions of numbers, how well they agree with the truth on each corpus, and how sure that is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_foundation::spreadsheet::guarded;
use pipe_foundation::{Agreement, Digest};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::bootstrap::quantile;
use super::speakers::LEAST_SPEAKERS;
use super::student::{normal_tail, t_quantile_975};
use super::{EvalError, Interval};

/// Number of draws of an interval.
const DRAWS: usize = 10_000;

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
            let agreement = CorpusAgreement {
                agreement: Agreement::of(&pairs)?,
                speakers: speakers.len(),
                ccc_interval: interval(&format!("{name} on {corpus}"), &speakers),
            };
            Some((corpus.to_owned(), agreement))
        });
        Self {
            corpora: corpora.collect(),
            overall: Agreement::of(&all),
        }
    }
}

/// Sums of one speaker's pairs: n, x, y, x², y², x y.
type Sums = [f64; 6];

/// The rescaled bootstrap over speakers with expanded percentiles, as for the UA (see
/// [`super::SpeakerBootstrap`]); `name` is the seed.
fn interval(name: &str, speakers: &Pairs<'_>) -> Option<Interval> {
    let count = speakers.len();
    if count < LEAST_SPEAKERS {
        return None;
    }
    let sums = |pairs: &Vec<(f64, f64)>| {
        pairs.iter().fold([0.0; 6], |sums: Sums, &(x, y)| {
            let terms = [1.0, x, y, x * x, y * y, x * y];
            std::array::from_fn(|at| sums[at] + terms[at])
        })
    };
    let sums: Vec<Sums> = speakers.values().map(sums).collect();
    let seed = Digest::of(format!("bootstrap over speakers of {name}").as_bytes());
    let mut random = ChaCha8Rng::from_seed(seed.0);
    let mut found = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let mut total = [0.0; 6];
        for _ in 1..count {
            let drawn = &sums[random.gen_range(0..count)];
            total
                .iter_mut()
                .zip(drawn)
                .for_each(|(to, from)| *to += from);
        }
        found.extend(ccc(&total).map(|ccc| ccc as f32));
    }
    // Draws in which nothing varies say nothing; where they are many, neither do the others.
    if found.len() < DRAWS / 2 {
        return None;
    }
    let tail = normal_tail(t_quantile_975(count as f64 - 1.0));
    Some(Interval {
        low: quantile(&mut found, tail).clamp(-1.0, 1.0),
        high: quantile(&mut found, 1.0 - tail).clamp(-1.0, 1.0),
    })
}

fn ccc([n, x, y, xx, yy, xy]: &Sums) -> Option<f64> {
    let (mean_x, mean_y) = (x / n, y / n);
    let covariance = xy / n - mean_x * mean_y;
    let variances = xx / n - mean_x * mean_x + yy / n - mean_y * mean_y;
    let denominator = variances + (mean_x - mean_y).powi(2);
    (denominator > 0.0).then(|| 2.0 * covariance / denominator)
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
