//! Is one kind of model better than another? Several seeds of each, tested on the same speakers.
//!
//! The difference of mean UAs varies with the seeds of either kind and with the speakers. This is the design of
//! several readers on several cases, seeds being readers and speakers cases (N. A. Obuchowski and H. E. Rockette,
//! "Hypothesis testing of diagnostic accuracy for multiple readers and multiple tests", Communications in Statistics -
//! Simulation and Computation 24 (1995)). The variances are added, each with its own degrees of freedom, which
//! Satterthwaite's formula joins for Student's t (F. E. Satterthwaite, "An approximate distribution of estimates of
//! variance components", Biometrics Bulletin 2 (1946); B. L. Welch, Biometrika 34 (1947)).
//!
//! A joint bootstrap over seeds and speakers was not taken: three seeds drawn from three have a variance that is too
//! small by a third and tails of a normal distribution, and corrected p-values need more draws than one would make.
//! With made-up effects (tests/golden/statistics/error_rates.py) a difference of 0 had p < 0.05 in 4.3 % of trials with
//! 2 seeds and 20 speakers, 4.0 % with 3 and 20, 2.4 % with 3 and 5; a joint bootstrap gave 9.6, 6.5 and 6.5 %.
//!
//! Limits. What seeds and speakers do together is in both variances, so the test errs on the cautious side. Models of
//! equal seed are taken as independent. Two or three seeds leave few degrees of freedom: only large differences can
//! be shown. With one seed the p-value is of these particular models: as a statement on their kind it was wrong in 23 % of
//! the same trials with 20 speakers, in 51 % with 91.

use super::Interval;
use super::jackknife::Variance;
use super::student::{mean, t_quantile_975, t_two_sided, variance_of_mean};

/// A difference, its uncertainty, and what it generalises to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Mean of ours less mean of theirs.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom of that.
    pub degrees_of_freedom: f64,
    /// Its 95 % interval, within -1..=1.
    pub interval: Interval,
    /// Two-sided p-value of no difference.
    pub p: f64,
    /// Whether the variation between seeds is in it: it generalises to the kinds of model, not these models alone.
    pub over_seeds: bool,
    /// Whether the variation between speakers is in it: it generalises to the corpus, not these speakers alone.
    pub over_speakers: bool,
}

/// Compares the UAs of models of two kinds; `speakers` is the [`super::jackknife()`] of the same difference.
///
/// Seeds count where both kinds have several models. None where neither seeds nor speakers show how much the difference
/// varies, or where it does not vary at all.
pub fn compare(ours: &[f64], theirs: &[f64], speakers: Option<Variance>) -> Option<Comparison> {
    let difference = mean(ours)? - mean(theirs)?;
    let mut parts: Vec<Variance> = speakers.into_iter().collect();
    let seeds = variance_of_mean(ours).zip(variance_of_mean(theirs));
    if let Some((a, b)) = seeds {
        for (variance, values) in [(a, ours), (b, theirs)] {
            parts.push(Variance {
                variance,
                degrees_of_freedom: values.len() as f64 - 1.0,
            });
        }
    }
    let variance: f64 = parts.iter().map(|part| part.variance).sum();
    // Rounding leaves traces of a variance that is 0.
    if variance < 1e-24 {
        return None;
    }
    let squares: f64 = parts
        .iter()
        .map(|part| part.variance * part.variance / part.degrees_of_freedom)
        .sum();
    let degrees_of_freedom = variance * variance / squares;
    let standard_error = variance.sqrt();
    let half = t_quantile_975(degrees_of_freedom) * standard_error;
    Some(Comparison {
        difference,
        standard_error,
        degrees_of_freedom,
        interval: Interval {
            low: (difference - half).max(-1.0),
            high: (difference + half).min(1.0),
        },
        p: t_two_sided(difference / standard_error, degrees_of_freedom),
        over_seeds: seeds.is_some(),
        over_speakers: speakers.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_left_out() {
        let speakers = Variance {
            variance: 1e-4,
            degrees_of_freedom: 9.0,
        };
        assert_eq!(compare(&[0.5], &[0.4], None), None);
        assert_eq!(compare(&[], &[0.4], Some(speakers)), None);
        assert_eq!(compare(&[0.5, 0.5], &[0.4, 0.4], None), None);
        let found = compare(&[0.5], &[0.4, 0.6], Some(speakers)).expect("speakers vary");
        assert!(found.over_speakers && !found.over_seeds);
        assert!((found.degrees_of_freedom - 9.0).abs() < 1e-9 && found.p == 1.0);
        let found = compare(&[0.5, 0.52], &[0.4, 0.41], None).expect("seeds vary");
        assert!(!found.over_speakers && found.over_seeds && found.p < 0.05);
        // Welch's t-test: scipy.stats.ttest_ind([0.5, 0.52], [0.4, 0.41], equal_var=False)
        assert!((found.difference / found.standard_error - 9.391486).abs() < 1e-6);
    }
}
