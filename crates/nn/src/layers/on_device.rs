//! Layers on a CUDA device: all models and all utterances of a batch at once.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Frames, Memory, Packed, Pointer, Spacing, Tables};

use super::arrays::ArrayShape;
use super::sized::SizedLayer;

/// Where a layer runs.
#[derive(Clone, Copy)]
pub struct DeviceRun<'a> {
    /// The device.
    pub card: &'a Arc<Card>,
    /// The tables of the batch.
    pub packed: &'a Packed,
    /// How the frames that go in lie.
    pub before: &'a Frames,
    /// How the frames that come out lie.
    pub after: &'a Frames,
    /// Models side by side.
    pub models: usize,
    /// For each model, the seed of what is drawn in this step and layer; none where nothing is learned.
    pub seeds: Option<&'a [u64]>,
}

/// Frames `[models, rows, width]` on the device, or `[rows, width]` where all models share them.
pub struct DeviceFrames {
    /// The values.
    pub values: Memory,
    /// Whether all models read the same.
    pub shared: bool,
}

impl DeviceFrames {
    /// Values from one model to the next, where one has `length`.
    pub fn stride(&self, length: usize) -> usize {
        if self.shared { 0 } else { length }
    }
}

/// Where the arrays of a layer are, each of all models, and their gradients.
#[derive(Clone, Copy)]
pub struct DeviceArrays<'a> {
    /// For each piece, its values.
    pub values: &'a [Pointer],
    /// For each piece, its gradient, which is added to.
    pub gradients: &'a [Pointer],
}

/// What the memory of a layer depends on.
#[derive(Clone, Copy)]
pub struct DeviceScope<'a> {
    /// The device.
    pub card: &'a Arc<Card>,
    /// Models side by side.
    pub models: usize,
    /// Frames of each utterance that go in.
    pub counts: &'a [usize],
    /// Frames of each utterance that come out.
    pub counts_after: &'a [usize],
    /// Rows that come out, with gaps.
    pub rows_made: usize,
}

impl DeviceScope<'_> {
    /// Rows that go in, without gaps.
    pub fn rows(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Rows that come out, without gaps.
    pub fn rows_after(&self) -> usize {
        self.counts_after.iter().sum()
    }
}

/// Values that a layer has in memory besides the frames that go in and out and their gradients.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demand {
    /// Until its backward pass is over.
    pub kept: usize,
    /// Most that it needs only while it computes.
    pub working: usize,
}

/// What an array that is measured, not learned, is after a step: `[models, ..]`.
pub struct Measured {
    /// Its place among the layer's pieces.
    pub piece: usize,
    /// Its values.
    pub values: Memory,
}

/// The version of a layer for CUDA devices.
///
/// What a model's values become must not depend on how many models there are, not in a bit, and what an utterance's
/// frames become not on the other utterances, but for layers that run as [`Run::Batch`](super::Run::Batch) and for how
/// products are rounded. After the pooling over time an utterance has one frame, its vector.
pub trait DeviceLayer: SizedLayer + Clone {
    /// Tables of a batch that only this layer reads.
    type Tables: Send + Sync + 'static;
    /// What the forward pass leaves for the backward pass.
    type Kept: 'static;

    /// Its arrays, each of one or several stretches of its flat values.
    fn pieces(&self) -> Vec<Vec<Range<usize>>> {
        let mut end = 0;
        let stretch = |values: usize| {
            end += values;
            std::iter::once(end - values..end).collect()
        };
        let arrays = self.arrays();
        let values = arrays.iter().map(ArrayShape::values);
        values.map(stretch).collect()
    }

    /// How the frames must lie that it reads; `sms` is the number of SMs of the card.
    fn spacing(&self, _sms: usize, counts: &[usize]) -> Spacing {
        Spacing::none(counts)
    }

    /// Whether it reads frames that all models share, as the first layer does.
    fn takes_shared(&self) -> bool {
        false
    }

    /// Whether it writes zeros in rows of no utterance. Where it does not, its frames are made without such rows.
    fn fills_gaps(&self) -> bool {
        false
    }

    /// The tables of utterances with this many frames.
    fn lay(&self, sms: usize, counts: &[usize], tables: &mut Tables) -> Self::Tables;

    /// Memory that it needs.
    fn demand(&self, scope: &DeviceScope<'_>) -> Demand;

    /// The frames that come out, `[models, rows, width]`.
    ///
    /// # Errors
    /// What the driver or cuBLAS says.
    fn forward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Self::Tables,
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Self::Kept), CudaError>;

    /// The arrays that are measured, not learned, after a forward pass that is learned from.
    fn measured(&self, _kept: &mut Self::Kept) -> Vec<Measured> {
        Vec::new()
    }

    /// From dL/d(output), which means nothing in rows of no utterance, to the gradients; dL/d(input) only where
    /// `input_gradient`. Frames that models share have none.
    ///
    /// # Errors
    /// As [`Self::forward`].
    fn backward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Self::Tables,
        kept: Self::Kept,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError>;
}

/// What a layer of any type leaves between passes, or reads of a batch.
pub type Held = Box<dyn Any>;
/// The same, for several threads.
pub type Laid = Box<dyn Any + Send + Sync>;

/// A [`DeviceLayer`] of any type.
pub trait AnyDeviceLayer: SizedLayer {
    /// As [`DeviceLayer::pieces`].
    fn pieces(&self) -> Vec<Vec<Range<usize>>>;
    /// As [`DeviceLayer::spacing`].
    fn spacing(&self, sms: usize, counts: &[usize]) -> Spacing;
    /// As [`DeviceLayer::takes_shared`].
    fn takes_shared(&self) -> bool;
    /// As [`DeviceLayer::fills_gaps`].
    fn fills_gaps(&self) -> bool;
    /// As [`DeviceLayer::lay`].
    fn lay(&self, sms: usize, counts: &[usize], tables: &mut Tables) -> Laid;
    /// As [`DeviceLayer::demand`].
    fn demand(&self, scope: &DeviceScope<'_>) -> Demand;
    /// As [`DeviceLayer::forward`].
    ///
    /// # Errors
    /// As there.
    fn forward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Laid,
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Held), CudaError>;
    /// As [`DeviceLayer::measured`].
    fn measured(&self, kept: &mut Held) -> Vec<Measured>;
    /// As [`DeviceLayer::backward`].
    ///
    /// # Errors
    /// As there.
    fn backward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Laid,
        kept: Held,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError>;
}

impl<L: DeviceLayer> AnyDeviceLayer for L {
    fn pieces(&self) -> Vec<Vec<Range<usize>>> {
        DeviceLayer::pieces(self)
    }

    fn spacing(&self, sms: usize, counts: &[usize]) -> Spacing {
        DeviceLayer::spacing(self, sms, counts)
    }

    fn takes_shared(&self) -> bool {
        DeviceLayer::takes_shared(self)
    }

    fn fills_gaps(&self) -> bool {
        DeviceLayer::fills_gaps(self)
    }

    fn lay(&self, sms: usize, counts: &[usize], tables: &mut Tables) -> Laid {
        Box::new(DeviceLayer::lay(self, sms, counts, tables))
    }

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        DeviceLayer::demand(self, scope)
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Laid,
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Held), CudaError> {
        let (output, kept) = DeviceLayer::forward(self, run, own(tables), values, input)?;
        Ok((output, Box::new(kept)))
    }

    fn measured(&self, kept: &mut Held) -> Vec<Measured> {
        let kept = kept.downcast_mut::<L::Kept>();
        kept.map_or_else(Vec::new, |kept| DeviceLayer::measured(self, kept))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Laid,
        kept: Held,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let Ok(kept) = kept.downcast::<L::Kept>() else {
            unreachable!("a layer's backward pass gets what its forward pass left");
        };
        let tables = own(tables);
        DeviceLayer::backward(self, run, tables, *kept, arrays, of_output, input_gradient)
    }
}

/// The tables as the layer that made them knows them.
fn own<T: 'static>(tables: &Laid) -> &T {
    match tables.downcast_ref() {
        Some(tables) => tables,
        None => unreachable!("a layer reads the tables that it has laid"),
    }
}
