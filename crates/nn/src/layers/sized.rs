//! A layer whose sizes are known.

use std::any::Any;
use std::fmt::Debug;

use crate::onnx::{Export, Signal};

use super::arrays::ArrayShape;
use super::cost::Cost;
use super::first_values::FirstValues;
use super::frame_layer::AnyFrameLayer;
use super::recurrent_layer::AnyRecurrentLayer;

/// How a layer runs on the processor.
pub enum Run<'a> {
    /// On the frames of each share of a batch.
    Frames(&'a dyn AnyFrameLayer),
    /// On all frames of a batch at once, as it depends on all of them.
    Batch(&'a dyn AnyFrameLayer),
    /// Along groups of sequences.
    Sequences(&'a dyn AnyRecurrentLayer),
}

/// A layer and its sizes.
pub trait SizedLayer: Debug + Send + Sync + Any {
    /// Values of a frame that goes in.
    fn input(&self) -> usize;

    /// Values of a frame that comes out.
    fn output(&self) -> usize;

    /// Its arrays, in the order in which they stand in its flat values.
    fn arrays(&self) -> Vec<ArrayShape> {
        Vec::new()
    }

    /// Writes its first values.
    fn first_values(&self, _first: &FirstValues<'_>, _values: &mut [f32]) {}

    /// Where a frame that comes out holds states of a recurrent layer: the units of the forward direction.
    fn states(&self) -> Option<usize> {
        None
    }

    /// Memory that a training needs for it.
    fn cost(&self) -> Cost;

    /// Adds its nodes to an ONNX graph.
    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal;

    /// How it runs on the processor.
    fn run(&self) -> Run<'_>;
}

impl dyn SizedLayer + '_ {
    /// Values of all its arrays.
    pub fn parameters(&self) -> usize {
        let arrays = self.arrays();
        arrays.iter().map(ArrayShape::values).sum()
    }

    /// Frames that `frames` of an utterance become.
    pub fn frames_after(&self, frames: usize) -> usize {
        match self.run() {
            Run::Frames(layer) | Run::Batch(layer) => layer.frames_after(frames),
            Run::Sequences(_) => frames,
        }
    }

    /// Fewest frames that become `frames`.
    pub fn frames_needed(&self, frames: usize) -> usize {
        match self.run() {
            Run::Frames(layer) | Run::Batch(layer) => layer.frames_needed(frames),
            Run::Sequences(_) => frames,
        }
    }
}
