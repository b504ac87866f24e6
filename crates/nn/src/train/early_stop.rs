//! When to stop: the best validation score, and patience that begins once UA has left chance.

use serde::{Deserialize, Serialize};

use super::ValidationScores;

/// How far above chance a validation UA must be to have left it: 5 points.
const CHANCE_MARGIN: f64 = 0.05;

/// Which validation score decides what is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// Unweighted accuracy of the emotion, higher is better.
    #[default]
    Ua,
    /// Cross-entropy of the emotion, lower is better.
    Loss,
}

/// Watches the validation scores from epoch to epoch.
///
/// Chance is one over the number of classes in the validation split: what a classifier that always
/// names one class scores. A network may stay there for thousands of updates and still learn, so
/// epochs count against patience only after the first one above chance by [`CHANCE_MARGIN`].
pub(super) struct EarlyStop {
    patience: usize,
    min_epochs: usize,
    chance: f64,
    monitor: Monitor,
    /// Best score, higher being better, and its epoch.
    best: Option<(f64, usize)>,
    best_ua: f64,
    left_chance: Option<usize>,
}

impl EarlyStop {
    pub(super) fn new(
        monitor: Monitor,
        patience: usize,
        min_epochs: usize,
        classes: usize,
    ) -> Self {
        Self {
            patience,
            min_epochs,
            chance: 1.0 / classes.max(1) as f64,
            monitor,
            best: None,
            best_ua: 0.0,
            left_chance: None,
        }
    }

    /// Takes an epoch's scores; true where it is the best so far.
    pub(super) fn observe(&mut self, epoch: usize, scores: &ValidationScores) -> bool {
        let ua = scores.ua;
        if self.left_chance.is_none() && ua >= self.chance + CHANCE_MARGIN {
            self.left_chance = Some(epoch);
        }
        let score = match self.monitor {
            Monitor::Ua => ua,
            Monitor::Loss => -scores.loss,
        };
        let better = self.best.is_none_or(|(best, _)| score > best);
        if better {
            self.best = Some((score, epoch));
        }
        self.best_ua = self.best_ua.max(ua);
        better
    }

    /// Best UA so far.
    pub(super) fn best_ua(&self) -> f64 {
        self.best_ua
    }

    /// Epoch at which UA left chance.
    pub(super) fn left_chance(&self) -> Option<usize> {
        self.left_chance
    }

    /// Whether patience has run out after `epoch`.
    pub(super) fn exhausted(&self, epoch: usize) -> bool {
        let (Some(left), Some((_, best))) = (self.left_chance, self.best) else {
            return false;
        };
        self.patience > 0 && epoch + 1 >= self.min_epochs && epoch - best.max(left) >= self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops_after(uas: &[f64], patience: usize, min_epochs: usize) -> Option<usize> {
        let mut stop = EarlyStop::new(Monitor::Ua, patience, min_epochs, 3);
        uas.iter().enumerate().position(|(epoch, &ua)| {
            stop.observe(epoch, &scores(ua, 1.0));
            stop.exhausted(epoch)
        })
    }

    fn scores(ua: f64, loss: f64) -> ValidationScores {
        ValidationScores {
            ua,
            loss,
            ..ValidationScores::default()
        }
    }

    #[test]
    fn the_monitor_decides_what_is_better() {
        let rows = [(0.5, 1.0), (0.6, 1.1), (0.5, 0.9), (0.7, 0.95), (0.7, 0.9)];
        let better = |monitor| -> Vec<bool> {
            let mut stop = EarlyStop::new(monitor, 2, 0, 3);
            let rows = rows.iter().enumerate();
            rows.map(|(epoch, &(ua, loss))| stop.observe(epoch, &scores(ua, loss)))
                .collect()
        };
        assert_eq!(better(Monitor::Ua), [true, true, false, true, false]);
        assert_eq!(better(Monitor::Loss), [true, false, true, false, false]);
    }

    #[test]
    fn patience_counts_only_after_chance() {
        assert_eq!(stops_after(&[0.333; 50], 3, 0), None);
        let mut uas = vec![0.34; 10];
        uas.extend([0.5, 0.6, 0.55, 0.6, 0.59, 0.58]);
        assert_eq!(stops_after(&uas, 3, 0), Some(14));
        assert_eq!(stops_after(&uas, 3, 16), Some(15));
        assert_eq!(stops_after(&uas, 0, 0), None);
    }
}
