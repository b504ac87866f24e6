//! Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019), as `torch.optim.Adam` and `torch.optim.AdamW`.

use super::Update;

/// Numbers of Adam; the learning rate and weight decay are in [`Update`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Decay of the gradient's mean.
    pub beta1: f64,
    /// Decay of the squared gradient's mean.
    pub beta2: f64,
    /// Added to the root of the squared gradient's mean.
    pub epsilon: f64,
}

/// One step of Adam with its numbers worked out, in double precision first as PyTorch does.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    rest1: f32,
    beta2: f32,
    rest2: f32,
    /// Learning rate over `1 - beta1^t`.
    rate: f32,
    /// Root of `1 - beta2^t`.
    root: f32,
    epsilon: f32,
    /// Weight decay that is added to the gradient.
    coupled: f32,
    /// What the values are multiplied by before the step.
    keep: f32,
}

impl AdamStep {
    /// Step `count`, from 1; with `decoupled`, weight decay is AdamW's.
    pub(super) fn new(adam: Adam, update: &Update, count: u64, decoupled: bool) -> Self {
        let rate = update.learning_rate;
        let decay = update.weight_decay;
        Self {
            rest1: (1.0 - adam.beta1) as f32,
            beta2: adam.beta2 as f32,
            rest2: (1.0 - adam.beta2) as f32,
            rate: (rate / (1.0 - power(adam.beta1, count))) as f32,
            root: (1.0 - power(adam.beta2, count)).sqrt() as f32,
            epsilon: adam.epsilon as f32,
            coupled: if decoupled { 0.0 } else { decay as f32 },
            keep: if decoupled {
                (1.0 - rate * decay) as f32
            } else {
                1.0
            },
        }
    }

    /// Its numbers in the order in which the device's kernel reads them.
    #[cfg(feature = "cuda")]
    pub(in crate::model) fn numbers(&self) -> [f32; 8] {
        [
            self.rest1,
            self.beta2,
            self.rest2,
            self.rate,
            self.root,
            self.epsilon,
            self.coupled,
            self.keep,
        ]
    }

    /// One step over flat values; the gradient is scaled first.
    pub(super) fn update(
        &self,
        values: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        gradient: &[f32],
        scale: f32,
    ) {
        let all = values.iter_mut().zip(first).zip(second).zip(gradient);
        for (((value, m), v), g) in all {
            let g = scale * g + self.coupled * *value;
            *value *= self.keep;
            *m += self.rest1 * (g - *m);
            *v = self.beta2 * *v + self.rest2 * g * g;
            *value -= self.rate * (*m / (v.sqrt() / self.root + self.epsilon));
        }
    }
}

/// `base` to the power of `exponent` by squaring: the same bits everywhere, which `powi` does not promise.
fn power(base: f64, mut exponent: u64) -> f64 {
    let (mut square, mut product) = (base, 1.0);
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    product
}
