//! The encoder as one operation on dfdx's tape, with values and gradients in flat buffers.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use dfdx::prelude::*;
use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;

use super::dense_tape::Matrix;
use super::gradient_name::GradientName;
use super::{Encoder, EncoderPass, ModelError};

/// The encoder in training.
pub(super) struct TapeEncoder {
    encoder: Arc<Encoder>,
    workers: Arc<Workers>,
    device: Cpu,
    /// The name of the parameters' gradient.
    name: GradientName,
    /// Arrays that the last pass measured: their places among the values, and what they are now.
    measured: RefCell<Vec<(Range<usize>, Vec<f32>)>>,
    /// Buffers of the last pass, waiting for the next; the backward operation gives them back.
    idle: Rc<RefCell<Option<Box<EncoderPass>>>>,
}

impl TapeEncoder {
    pub(super) fn new(
        encoder: Arc<Encoder>,
        workers: Arc<Workers>,
        device: Cpu,
    ) -> Result<Self, ModelError> {
        let name = GradientName::new(&device, encoder.layout().len)?;
        Ok(Self {
            encoder,
            workers,
            device,
            name,
            measured: RefCell::default(),
            idle: Rc::default(),
        })
    }

    /// Forward with the parameters `values` and the `seed` of what is drawn; starts a new tape.
    pub(super) fn forward(
        &self,
        values: &[f32],
        batch: &[FeaturesView<'_>],
        seed: u64,
    ) -> Result<Matrix<OwnedTape<f32, Cpu>>, ModelError> {
        let mut pass = self.idle.take().unwrap_or_default();
        self.encoder
            .pack(values, &mut pass, Some(seed), &self.workers);
        let embeddings = self
            .encoder
            .forward(values, batch, &mut pass, &self.workers)?;
        self.measured.replace(self.encoder.measured(values, &pass));
        let shape = (batch.len(), self.encoder.shape().embedding());
        let output = self.device.try_tensor_from_vec(embeddings, shape)?;
        let (of_output, of_values) = (output.ghost(), self.name.clone());
        let (encoder, workers) = (Arc::clone(&self.encoder), Arc::clone(&self.workers));
        let idle = Rc::clone(&self.idle);
        let mut tape = OwnedTape::<f32, Cpu>::default();
        tape.add_backward_op(move |grads| {
            of_values.gradient(grads)?;
            let grad_embeddings = std::mem::take(&mut **grads.get_or_alloc_mut(&of_output)?);
            let gradient = of_values.gradient(grads)?;
            encoder.backward(&mut pass, &grad_embeddings, gradient, &workers);
            idle.replace(Some(pass));
            Ok(())
        });
        Ok(output.put_tape(tape))
    }

    /// The arrays that are measured, not learned, after the last forward pass: their places and their values.
    pub(super) fn take_measured(&self) -> Vec<(Range<usize>, Vec<f32>)> {
        self.measured.take()
    }

    /// dL/d(parameters) after a backward pass.
    pub(super) fn gradient<'a>(
        &self,
        grads: &'a mut Gradients<f32, Cpu>,
    ) -> Result<&'a [f32], ModelError> {
        Ok(self.name.gradient(grads)?)
    }
}
