//! A fully connected layer with ReLU on the device, on frames or on the vectors after the pooling.

use dfdx::tensor::CudaError;

use crate::layers::affine_kernel::{AffineRows, Rows};
use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{Memory, Pointer, Tables, arguments};

use super::SizedLinear;

/// What the forward pass leaves for the backward pass.
pub struct Kept {
    input: DeviceFrames,
    /// Whether each value of the output is above 0.
    passed: Memory<u8>,
}

impl SizedLinear {
    fn rows(&self, rows: usize, models: usize) -> AffineRows {
        AffineRows {
            inputs: self.inputs,
            outputs: self.outputs,
            rows,
            models,
        }
    }

    fn rows_in(&self, frames: &DeviceFrames, rows: usize) -> Rows {
        Rows {
            start: frames.values.at(0),
            stride: frames.stride(rows * self.inputs),
        }
    }
}

impl DeviceLayer for SizedLinear {
    type Tables = ();
    type Kept = Kept;

    fn takes_shared(&self) -> bool {
        true
    }

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let (rows, models) = (scope.rows(), scope.models);
        let outputs = models * rows * self.outputs;
        Demand {
            kept: outputs.div_ceil(4),
            working: outputs + self.rows(rows, models).working(scope.card),
        }
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Kept), CudaError> {
        let &[weight, bias] = values else {
            unreachable!("a fully connected layer has two arrays");
        };
        let (card, rows, models) = (run.card, run.before.rows, run.models);
        let own = self.rows(rows, models);
        let output = own.forward(card, self.rows_in(&input, rows), weight, Some(bias))?;
        let length = rows * self.outputs;
        let passed = Memory::new(card, models * length)?;
        card.launch(
            "linear_relu",
            (length, models),
            arguments![of output, of passed, int length],
        )?;
        Ok((output, Kept { input, passed }))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        kept: Kept,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let (&[weight, _], &[of_weight, of_bias]) = (arrays.values, arrays.gradients) else {
            unreachable!("a fully connected layer has two arrays");
        };
        let (card, rows, models) = (run.card, run.before.rows, run.models);
        let (own, length) = (self.rows(rows, models), rows * self.outputs);
        let cut = Memory::<f32>::new(card, models * length)?;
        card.launch(
            "linear_relu_back",
            (length, models),
            arguments![of cut, at of_output, of kept.passed, int length],
        )?;
        let x = self.rows_in(&kept.input, rows);
        own.add_parameter_gradients(card, x, cut.at(0), of_weight, Some(of_bias))?;
        if !input_gradient {
            return Ok(None);
        }
        let of_input = Memory::new(card, models * rows * self.inputs)?;
        own.input_gradient(card, cut.at(0), weight, of_input.at(0), false)?;
        Ok(Some(of_input))
    }
}
