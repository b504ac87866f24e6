//! The encoder's weights, packed once a step for all threads.

use pipe_foundation::Workers;

use crate::model::EncoderLayout;
use crate::model::ops::conv_block::BlockWeights;
use crate::model::ops::lstm::{DirectionLayout, DirectionWeights};

/// All packed weights.
#[derive(Default)]
pub(super) struct EncoderWeights {
    pub(super) convs: Vec<BlockWeights>,
    /// Per layer, per direction.
    pub(super) lstms: Vec<Vec<DirectionWeights>>,
    /// Whether the forms of the backward pass exist.
    pub(super) training: bool,
}

enum Task<'a> {
    Conv(usize, &'a mut BlockWeights),
    Direction(usize, usize, &'a mut DirectionWeights),
}

impl EncoderWeights {
    /// Packs the flat parameters; the forms of the backward pass only where `training`.
    pub(super) fn pack(
        &mut self,
        layout: &EncoderLayout,
        values: &[f32],
        training: bool,
        workers: &Workers,
    ) {
        self.training = training;
        self.convs
            .resize_with(layout.convs.len(), BlockWeights::default);
        self.lstms.resize_with(layout.lstms.len(), Vec::new);
        for (directions, (_, shape)) in self.lstms.iter_mut().zip(&layout.lstms) {
            directions.resize_with(shape.directions, DirectionWeights::default);
        }
        let convs = self.convs.iter_mut().enumerate();
        let mut tasks: Vec<Task<'_>> = convs.map(|(index, conv)| Task::Conv(index, conv)).collect();
        for (layer, directions) in self.lstms.iter_mut().enumerate() {
            for (direction, weights) in directions.iter_mut().enumerate() {
                tasks.push(Task::Direction(layer, direction, weights));
            }
        }
        workers.for_each(&mut tasks, |_, task| match task {
            Task::Conv(index, conv) => {
                let shape = &layout.convs[*index].1;
                let weight = layout.conv(values, *index).0;
                conv.pack(shape, weight, training && *index > 0);
            }
            Task::Direction(layer, direction, weights) => {
                let shape = &layout.lstms[*layer].1;
                weights.pack(
                    DirectionLayout::new(shape),
                    &values[layout.direction(*layer, *direction)],
                    training,
                );
            }
        });
    }
}
