//! A trainable array on the tape.

use std::rc::Rc;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::gradient_name::GradientName;
use super::optimiser::{Moments, Step};

/// One of the arrays that belong to every trained value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The value itself.
    Values,
    /// The first number that the optimiser remembers of it.
    First,
    /// The second, where it remembers two.
    Second,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Values, Self::First, Self::Second];

    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Values => "values/",
            Self::First => "first/",
            Self::Second => "second/",
        }
    }
}

/// An array that is trained. Its values are kept here, where the tape shares them without a copy.
pub(super) struct Parameter<S> {
    name: GradientName,
    shape: S,
    values: Rc<Vec<f32>>,
    moments: Moments,
}

impl<S> Parameter<S> {
    pub(super) fn new(device: &Cpu, values: Vec<f32>, shape: S) -> Result<Self, CpuError> {
        Ok(Self {
            name: GradientName::new(device, values.len())?,
            shape,
            moments: Moments::new(values.len()),
            values: Rc::new(values),
        })
    }

    /// The name of its gradient.
    pub(super) fn name(&self) -> &GradientName {
        &self.name
    }

    pub(super) fn shape(&self) -> &S {
        &self.shape
    }

    pub(super) fn values(&self) -> &Rc<Vec<f32>> {
        &self.values
    }

    pub(super) fn part(&self, part: Part) -> &[f32] {
        match part {
            Part::Values => &self.values,
            Part::First => &self.moments.first,
            Part::Second => &self.moments.second,
        }
    }

    /// Replaces one part by as many values.
    pub(super) fn set_part(&mut self, part: Part, values: Vec<f32>) {
        match part {
            Part::Values => self.values = Rc::new(values),
            Part::First => self.moments.first = values,
            Part::Second => self.moments.second = values,
        }
    }

    pub(super) fn gradient<'a>(
        &self,
        grads: &'a mut Gradients<f32, Cpu>,
    ) -> Result<&'a [f32], CpuError> {
        Ok(self.name.gradient(grads)?)
    }

    pub(super) fn update(
        &mut self,
        step: &Step,
        grads: &mut Gradients<f32, Cpu>,
        scale: f32,
    ) -> Result<(), CpuError> {
        let gradient = self.name.gradient(grads)?;
        let values = Rc::make_mut(&mut self.values);
        self.moments.update(step, values, gradient, scale);
        Ok(())
    }
}
