//! When to stop: the best validation score, and patience that begins once UA has left chance.

use serde::{Deserialize, Serialize};

use super::ValidationScores;
use super::reports::Monitored;

/// How far above chance a validation UA must be to have left it: 5 points.
const CHANCE_MARGIN: f64 = 0.05;

/// Which validation score decides what is better.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Monitor {
    /// Unweighted accuracy of the emotion, higher is better.
    #[default]
    Ua,
    /// Cross-entropy of the emotion, lower is better.
    Loss,
    /// Mean CCC of the numeric targets, higher is better.
    Ccc,
    /// One score of one numeric target.
    Target(String, TargetScore),
}

/// A score of a numeric target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetScore {
    /// Concordance correlation, higher is better.
    Ccc,
    /// Pearson's correlation, higher is better.
    Pearson,
    /// Root mean squared error, lower is better.
    Rmse,
}

impl TargetScore {
    const ALL: [Self; 3] = [Self::Ccc, Self::Pearson, Self::Rmse];

    fn name(self) -> &'static str {
        match self {
            Self::Ccc => "ccc",
            Self::Pearson => "pearson",
            Self::Rmse => "rmse",
        }
    }
}

impl Monitor {
    /// The score as it is written in manifests.
    pub fn name(&self) -> String {
        match self {
            Self::Ua => "ua".into(),
            Self::Loss => "loss".into(),
            Self::Ccc => "ccc".into(),
            Self::Target(target, score) => format!("{target}/{}", score.name()),
        }
    }

    /// Whether it is a score of the classes.
    pub fn is_of_classes(&self) -> bool {
        matches!(self, Self::Ua | Self::Loss)
    }

    fn lower_is_better(&self) -> bool {
        matches!(self, Self::Loss | Self::Target(_, TargetScore::Rmse))
    }

    /// The value of the score; none where it cannot be computed.
    fn value(&self, scores: &ValidationScores) -> Option<f64> {
        match self {
            Self::Ua => scores.ua,
            Self::Loss => scores.loss,
            Self::Ccc => {
                let all = scores.targets.values();
                // A target whose predictions are all the same says nothing of it.
                let known: Vec<f64> = all.map(|a| a.and_then(|a| a.ccc).unwrap_or(0.0)).collect();
                (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
            }
            Self::Target(target, score) => {
                let agreement = (*scores.targets.get(target)?)?;
                match score {
                    TargetScore::Ccc => agreement.ccc,
                    TargetScore::Pearson => agreement.pearson,
                    TargetScore::Rmse => Some(agreement.rmse),
                }
            }
        }
    }

    /// The value, turned so that higher is better; the lowest where there is none.
    fn goodness(&self, scores: &ValidationScores) -> f64 {
        match self.value(scores) {
            Some(value) if self.lower_is_better() => -value,
            Some(value) => value,
            None => f64::NEG_INFINITY,
        }
    }
}

impl TryFrom<String> for Monitor {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "ua" => return Ok(Self::Ua),
            "loss" => return Ok(Self::Loss),
            "ccc" => return Ok(Self::Ccc),
            _ => {}
        }
        let (target, score) = name.rsplit_once('/').unwrap_or(("", ""));
        let score = TargetScore::ALL.into_iter().find(|one| one.name() == score);
        match (target, score) {
            ("", _) | (_, None) => Err(format!(
                "no score is called `{name}`; expected ua, loss, ccc, or a target and ccc, pearson or rmse, such as arousal/ccc"
            )),
            (target, Some(score)) => Ok(Self::Target(target.to_owned(), score)),
        }
    }
}

impl From<Monitor> for String {
    fn from(monitor: Monitor) -> Self {
        monitor.name()
    }
}

/// Watches the validation scores from epoch to epoch.
///
/// Chance is one over the number of classes in the validation split: what a classifier that always
/// names one class scores. A network may stay there for thousands of updates and still learn, so
/// epochs count against patience only after the first one above chance by [`CHANCE_MARGIN`].
pub(super) struct EarlyStop {
    patience: usize,
    min_epochs: usize,
    /// None where no score has a chance level.
    chance: Option<f64>,
    monitor: Monitor,
    /// The first epoch that is selected from.
    from: usize,
    /// Best score, higher being better, and its epoch.
    best: Option<(f64, usize)>,
    best_ua: Option<f64>,
    left_chance: Option<usize>,
}

impl EarlyStop {
    pub(super) fn new(
        monitor: Monitor,
        patience: usize,
        min_epochs: usize,
        classes: usize,
        from: usize,
    ) -> Self {
        Self {
            patience,
            min_epochs,
            chance: (classes > 0).then(|| 1.0 / classes as f64),
            monitor,
            from,
            best: None,
            best_ua: None,
            left_chance: None,
        }
    }

    /// Takes an epoch's scores; true where it is the best so far.
    pub(super) fn observe(&mut self, epoch: usize, scores: &ValidationScores) -> bool {
        let has_left = match (scores.ua, self.chance) {
            (Some(ua), Some(chance)) => ua >= chance + CHANCE_MARGIN,
            _ => true,
        };
        if self.left_chance.is_none() && has_left {
            self.left_chance = Some(epoch);
        }
        let score = self.monitor.goodness(scores);
        // What was best before the first epoch that counts gives way to it.
        let better = self
            .best
            .is_none_or(|(best, at)| score > best || (at < self.from && epoch >= self.from));
        if better {
            self.best = Some((score, epoch));
        }
        if let Some(ua) = scores.ua {
            self.best_ua = Some(self.best_ua.unwrap_or(0.0).max(ua));
        }
        better
    }

    /// Best UA so far.
    pub(super) fn best_ua(&self) -> Option<f64> {
        self.best_ua
    }

    /// Name of the score that decides, its value and the best so far; none where it is the UA.
    pub(super) fn monitored(&self, scores: &ValidationScores) -> Option<Monitored> {
        if self.monitor == Monitor::Ua {
            return None;
        }
        let (best, _) = self.best?;
        Some(Monitored {
            name: self.monitor.name(),
            value: self.monitor.value(scores)?,
            best: match self.monitor.lower_is_better() {
                true => -best,
                false => best,
            },
        })
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
        let since = best.max(left).max(self.from);
        let may_end = epoch + 1 >= self.min_epochs && epoch >= since;
        self.patience > 0 && may_end && epoch - since >= self.patience
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::Agreement;

    use super::*;

    fn stops_after(uas: &[f64], patience: usize, min_epochs: usize) -> Option<usize> {
        let mut stop = EarlyStop::new(Monitor::Ua, patience, min_epochs, 3, 0);
        uas.iter().enumerate().position(|(epoch, &ua)| {
            stop.observe(epoch, &scores(ua, 1.0));
            stop.exhausted(epoch)
        })
    }

    fn scores(ua: f64, loss: f64) -> ValidationScores {
        ValidationScores {
            ua: Some(ua),
            loss: Some(loss),
            ..ValidationScores::default()
        }
    }

    #[test]
    fn the_monitor_decides_what_is_better() {
        let rows = [(0.5, 1.0), (0.6, 1.1), (0.5, 0.9), (0.7, 0.95), (0.7, 0.9)];
        let better = |monitor| -> Vec<bool> {
            let mut stop = EarlyStop::new(monitor, 2, 0, 3, 0);
            let rows = rows.iter().enumerate();
            rows.map(|(epoch, &(ua, loss))| stop.observe(epoch, &scores(ua, loss)))
                .collect()
        };
        assert_eq!(better(Monitor::Ua), [true, true, false, true, false]);
        assert_eq!(better(Monitor::Loss), [true, false, true, false, false]);
    }

    #[test]
    fn scores_are_named() {
        for name in [
            "ua",
            "loss",
            "ccc",
            "arousal/ccc",
            "arousal/pearson",
            "a/b/rmse",
        ] {
            let monitor = Monitor::try_from(name.to_owned()).unwrap();
            assert_eq!(monitor.name(), name);
        }
        for name in ["", "acc", "/ccc", "arousal/"] {
            assert!(Monitor::try_from(name.to_owned()).is_err(), "{name}");
        }
    }

    #[test]
    fn numbers_have_no_chance_to_leave() {
        let monitor = Monitor::Target("a".into(), TargetScore::Rmse);
        let mut stop = EarlyStop::new(monitor, 1, 0, 0, 0);
        let scores = |rmse: f64| {
            let agreement = Agreement {
                pairs: 2,
                ccc: Some(0.1),
                pearson: None,
                rmse,
                mae: 0.0,
            };
            ValidationScores {
                targets: [("a".to_owned(), Some(agreement))].into(),
                ..ValidationScores::default()
            }
        };
        assert!(stop.observe(0, &scores(2.0)));
        assert!(stop.observe(1, &scores(1.0)));
        assert!(!stop.observe(2, &scores(1.5)));
        let told = stop.monitored(&scores(1.5)).unwrap();
        assert_eq!(
            (told.name.as_str(), told.value, told.best),
            ("a/rmse", 1.5, 1.0)
        );
        assert!(stop.exhausted(2));
    }

    #[test]
    fn selection_and_patience_begin_with_the_epoch_that_is_selected_from() {
        let uas = [0.5, 0.9, 0.4, 0.6, 0.5, 0.6, 0.5, 0.5, 0.5];
        let kept = |from: usize| {
            let mut stop = EarlyStop::new(Monitor::Ua, 3, 0, 3, from);
            let mut kept = None;
            for (epoch, &ua) in uas.iter().enumerate() {
                if stop.observe(epoch, &scores(ua, 1.0)) {
                    kept = Some(epoch);
                }
                if stop.exhausted(epoch) {
                    return (kept, Some(epoch));
                }
            }
            (kept, None)
        };
        assert_eq!(kept(0), (Some(1), Some(4)));
        // 0.4 takes the place of 0.9, which is from before; then 0.6 is better, and an equal one is not.
        assert_eq!(kept(2), (Some(3), Some(6)));
        assert_eq!(kept(4), (Some(5), Some(8)));
        // Training that ends before keeps the best of what there was.
        assert_eq!(kept(20), (Some(1), None));
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
