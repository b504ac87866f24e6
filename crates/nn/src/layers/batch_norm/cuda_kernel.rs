//! Batch normalisation on the device: each model by the statistics of its own frames, or by its running values.

use dfdx::tensor::CudaError;

use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope, Measured,
};
use crate::model::cuda::{Memory, Pointer, Tables, arguments};
use crate::model::ops::dense::cuda_kernel::CHUNK_ROWS;

use super::SizedNorm;

/// What the forward pass leaves for the backward pass.
pub struct Statistics {
    input: DeviceFrames,
    /// `[models, width]`.
    mean: Memory<f64>,
    /// The same, with divisor n.
    variance: Memory<f64>,
    /// Running mean and variance after the step, until somebody takes them.
    running: Vec<Measured>,
}

/// The arrays of all models, `[models, width]` each.
struct Arrays {
    scale: Pointer,
    offset: Pointer,
    mean: Pointer,
    variance: Pointer,
}

impl Arrays {
    /// Places of the running values among the arrays.
    const RUNNING: [usize; 2] = [2, 3];

    fn new(pieces: &[Pointer]) -> Self {
        let &[scale, offset, mean, variance] = pieces else {
            unreachable!("a batch normalisation has four arrays");
        };
        Self {
            scale,
            offset,
            mean,
            variance,
        }
    }
}

impl SizedNorm {
    /// Means over the rows of all values, or with a `mean`, of the squares of what they are off, `[models, width]`.
    fn mean(
        &self,
        run: &DeviceRun<'_>,
        input: &DeviceFrames,
        mean: Option<&Memory<f64>>,
    ) -> Result<Memory<f64>, CudaError> {
        let (card, models, rows, width) =
            (run.card, run.models, run.before.rows, self.before.width);
        let chunks = rows.div_ceil(CHUNK_ROWS);
        let partial = Memory::<f64>::new(card, models * chunks * width)?;
        card.launch_rows(
            "batch_norm_partial",
            (width, chunks, models),
            arguments![
                of partial, of input.values, at mean.map_or(0, |mean| mean.at(0)), int rows, int width, int chunks,
                int CHUNK_ROWS, int mean.is_some(), int input.shared,
            ],
        )?;
        let means = Memory::new(card, models * width)?;
        card.launch(
            "batch_norm_mean",
            (width, models),
            arguments![of means, of partial, int rows, int width, int chunks],
        )?;
        Ok(means)
    }

    /// What the running values are after the step.
    fn moved(
        &self,
        run: &DeviceRun<'_>,
        arrays: &Arrays,
        mean: &Memory<f64>,
        variance: &Memory<f64>,
    ) -> Result<Vec<Measured>, CudaError> {
        let (card, width) = (run.card, self.before.width);
        let new_mean = Memory::new(card, run.models * width)?;
        let new_variance = Memory::new(card, run.models * width)?;
        card.launch(
            "batch_norm_move",
            (width, run.models),
            arguments![
                of new_mean, of new_variance, at arrays.mean, at arrays.variance, of mean, of variance,
                double self.momentum, int run.before.rows, int width,
            ],
        )?;
        let values = [new_mean, new_variance].into_iter();
        let measured = values.zip(Arrays::RUNNING);
        Ok(measured
            .map(|(values, piece)| Measured { piece, values })
            .collect())
    }
}

impl DeviceLayer for SizedNorm {
    type Tables = ();
    /// None without a seed: there is no backward pass then.
    type Kept = Option<Statistics>;

    fn takes_shared(&self) -> bool {
        true
    }

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let chunks = scope.rows().div_ceil(CHUNK_ROWS);
        Demand {
            kept: scope.models * 6 * self.before.width,
            working: scope.models * 4 * (chunks + 1) * self.before.width,
        }
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Option<Statistics>), CudaError> {
        let (card, models, rows, width) =
            (run.card, run.models, run.before.rows, self.before.width);
        let arrays = Arrays::new(values);
        let out = Memory::new(card, models * rows * width)?;
        let size = (width, rows, models);
        if run.seeds.is_none() {
            card.launch_rows(
                "batch_norm_running",
                size,
                arguments![
                    of out, of input.values, at arrays.mean, at arrays.variance, at arrays.scale, at arrays.offset,
                    double self.epsilon, int rows, int width, int input.shared,
                ],
            )?;
            return Ok((out, None));
        }
        let mean = self.mean(run, &input, None)?;
        let variance = self.mean(run, &input, Some(&mean))?;
        card.launch_rows(
            "batch_norm",
            size,
            arguments![
                of out, of input.values, of mean, of variance, at arrays.scale, at arrays.offset, double self.epsilon,
                int rows, int width, int input.shared,
            ],
        )?;
        let kept = Statistics {
            running: self.moved(run, &arrays, &mean, &variance)?,
            input,
            mean,
            variance,
        };
        Ok((out, Some(kept)))
    }

    fn measured(&self, kept: &mut Option<Statistics>) -> Vec<Measured> {
        kept.as_mut()
            .map_or_else(Vec::new, |kept| std::mem::take(&mut kept.running))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        kept: Option<Statistics>,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let Some(Statistics {
            input,
            mean,
            variance,
            ..
        }) = kept
        else {
            return Ok(None);
        };
        let (card, models, rows, width) =
            (run.card, run.models, run.before.rows, self.before.width);
        let (values, gradients) = (Arrays::new(arrays.values), Arrays::new(arrays.gradients));
        let chunks = rows.div_ceil(CHUNK_ROWS);
        let room = |length: usize| Memory::<f64>::new(card, models * length * width);
        let (sums, products) = (room(chunks)?, room(chunks)?);
        card.launch_rows(
            "batch_norm_back_partial",
            (width, chunks, models),
            arguments![
                of sums, of products, at of_output, of input.values, of mean, of variance, double self.epsilon, int rows,
                int width, int chunks, int CHUNK_ROWS, int input.shared,
            ],
        )?;
        let (mean_of_sums, mean_of_products) = (room(1)?, room(1)?);
        card.launch(
            "batch_norm_back_total",
            (width, models),
            arguments![
                of mean_of_sums, of mean_of_products, at gradients.scale, at gradients.offset, of sums, of products,
                int rows, int width, int chunks,
            ],
        )?;
        if !input_gradient {
            return Ok(None);
        }
        let of_input = Memory::new(card, models * rows * width)?;
        card.launch_rows(
            "batch_norm_back",
            (width, rows, models),
            arguments![
                of of_input, at of_output, of input.values, of mean, of variance, of mean_of_sums, of mean_of_products,
                at values.scale, double self.epsilon, int rows, int width,
            ],
        )?;
        Ok(Some(of_input))
    }
}
