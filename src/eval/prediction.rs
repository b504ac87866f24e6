//! One classified utterance.

use pipe_speech::corpus::Emotion;
use serde::{Deserialize, Serialize};

/// What a model said of one utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Id of the utterance.
    pub utterance: String,
    /// Its corpus.
    pub corpus: String,
    /// Its speaker.
    pub speaker: String,
    /// The true class.
    pub emotion: Emotion,
    /// The class with the highest probability.
    pub predicted: Emotion,
    /// Probability of each class in the order of [`Emotion::ALL`].
    pub probabilities: [f32; 3],
}

/// The class with the highest probability, the first of equal ones as NumPy's `argmax` has it;
/// none where a probability is not finite.
pub fn most_likely(probabilities: [f32; 3]) -> Option<Emotion> {
    if !probabilities.iter().all(|p| p.is_finite()) {
        return None;
    }
    let best = (1..3).fold(0, |best, next| {
        if probabilities[next] > probabilities[best] {
            next
        } else {
            best
        }
    });
    Some(Emotion::ALL[best])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_take_the_first_class() {
        assert_eq!(most_likely([0.4, 0.4, 0.2]), Some(Emotion::Positive));
        assert_eq!(most_likely([0.2, 0.4, 0.4]), Some(Emotion::Neutral));
        assert_eq!(most_likely([0.0, 0.1, 0.9]), Some(Emotion::Negative));
        assert_eq!(most_likely([0.5, f32::NAN, 0.5]), None);
        assert_eq!(most_likely([f32::INFINITY, 0.0, 0.0]), None);
    }
}
