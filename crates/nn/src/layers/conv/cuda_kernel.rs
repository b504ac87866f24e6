//! The convolution block as a layer of a CUDA device.

use dfdx::tensor::CudaError;

use crate::layers::conv::shape::ConvShape;
use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{Memory, Pointer, Sizes, Spacing, Tables, values_of};
use crate::model::ops::dense::cuda_kernel::CHUNK_ROWS;

use super::block_kernel::{Block, BlockPass, Convolved, of_phase, rows_and_parts};

impl DeviceLayer for ConvShape {
    type Tables = Convolved;
    type Kept = BlockPass;

    fn spacing(&self, sms: usize, counts: &[usize]) -> Spacing {
        let (rows, _) = rows_and_parts(sms, self, counts);
        Spacing {
            gap: self.padding,
            rows: rows + self.width - 1,
        }
    }

    fn takes_shared(&self) -> bool {
        true
    }

    fn fills_gaps(&self) -> bool {
        true
    }

    fn lay(&self, sms: usize, counts: &[usize], tables: &mut Tables) -> Convolved {
        let (rows, parts) = rows_and_parts(sms, self, counts);
        let firsts = DeviceLayer::spacing(self, sms, counts).firsts(counts);
        let begins = firsts.iter().map(|first| first - self.padding).collect();
        let convolved: Vec<usize> = counts.iter().map(|&n| self.convolved(n)).collect();
        Convolved {
            frames: tables.lay(&convolved, begins, rows),
            parts,
        }
    }

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let sms = scope.card.sms();
        let (convolved, parts) = rows_and_parts(sms, self, scope.counts);
        let read = convolved + self.width - 1;
        let of_phase = of_phase(self, convolved, scope.models);
        let chunk = scope.card.models_at_once(of_phase);
        let of_weight = Sizes {
            rows: self.width * self.input,
            inner: convolved / parts,
            columns: self.output,
            batch: chunk,
        };
        let turned = of_weight.rows * self.output;
        // Places of maxima, a byte each, and sums of the bias's gradient.
        let maxima = scope.rows_made * self.output.div_ceil(4);
        let sums = (read + scope.rows_after()).div_ceil(CHUNK_ROWS) * self.output;
        Demand {
            // Frames that all models share count here.
            kept: scope.models * (maxima + sums) + read * self.input,
            working: chunk * (read * self.output + turned) + values_of(of_weight, parts),
        }
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Convolved,
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, BlockPass), CudaError> {
        Block::new(run, self, tables).forward(values, input)
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Convolved,
        kept: BlockPass,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        Block::new(run, self, tables).backward(&kept, arrays, of_output, input_gradient)
    }
}
