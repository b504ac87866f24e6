//! Stochastic gradient descent with momentum and weight decay, as `torch.optim.SGD`.

/// `v = momentum v + g; w = w - rate v`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate.
    pub learning_rate: f32,
    /// Momentum.
    pub momentum: f32,
}

impl Sgd {
    /// One step over flat values; the gradient is scaled, then `decay` times the values is added to it.
    pub(super) fn update(
        &self,
        values: &mut [f32],
        velocity: &mut [f32],
        gradient: &[f32],
        scale: f32,
        decay: f32,
    ) {
        let all = values.iter_mut().zip(velocity).zip(gradient);
        if decay == 0.0 {
            for ((value, v), g) in all {
                *v = self.momentum * *v + scale * g;
                *value -= self.learning_rate * *v;
            }
            return;
        }
        for ((value, v), g) in all {
            *v = self.momentum * *v + (scale * g + decay * *value);
            *value -= self.learning_rate * *v;
        }
    }
}
