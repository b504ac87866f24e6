//! When to stop: the best validation UA, and patience that begins once it has left chance.

/// How far above chance a validation UA must be to have left it: 5 points.
pub const CHANCE_MARGIN: f64 = 0.05;

/// Watches validation UA from epoch to epoch.
///
/// Chance is one over the number of classes in the validation split: what a classifier that always
/// names one class scores. A network may stay there for thousands of updates and still learn, so
/// epochs count against patience only after the first one above chance by [`CHANCE_MARGIN`].
pub(super) struct EarlyStop {
    patience: usize,
    min_epochs: usize,
    chance: f64,
    /// Best UA and its epoch.
    best: Option<(f64, usize)>,
    left_chance: Option<usize>,
}

impl EarlyStop {
    pub(super) fn new(patience: usize, min_epochs: usize, classes: usize) -> Self {
        Self {
            patience,
            min_epochs,
            chance: 1.0 / classes.max(1) as f64,
            best: None,
            left_chance: None,
        }
    }

    /// Takes an epoch's UA; true where it is the best so far.
    pub(super) fn observe(&mut self, epoch: usize, ua: f64) -> bool {
        if self.left_chance.is_none() && ua >= self.chance + CHANCE_MARGIN {
            self.left_chance = Some(epoch);
        }
        let better = self.best.is_none_or(|(best, _)| ua > best);
        if better {
            self.best = Some((ua, epoch));
        }
        better
    }

    /// Best UA so far.
    pub(super) fn best_ua(&self) -> f64 {
        self.best.map_or(0.0, |(ua, _)| ua)
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
        let mut stop = EarlyStop::new(patience, min_epochs, 3);
        uas.iter().enumerate().position(|(epoch, &ua)| {
            stop.observe(epoch, ua);
            stop.exhausted(epoch)
        })
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
