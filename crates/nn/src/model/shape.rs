//! The sizes of every layer, worked out and checked from the list of layers.

use super::ModelError;
use super::spec::{Layer, TimePool};

/// Largest size that any layer may have; keeps sizes from a hostile file far from overflow.
const LARGEST: usize = 1 << 16;

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
    fn needs(&self, frames: usize) -> usize {
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

/// Sizes of one recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmShape {
    /// Input channels.
    pub input: usize,
    /// Hidden units of each direction.
    pub units: usize,
    /// One or two directions.
    pub directions: usize,
}

impl LstmShape {
    /// Values of both weights and both biases of one direction.
    pub fn direction_parameters(&self) -> usize {
        4 * self.units * (self.input + self.units + 2)
    }

    /// Output channels.
    pub fn output(&self) -> usize {
        self.units * self.directions
    }
}

/// Sizes of the whole encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncoderShape {
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

impl EncoderShape {
    /// Works out the sizes of `layers` on features of `bins`.
    ///
    /// # Errors
    /// [`ModelError::Layer`] names the layer that does not fit; [`ModelError::Encoder`] what is missing.
    pub fn new(layers: &[Layer], bins: usize) -> Result<Self, ModelError> {
        if bins == 0 || bins > LARGEST {
            return Err(ModelError::Encoder(format!(
                "{bins} feature bins; expected 1 to {LARGEST}"
            )));
        }
        if layers.len() > 64 {
            return Err(ModelError::Encoder(format!(
                "{} layers; at most 64 are allowed",
                layers.len()
            )));
        }
        let mut shape = Self {
            bins,
            convs: Vec::new(),
            lstms: Vec::new(),
            pool: TimePool::Mean,
            linears: Vec::new(),
        };
        let mut pooled = false;
        let mut width = bins;
        for (index, layer) in layers.iter().enumerate() {
            let fail = |reason: String| ModelError::Layer { index, reason };
            width = shape.push(layer, width, pooled).map_err(fail)?;
            pooled |= matches!(layer, Layer::TimePool { .. });
        }
        if !pooled {
            return Err(ModelError::Encoder(
                "no time_pool layer, so frames never become one vector".into(),
            ));
        }
        Ok(shape)
    }

    fn push(&mut self, layer: &Layer, input: usize, pooled: bool) -> Result<usize, String> {
        let sized = |what: &str, size: usize| {
            if size == 0 || size > LARGEST {
                Err(format!("{what} is {size}; expected 1 to {LARGEST}"))
            } else {
                Ok(size)
            }
        };
        if pooled && !matches!(layer, Layer::Linear { .. }) {
            return Err("only linear layers may follow the time_pool".into());
        }
        match *layer {
            Layer::Conv {
                channels,
                width,
                padding,
                pool_width,
                pool_stride,
            } => {
                if !self.lstms.is_empty() {
                    return Err("conv layers must come before the lstm layers".into());
                }
                sized("channels", channels)?;
                sized("width", width)?;
                if padding >= width {
                    return Err(format!(
                        "padding {padding} must be smaller than width {width}"
                    ));
                }
                if pool_width.is_none() && pool_stride.is_some() {
                    return Err("pool_stride without pool_width".into());
                }
                let pool_width = sized("pool_width", pool_width.unwrap_or(1))?;
                let pool_stride = sized("pool_stride", pool_stride.unwrap_or(pool_width))?;
                if pool_width > 255 {
                    return Err(format!("pool_width {pool_width} is larger than 255"));
                }
                self.convs.push(ConvShape {
                    input,
                    output: channels,
                    width,
                    padding,
                    pool_width,
                    pool_stride,
                });
                if self.minimum_frames() > LARGEST {
                    return Err(format!(
                        "utterances would need at least {} frames",
                        self.minimum_frames()
                    ));
                }
                Ok(channels)
            }
            Layer::Lstm {
                units,
                bidirectional,
                layers,
            } => {
                sized("units", units)?;
                if layers == 0 || layers > 16 {
                    return Err(format!("layers is {layers}; expected 1 to 16"));
                }
                let directions = if bidirectional { 2 } else { 1 };
                let mut width = input;
                for _ in 0..layers {
                    let lstm = LstmShape {
                        input: width,
                        units,
                        directions,
                    };
                    width = lstm.output();
                    self.lstms.push(lstm);
                }
                Ok(width)
            }
            Layer::TimePool { how } => {
                if how == TimePool::LastStates && self.lstms.is_empty() {
                    return Err("last_states needs an lstm layer before it".into());
                }
                self.pool = how;
                Ok(input)
            }
            Layer::Linear { units } => {
                if !pooled {
                    return Err("linear layers must follow the time_pool".into());
                }
                sized("units", units)?;
                self.linears.push((input, units));
                Ok(units)
            }
        }
    }

    /// Fewest frames an utterance must have; shorter ones are padded with zero frames to this length.
    pub fn minimum_frames(&self) -> usize {
        self.convs
            .iter()
            .rev()
            .fold(1, |frames, conv| conv.needs(frames))
    }

    /// Channels of the frames that reach the time pooling.
    pub fn pooled_width(&self) -> usize {
        match (self.lstms.last(), self.convs.last()) {
            (Some(lstm), _) => lstm.output(),
            (None, Some(conv)) => conv.output,
            (None, None) => self.bins,
        }
    }

    /// Length of the embedding.
    pub fn embedding(&self) -> usize {
        self.linears
            .last()
            .map_or_else(|| self.pooled_width(), |&(_, units)| units)
    }

    /// Frames left of `frames` after all convolution blocks (after padding to [`Self::minimum_frames`]).
    pub fn frames_out(&self, frames: usize) -> usize {
        self.convs
            .iter()
            .fold(frames.max(self.minimum_frames()), |n, conv| conv.pooled(n))
    }

    /// Values of all shared layers.
    pub fn parameters(&self) -> usize {
        self.convs.iter().map(ConvShape::parameters).sum::<usize>()
            + self
                .lstms
                .iter()
                .map(|lstm| lstm.directions * lstm.direction_parameters())
                .sum::<usize>()
            + self
                .linears
                .iter()
                .map(|(input, output)| output * (input + 1))
                .sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::default_encoder;

    fn layers(json: &str) -> Vec<Layer> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn default_encoder_has_the_parameters_of_the_paper() {
        let shape = EncoderShape::new(&default_encoder(), 40).unwrap();
        let convs: Vec<usize> = shape.convs.iter().map(ConvShape::parameters).collect();
        assert_eq!(convs, [51_456, 327_936, 327_936]);
        assert_eq!(2 * shape.lstms[0].direction_parameters(), 1_052_672);
        assert_eq!(shape.parameters(), 1_760_000);
        assert_eq!(shape.embedding(), 512);
        assert_eq!(shape.minimum_frames(), 15);
        assert_eq!(shape.frames_out(3), 1);
        assert_eq!(shape.frames_out(300), 36);
    }

    #[test]
    fn other_architectures_can_be_said() {
        let conv = r#"{"layer":"conv","channels":256,"width":5,"padding":2,"pool_width":3,"pool_stride":2}"#;
        let two_lstms = layers(&format!(
            r#"[{conv},{conv},{conv},{{"layer":"lstm","units":256,"layers":2}},{{"layer":"time_pool","how":"mean"}}]"#
        ));
        assert_eq!(EncoderShape::new(&two_lstms, 40).unwrap().embedding(), 256);
        let wide = layers(&format!(
            r#"[{conv},{conv},{{"layer":"lstm","units":512}},{{"layer":"time_pool","how":"last_states"}}]"#
        ));
        assert_eq!(EncoderShape::new(&wide, 40).unwrap().embedding(), 512);
        let conv3 = r#"{"layer":"conv","channels":256,"width":3,"padding":1,"pool_width":3,"pool_stride":2}"#;
        let fc = layers(&format!(
            r#"[{conv3},{conv3},{conv3},{conv3},{{"layer":"lstm","units":256,"bidirectional":true}},{{"layer":"time_pool","how":"last_states"}},{{"layer":"linear","units":256}}]"#
        ));
        let shape = EncoderShape::new(&fc, 40).unwrap();
        assert_eq!(shape.embedding(), 256);
        assert_eq!(shape.linears, [(512, 256)]);
    }

    #[test]
    fn errors_name_the_layer() {
        let cases = [
            (
                r#"[{"layer":"time_pool","how":"last_states"}]"#,
                "layer 0: last_states needs an lstm",
            ),
            (
                r#"[{"layer":"lstm","units":4},{"layer":"conv","channels":2,"width":3}]"#,
                "layer 1: conv layers must come before",
            ),
            (
                r#"[{"layer":"conv","channels":0,"width":3}]"#,
                "layer 0: channels is 0",
            ),
            (
                r#"[{"layer":"conv","channels":2,"width":3,"padding":3}]"#,
                "layer 0: padding 3",
            ),
            (r#"[{"layer":"lstm","units":4}]"#, "no time_pool"),
            (
                r#"[{"layer":"linear","units":4}]"#,
                "layer 0: linear layers must follow",
            ),
            (
                r#"[{"layer":"time_pool","how":"mean"},{"layer":"lstm","units":4}]"#,
                "layer 1: only linear",
            ),
            (
                r#"[{"layer":"conv","channels":2,"width":3,"pool_stride":3}]"#,
                "layer 0: pool_stride without",
            ),
            (
                r#"[{"layer":"lstm","units":99999999999}]"#,
                "layer 0: units is",
            ),
        ];
        for (json, expected) in cases {
            let error = EncoderShape::new(&layers(json), 40)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }
}
