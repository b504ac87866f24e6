//! How the task weight goes from its first to its last value over the epochs.

use pipe_foundation::exact::exp;
use serde::{Deserialize, Serialize};

use crate::model::spec::Alpha;

/// The way from `alpha.start` to `alpha.end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlphaCurve {
    /// A straight line, as Parry et al. (2022).
    #[default]
    Linear,
    /// `2 / (1 + exp(-10 p)) - 1` of the way at progress p, as lambda in Ganin et al. (2016), section 5.2.2.
    Ganin,
}

impl AlphaCurve {
    /// The weight in `epoch` (from 0) of at most `epochs`.
    pub fn at(self, alpha: Alpha, epoch: usize, epochs: usize) -> f64 {
        match self {
            Self::Linear => alpha.at(epoch, epochs),
            Self::Ganin => {
                let progress = Alpha {
                    epochs: alpha.epochs,
                    ..Alpha::ramp(0.0, 1.0)
                };
                let p = progress.at(epoch, epochs);
                let part = 2.0 / (1.0 + exp(-10.0 * p)) - 1.0;
                alpha.start + (alpha.end - alpha.start) * part
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ganins_lambda_follows_its_formula() {
        let alpha = Alpha::ramp(0.0, 1.0);
        // 2 / (1 + exp(-10 p)) - 1 by PyTorch in double precision, p = 0, 0.1, 0.5, 1.
        let expected = [
            (0, 0.0),
            (1, 0.462_117_157_260_009_8),
            (5, 0.986_614_298_151_430_3),
            (10, 0.999_909_204_262_595_1),
        ];
        for (epoch, expected) in expected {
            let found = AlphaCurve::Ganin.at(alpha, epoch, 11);
            assert!((found - expected).abs() < 1e-12, "{epoch}: {found}");
        }
        let constant = Alpha::constant(0.3);
        assert_eq!(AlphaCurve::Ganin.at(constant, 4, 11), 0.3);
        assert_eq!(AlphaCurve::Linear.at(alpha, 4, 11), alpha.at(4, 11));
    }
}
