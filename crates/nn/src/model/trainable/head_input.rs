//! What attribute heads and penalties see of a batch, and the loss of each.

use dfdx::prelude::*;

use crate::model::ModelError;
use crate::model::dense_tape::{Learns, Matrix};
use crate::model::heads::{Linear, chain};
use crate::model::ops::coral::coral;
use crate::model::ops::cross_entropy::{cross_entropy, softmax};
use crate::model::ops::entropy_weights::{entropy_weights, weighted_cross_entropy};
use crate::model::ops::grad_reverse::grad_reverse;
use crate::model::ops::mmd::mmd;
use crate::model::ops::multilinear_map::multilinear_map;
use crate::model::spec::{HeadMode, HeadSpec};

/// The tape of a step.
pub(super) type Taped = OwnedTape<f32, Cpu>;

/// A batch as far as it has come when the heads see it.
pub(super) struct HeadInput<'a> {
    /// The embeddings as they are predicted from.
    pub(super) embeddings: &'a Matrix,
    /// The same after dropout.
    pub(super) dropped: &'a Matrix,
    /// Logits of the classes, where a task has some.
    pub(super) logits: Option<&'a Matrix>,
}

impl HeadInput<'_> {
    /// The loss of one head with these layers. Penalties compare the embeddings without dropout, whose noise would add to
    /// the spread of every group.
    pub(super) fn loss(
        &self,
        tape: Taped,
        (head, layers): (&HeadSpec, &[Linear]),
        labels: &[Option<usize>],
        lambda: f32,
    ) -> Result<Tensor<Rank0, f32, Cpu, Taped>, ModelError> {
        let dropped = self.dropped.clone();
        let (from, learns) = match head.mode {
            HeadMode::Coral => return Ok(coral(self.embeddings.clone().put_tape(tape), labels)?),
            HeadMode::Mmd => return Ok(mmd(self.embeddings.clone().put_tape(tape), labels)?),
            HeadMode::Shared => (dropped.put_tape(tape), Learns::Yes),
            HeadMode::GradReverse => (grad_reverse(dropped.put_tape(tape), lambda)?, Learns::Yes),
            HeadMode::Cdan => {
                let logits = self.logits.ok_or_else(no_classes)?;
                let classes = logits.shape().1;
                let probabilities = softmax(&logits.as_vec(), classes);
                let weights =
                    (head.entropy_conditioning).then(|| entropy_weights(&probabilities, classes));
                let mapped = multilinear_map(dropped.put_tape(tape), probabilities, classes)?;
                let reversed = grad_reverse(mapped, lambda)?;
                if let Some(weights) = weights {
                    let out = chain(layers, reversed, Learns::Yes)?;
                    return Ok(weighted_cross_entropy(out, labels, &weights)?);
                }
                (reversed, Learns::Yes)
            }
            HeadMode::Discriminator => {
                let logits = self.logits.cloned().ok_or_else(no_classes)?;
                (logits.put_tape(tape).try_softmax::<Axis<1>>()?, Learns::No)
            }
        };
        Ok(cross_entropy(chain(layers, from, learns)?, labels, None)?)
    }
}

/// Networks whose heads look at classes have some, and a training of them has their task.
pub(super) fn no_classes() -> ModelError {
    ModelError::Heads("a head looks at classes, and no task has some".into())
}
