//! Layers whose states go from frame to frame, for a group of sequences and one direction at a time.

use super::slot::Slot;
use super::steps::Steps;

/// How one direction walks through a group of sequences.
#[derive(Clone, Copy)]
pub struct Walk<'a> {
    /// The order of the rows.
    pub steps: &'a Steps,
    /// From the last step to the first.
    pub backward_in_time: bool,
    /// Whether the work is to end early.
    pub stopped: &'a dyn Fn() -> bool,
}

/// The processor's version of a recurrent layer.
pub trait RecurrentLayer: Send + Sync {
    /// Weights of one direction made ready for the passes.
    type Weights: Default + Send + Sync + 'static;
    /// What one direction computes of a group, and keeps for its backward pass.
    type Pass: Default + Send + Sync + 'static;

    /// States of each direction; the outputs of two stand side by side.
    fn units(&self) -> usize;

    /// One or two directions.
    fn directions(&self) -> usize;

    /// Values of one direction; those of both stand one after the other.
    fn direction_parameters(&self) -> usize;

    /// Makes the weights of a direction ready once a step; those of the backward pass where it is to come.
    fn pack(&self, values: &[f32], backward: bool, weights: &mut Self::Weights);

    /// Forward over `input` `[rows, input]`. Incomplete once the walk is stopped.
    fn forward(
        &self,
        weights: &Self::Weights,
        walk: Walk<'_>,
        input: &[f32],
        pass: &mut Self::Pass,
    );

    /// Backward from dL/d(states) `[rows, units]`; with dL/d(input) only where `input_gradient`.
    fn backward(
        &self,
        weights: &Self::Weights,
        walk: Walk<'_>,
        input: &[f32],
        grad_hidden: &[f32],
        input_gradient: bool,
        pass: &mut Self::Pass,
    );

    /// States `[rows, units]`, after the forward pass.
    fn hidden(pass: &Self::Pass) -> &[f32];

    /// dL/d(input) `[rows, input]`, after the backward pass.
    fn grad_input(pass: &Self::Pass) -> &[f32];

    /// dL/d(values of the direction), after the backward pass.
    fn grad_values(pass: &Self::Pass) -> &[f32];
}

/// A [`RecurrentLayer`] of any type.
pub trait AnyRecurrentLayer: Send + Sync {
    /// As [`RecurrentLayer::units`].
    fn units(&self) -> usize;
    /// As [`RecurrentLayer::directions`].
    fn directions(&self) -> usize;
    /// As [`RecurrentLayer::direction_parameters`].
    fn direction_parameters(&self) -> usize;
    /// As [`RecurrentLayer::pack`].
    fn pack(&self, values: &[f32], backward: bool, weights: &mut Slot);
    /// As [`RecurrentLayer::forward`].
    fn forward(&self, weights: &Slot, walk: Walk<'_>, input: &[f32], pass: &mut Slot);
    /// As [`RecurrentLayer::backward`].
    fn backward(
        &self,
        weights: &Slot,
        walk: Walk<'_>,
        input: &[f32],
        grad_hidden: &[f32],
        input_gradient: bool,
        pass: &mut Slot,
    );
    /// As [`RecurrentLayer::hidden`].
    fn hidden<'a>(&self, pass: &'a Slot) -> &'a [f32];
    /// As [`RecurrentLayer::grad_input`].
    fn grad_input<'a>(&self, pass: &'a Slot) -> &'a [f32];
    /// As [`RecurrentLayer::grad_values`].
    fn grad_values<'a>(&self, pass: &'a Slot) -> &'a [f32];
}

impl<L: RecurrentLayer> AnyRecurrentLayer for L {
    fn units(&self) -> usize {
        RecurrentLayer::units(self)
    }

    fn directions(&self) -> usize {
        RecurrentLayer::directions(self)
    }

    fn direction_parameters(&self) -> usize {
        RecurrentLayer::direction_parameters(self)
    }

    fn pack(&self, values: &[f32], backward: bool, weights: &mut Slot) {
        RecurrentLayer::pack(self, values, backward, weights.get_mut());
    }

    fn forward(&self, weights: &Slot, walk: Walk<'_>, input: &[f32], pass: &mut Slot) {
        RecurrentLayer::forward(self, weights.get(), walk, input, pass.get_mut());
    }

    fn backward(
        &self,
        weights: &Slot,
        walk: Walk<'_>,
        input: &[f32],
        grad_hidden: &[f32],
        input_gradient: bool,
        pass: &mut Slot,
    ) {
        let (weights, pass) = (weights.get(), pass.get_mut());
        RecurrentLayer::backward(
            self,
            weights,
            walk,
            input,
            grad_hidden,
            input_gradient,
            pass,
        );
    }

    fn hidden<'a>(&self, pass: &'a Slot) -> &'a [f32] {
        L::hidden(pass.get())
    }

    fn grad_input<'a>(&self, pass: &'a Slot) -> &'a [f32] {
        L::grad_input(pass.get())
    }

    fn grad_values<'a>(&self, pass: &'a Slot) -> &'a [f32] {
        L::grad_values(pass.get())
    }
}
