//! One classified utterance.

use super::EvalError;

/// What a model predicts for one utterance. Classes are positions in a list of names that the caller keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Id of the utterance.
    pub utterance: String,
    /// Its corpus.
    pub corpus: String,
    /// Its speaker.
    pub speaker: String,
    /// The true class, counted from 0.
    pub truth: usize,
    /// The class with the highest probability.
    pub predicted: usize,
    /// Its label as the corpus writes it; none where only classes are known.
    pub label: Option<String>,
    /// Probability of each class.
    pub probabilities: Vec<f32>,
}

impl Prediction {
    /// Checks that it is one over `classes` classes.
    ///
    /// # Errors
    /// [`EvalError::NoSuchClass`] where a class is not below `classes`, [`EvalError::ProbabilityCount`] where there are
    /// more or fewer probabilities.
    pub(super) fn check(&self, classes: usize) -> Result<(), EvalError> {
        for class in [self.truth, self.predicted] {
            if class >= classes {
                return Err(EvalError::NoSuchClass { class, classes });
            }
        }
        if self.probabilities.len() != classes {
            return Err(EvalError::ProbabilityCount {
                utterance: self.utterance.clone(),
                found: self.probabilities.len(),
                classes,
            });
        }
        Ok(())
    }
}

/// The class with the highest probability, the first of equal ones as NumPy's `argmax` has it;
/// none where a probability is not finite, or where there are none.
pub fn most_likely(probabilities: &[f32]) -> Option<usize> {
    if !probabilities.iter().all(|p| p.is_finite()) {
        return None;
    }
    let best = |best: usize, next: usize| match probabilities[next] > probabilities[best] {
        true => next,
        false => best,
    };
    (0..probabilities.len()).reduce(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_take_the_first_class() {
        assert_eq!(most_likely(&[0.4, 0.4, 0.2]), Some(0));
        assert_eq!(most_likely(&[0.2, 0.4, 0.4]), Some(1));
        assert_eq!(most_likely(&[0.0, 0.1, 0.9]), Some(2));
        assert_eq!(most_likely(&[0.1, 0.2, 0.3, 0.4]), Some(3));
        assert_eq!(most_likely(&[0.5, f32::NAN, 0.5]), None);
        assert_eq!(most_likely(&[f32::INFINITY, 0.0, 0.0]), None);
        assert_eq!(most_likely(&[]), None);
    }
}
