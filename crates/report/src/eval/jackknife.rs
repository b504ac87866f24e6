//! Leave one speaker out: how much a difference of two groups of models depends on who was tested.

use super::{SpeakerHits, SpeakerSet};

/// A squared standard error and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variance {
    /// The variance of the estimate.
    pub variance: f64,
    /// Its degrees of freedom.
    pub degrees_of_freedom: f64,
}

/// Variance over speakers of the mean UA of `ours` less that of `theirs`, all tested on the same speakers.
///
/// Each speaker in turn is left out for all models at once, so the comparison is paired. By stratum of n speakers, the
/// others count n / (n - 1), and their squared distances from the stratum's mean count (n - 1) / n: the stratified
/// jackknife (Wolter, "Introduction to Variance Estimation", 2007, section 4.5). Unlike the bootstrap it has no
/// Monte-Carlo error, which a corrected p-value far below 0.05 could not bear.
///
/// None where speakers do not suffice, either group is empty, or a class occurs for one speaker alone.
pub fn jackknife(
    set: &SpeakerSet,
    ours: &[&SpeakerHits],
    theirs: &[&SpeakerHits],
) -> Option<Variance> {
    if !set.suffices() || ours.is_empty() || theirs.is_empty() {
        return None;
    }
    let classes = set.occurring();
    let difference: Vec<Vec<f64>> = SpeakerHits::mean(ours)
        .into_iter()
        .zip(SpeakerHits::mean(theirs))
        .map(|(ours, theirs)| ours.into_iter().zip(theirs).map(|(a, b)| a - b).collect())
        .collect();
    let support: Vec<Vec<f64>> = set
        .support
        .iter()
        .map(|row| row.iter().map(|&count| count as f64).collect())
        .collect();
    let all: Vec<usize> = (0..set.speakers()).collect();
    let hits = sums(&difference, &all, classes)?;
    let total = sums(&support, &all, classes)?;
    let mut variance = 0.0;
    for stratum in &set.strata {
        let n = stratum.len() as f64;
        let scale = n / (n - 1.0);
        let own_hits = sums(&difference, stratum, classes)?;
        let own_total = sums(&support, stratum, classes)?;
        let mut values = Vec::with_capacity(stratum.len());
        for &speaker in stratum {
            let mut ua = 0.0;
            for class in 0..classes {
                // The other strata as they are, this one without the speaker and scaled up.
                let without = |all: f64, own: f64, one: f64| all - own + scale * (own - one);
                let asked = without(total[class], own_total[class], support[speaker][class]);
                if asked < 0.5 {
                    return None;
                }
                ua += without(hits[class], own_hits[class], difference[speaker][class]) / asked;
            }
            values.push(ua / classes as f64);
        }
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum();
        variance += squares / scale;
    }
    Some(Variance {
        variance,
        degrees_of_freedom: set.degrees_of_freedom(),
    })
}

/// Sums over some speakers, by class.
fn sums(rows: &[Vec<f64>], speakers: &[usize], classes: usize) -> Option<Vec<f64>> {
    let mut sums = vec![0.0; classes];
    for &speaker in speakers {
        for (sum, value) in sums.iter_mut().zip(rows.get(speaker)?) {
            *sum += value;
        }
    }
    Some(sums)
}
