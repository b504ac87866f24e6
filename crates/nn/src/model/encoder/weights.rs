//! The encoder's weights, packed once a step for all threads.

use pipe_foundation::Workers;

use crate::layers::{Run, Slot};
use crate::model::{EncoderLayout, EncoderShape};

/// All packed weights.
#[derive(Default)]
pub(super) struct EncoderWeights {
    /// Per layer: one slot, or one for each direction of a recurrent layer.
    pub(super) layers: Vec<Vec<Slot>>,
    /// Seed of what is drawn in a pass that is to be learned from; none where the forms of the backward pass do not exist.
    pub(super) seed: Option<u64>,
}

impl EncoderWeights {
    /// Packs the flat parameters; the forms of the backward pass only with a `seed`.
    pub(super) fn pack(
        &mut self,
        shape: &EncoderShape,
        layout: &EncoderLayout,
        values: &[f32],
        seed: Option<u64>,
        workers: &Workers,
    ) {
        self.seed = seed;
        let backward = seed.is_some();
        self.layers.resize_with(shape.layers().len(), Vec::new);
        let mut tasks = Vec::new();
        for (index, slots) in self.layers.iter_mut().enumerate() {
            let run = || shape.layer(index).run();
            let parts = match run() {
                Run::Frames(_) | Run::Batch(_) => 1,
                Run::Sequences(layer) => layer.directions(),
            };
            slots.resize_with(parts, Slot::default);
            for (part, slot) in slots.iter_mut().enumerate() {
                tasks.push((index, part, run(), slot));
            }
        }
        workers.for_each(&mut tasks, |_, (index, part, run, slot)| {
            let values = &values[layout.layers[*index].clone()];
            match run {
                Run::Frames(layer) | Run::Batch(layer) => {
                    layer.pack(values, backward, *index > 0, slot);
                }
                Run::Sequences(layer) => {
                    let length = layer.direction_parameters();
                    layer.pack(&values[*part * length..][..length], backward, slot);
                }
            }
        });
    }
}
