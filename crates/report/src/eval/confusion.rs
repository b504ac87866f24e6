//! The confusion matrix: how often each true class was predicted as each class.

use serde::{Deserialize, Serialize};

use super::EvalError;

/// Counts `[true][predicted]` over a fixed list of classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<u64>>", into = "Vec<Vec<u64>>")]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

impl Confusion {
    /// An empty matrix over `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// A matrix of counts, one row per true class.
    ///
    /// # Errors
    /// [`EvalError::NotSquare`] where a row is not as long as there are rows.
    pub fn from_rows(rows: &[Vec<u64>]) -> Result<Self, EvalError> {
        match rows.iter().position(|row| row.len() != rows.len()) {
            Some(row) => Err(EvalError::NotSquare {
                rows: rows.len(),
                row,
                columns: rows[row].len(),
            }),
            None => Ok(Self {
                classes: rows.len(),
                counts: rows.concat(),
            }),
        }
    }

    /// Counts one utterance.
    ///
    /// # Errors
    /// [`EvalError::NoSuchClass`] where either class is not below [`Self::classes`].
    pub fn add(&mut self, truth: usize, predicted: usize) -> Result<(), EvalError> {
        for class in [truth, predicted] {
            if class >= self.classes {
                return Err(EvalError::NoSuchClass {
                    class,
                    classes: self.classes,
                });
            }
        }
        self.counts[truth * self.classes + predicted] += 1;
        Ok(())
    }

    /// Adds the counts of another matrix over the same classes.
    ///
    /// # Errors
    /// [`EvalError::NoSuchClass`] where the other has more or fewer classes.
    pub fn merge(&mut self, other: &Self) -> Result<(), EvalError> {
        if other.classes != self.classes {
            return Err(EvalError::NoSuchClass {
                class: other.classes,
                classes: self.classes,
            });
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        Ok(())
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Counts as rows `[true][predicted]`.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        // A matrix over no classes has no rows; chunks of 0 would panic.
        self.counts.chunks_exact(self.classes.max(1))
    }

    /// Utterances of the true class `truth` that were predicted as `predicted`; 0 for unknown classes.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        let row = self.rows().nth(truth);
        row.and_then(|row| row.get(predicted)).copied().unwrap_or(0)
    }

    /// Number of utterances.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Utterances of each true class.
    pub fn truths(&self) -> Vec<u64> {
        self.rows().map(|row| row.iter().sum()).collect()
    }

    /// Utterances predicted as each class.
    pub fn predictions(&self) -> Vec<u64> {
        let mut sums = vec![0; self.classes];
        for row in self.rows() {
            for (sum, count) in sums.iter_mut().zip(row) {
                *sum += count;
            }
        }
        sums
    }

    /// Rightly predicted utterances of each class.
    pub fn hits(&self) -> Vec<u64> {
        (0..self.classes)
            .map(|class| self.count(class, class))
            .collect()
    }
}

impl TryFrom<Vec<Vec<u64>>> for Confusion {
    type Error = EvalError;

    fn try_from(rows: Vec<Vec<u64>>) -> Result<Self, EvalError> {
        Self::from_rows(&rows)
    }
}

impl From<Confusion> for Vec<Vec<u64>> {
    fn from(confusion: Confusion) -> Self {
        confusion.rows().map(<[u64]>::to_vec).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_truths_and_columns_predictions() {
        let mut confusion = Confusion::new(3);
        for (truth, predicted) in [(0, 0), (0, 2), (1, 2), (2, 2), (2, 2)] {
            confusion.add(truth, predicted).expect("known classes");
        }
        assert_eq!(confusion.count(0, 2), 1);
        assert_eq!(confusion.count(2, 0), 0);
        assert_eq!(confusion.count(9, 9), 0);
        assert_eq!(confusion.truths(), [2, 1, 2]);
        assert_eq!(confusion.predictions(), [1, 0, 4]);
        assert_eq!(confusion.hits(), [1, 0, 2]);
        assert_eq!(confusion.total(), 5);
        let mut twice = confusion.clone();
        twice.merge(&confusion).expect("the same classes");
        assert_eq!(twice.hits(), [2, 0, 4]);
        let json = serde_json::to_string(&confusion).expect("plain data");
        assert_eq!(json, "[[1,0,1],[0,0,1],[0,0,2]]");
        assert_eq!(
            serde_json::from_str::<Confusion>(&json).expect("square"),
            confusion
        );
    }

    #[test]
    fn bad_shapes_and_classes_are_errors() {
        assert!(serde_json::from_str::<Confusion>("[[1,2],[3]]").is_err());
        assert!(Confusion::new(3).add(0, 3).is_err());
        assert!(Confusion::new(3).add(3, 0).is_err());
        assert!(Confusion::new(3).merge(&Confusion::new(2)).is_err());
        assert_eq!(Confusion::new(0).rows().count(), 0);
        assert_eq!(Confusion::new(0).total(), 0);
    }
}
