//! Every gradient of a step, for tests.

use crate::model::network::head_name;
use crate::model::spec::HeadMode;
use crate::model::{Array, ModelError, StepLosses, TrainingBatch, Update};

use super::Trainable;

impl Trainable {
    /// Losses and every gradient by name, in PyTorch's layout, without a step of the shared layers and heads.
    pub fn gradients(
        &mut self,
        batch: &TrainingBatch<'_>,
        update: &Update,
    ) -> Result<(StepLosses, Vec<Array>), ModelError> {
        let step = update.step(self.steps + 1);
        let (losses, mut grads) = self.descend(batch, &step)?;
        let gradient = self.tape_encoder.gradient(&mut grads)?;
        let mut arrays = self.network.encoder.layout().to_arrays(gradient);
        arrays.extend(self.emotion.gradients(&mut grads)?.to_arrays("emotion"));
        for (head, layers) in self.specs.iter().zip(&self.heads) {
            if head.mode != HeadMode::Discriminator {
                for (index, layer) in layers.iter().enumerate() {
                    let dense = layer.gradients(&mut grads)?;
                    arrays.extend(dense.to_arrays(&head_name(head, index)));
                }
            }
        }
        Ok((losses, arrays))
    }
}
