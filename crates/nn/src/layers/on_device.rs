//! The sizes of an encoder as the kernels of CUDA devices need them.

use super::conv::shape::ConvShape;
use super::lstm::shape::LstmShape;
use super::time_pool::how::TimePool;

/// A layer that CUDA devices have kernels for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceLayer {
    /// Convolution, ReLU, max-pooling.
    Conv(ConvShape),
    /// A recurrent layer.
    Lstm(LstmShape),
    /// Pooling over time.
    Pool(TimePool),
    /// A fully connected layer with ReLU, as (inputs, outputs).
    Linear(usize, usize),
}

/// Sizes of an encoder that CUDA devices have kernels for: convolutions, recurrent layers, pooling over time, fully
/// connected layers, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceShape {
    /// Feature bins per frame.
    pub bins: usize,
    /// Convolution blocks.
    pub convs: Vec<ConvShape>,
    /// Recurrent layers, stacked ones one by one.
    pub lstms: Vec<LstmShape>,
    /// Pooling over time.
    pub pool: TimePool,
    /// Fully connected layers after it, as (inputs, outputs).
    pub linears: Vec<(usize, usize)>,
}

impl DeviceShape {
    /// Takes the next layer of an encoder; `false` where there is no kernel for it, or not at this place.
    pub fn push(&mut self, layer: Option<DeviceLayer>, pooled: bool) -> bool {
        match layer {
            Some(DeviceLayer::Conv(conv)) if self.lstms.is_empty() => self.convs.push(conv),
            Some(DeviceLayer::Lstm(lstm)) => self.lstms.push(lstm),
            Some(DeviceLayer::Pool(pool)) => self.pool = pool,
            Some(DeviceLayer::Linear(inputs, outputs)) if pooled => {
                self.linears.push((inputs, outputs));
            }
            _ => return false,
        }
        true
    }

    /// Fewest frames that an utterance must have; shorter ones are lengthened by zero frames.
    pub fn minimum_frames(&self) -> usize {
        let convs = self.convs.iter().rev();
        convs.fold(1, |frames, conv| conv.needs(frames))
    }

    /// Channels of the frames that reach the pooling over time.
    pub fn pooled_width(&self) -> usize {
        match (self.lstms.last(), self.convs.last()) {
            (Some(lstm), _) => lstm.output(),
            (None, Some(conv)) => conv.output,
            (None, None) => self.bins,
        }
    }

    /// Length of the embedding.
    pub fn embedding(&self) -> usize {
        let last = self.linears.last();
        last.map_or_else(|| self.pooled_width(), |&(_, units)| units)
    }
}
