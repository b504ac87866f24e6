//! Sizes of a convolution block.

/// Sizes of one convolution block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Input channels.
    pub input: usize,
    /// Output channels.
    pub output: usize,
    /// Frames under the kernel.
    pub width: usize,
    /// Zero frames at either end.
    pub padding: usize,
    /// Frames under the pooling window (1: no pooling).
    pub pool_width: usize,
    /// Frames between pooling windows.
    pub pool_stride: usize,
}

impl ConvShape {
    /// Frames after the convolution, before pooling.
    pub fn convolved(&self, frames: usize) -> usize {
        (frames + 2 * self.padding + 1).saturating_sub(self.width)
    }

    /// Frames after pooling (PyTorch's floor).
    pub fn pooled(&self, frames: usize) -> usize {
        let convolved = self.convolved(frames);
        if convolved < self.pool_width {
            0
        } else {
            (convolved - self.pool_width) / self.pool_stride + 1
        }
    }

    /// Fewest input frames that give `frames` pooled ones.
    pub fn needs(&self, frames: usize) -> usize {
        let convolved = (frames - 1) * self.pool_stride + self.pool_width;
        (convolved + self.width)
            .saturating_sub(1 + 2 * self.padding)
            .max(1)
    }

    /// Values of weight and bias.
    pub fn parameters(&self) -> usize {
        self.output * self.input * self.width + self.output
    }
}
