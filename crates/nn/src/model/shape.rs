//! The sizes of every layer, worked out and checked from the list of layers.

use std::collections::HashMap;
use std::sync::Arc;

use crate::layers::{Before, Layer, Place, SizedLayer};

use super::ModelError;

/// Largest size that any layer may have; keeps sizes from a hostile file far from overflow.
const LARGEST: usize = 1 << 16;

/// Most values of all layers together: 1 GiB, and several times that in training.
const MOST_PARAMETERS: usize = 1 << 28;

/// Sizes of the whole encoder.
#[derive(Clone, Debug)]
pub struct EncoderShape {
    /// Feature bins per frame.
    pub bins: usize,
    /// All layers, stacked ones one by one, with their names, such as `conv.0`.
    layers: Vec<(String, Arc<dyn SizedLayer>)>,
    /// The first entry of the list of a kind without kernels for CUDA devices, and that kind.
    no_kernels: Option<(usize, &'static str)>,
    /// The layer that makes one vector of all frames.
    pooling: usize,
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
            layers: Vec::new(),
            no_kernels: None,
            pooling: 0,
        };
        let mut before = Before {
            width: bins,
            states: None,
        };
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut pooled = false;
        for (index, layer) in layers.iter().enumerate() {
            let fail = |reason: String| ModelError::Layer { index, reason };
            let kind = layer.kind();
            match kind.place {
                Place::Frames if pooled => {
                    let name = kind.name;
                    return Err(fail(format!(
                        "{name} layers must come before the pooling over time"
                    )));
                }
                Place::Pooling if pooled => {
                    return Err(fail("the frames are one vector already".into()));
                }
                Place::Pooling => {
                    pooled = true;
                    shape.pooling = shape.layers.len();
                }
                Place::Frames | Place::Anywhere => {}
            }
            if kind.kernels.is_empty() {
                shape.no_kernels.get_or_insert((index, kind.name));
            }
            let sized = layer.options().sized(&before).map_err(fail)?;
            for layer in sized {
                before = Before {
                    width: layer.output(),
                    states: layer.states(),
                };
                let count = counts.entry(kind.name).or_default();
                shape.layers.push((format!("{}.{count}", kind.name), layer));
                *count += 1;
            }
            let needed = shape.needed_by(shape.layers.len());
            if !pooled && needed > LARGEST {
                return Err(fail(format!(
                    "utterances would need at least {needed} frames"
                )));
            }
        }
        if !pooled {
            return Err(ModelError::Encoder(
                "no layer pools over time, so frames never become one vector".into(),
            ));
        }
        let parameters = shape.parameters();
        if parameters > MOST_PARAMETERS {
            return Err(ModelError::Encoder(format!(
                "its layers have {parameters} parameters; at most {MOST_PARAMETERS} are allowed"
            )));
        }
        Ok(shape)
    }

    /// All layers with their names.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (&str, &(dyn SizedLayer + 'static))> {
        self.layers.iter().map(|(name, layer)| (&**name, &**layer))
    }

    /// The layer at `index`.
    pub(super) fn layer(&self, index: usize) -> &dyn SizedLayer {
        &*self.layers[index].1
    }

    /// Place of the layer that makes one vector of all frames.
    pub fn pooling(&self) -> usize {
        self.pooling
    }

    /// Values of a frame before the layer at `index`.
    pub(super) fn width_before(&self, index: usize) -> usize {
        let before = index.checked_sub(1);
        before.map_or(self.bins, |before| self.layer(before).output())
    }

    /// Fewest frames that leave one before the layer at `end`.
    fn needed_by(&self, end: usize) -> usize {
        let layers = self.layers[..end].iter().rev();
        layers.fold(1, |frames, (_, layer)| layer.frames_needed(frames))
    }

    /// Fewest frames an utterance must have; shorter ones are padded with zero frames to this length.
    pub fn minimum_frames(&self) -> usize {
        self.needed_by(self.pooling)
    }

    /// Frames that reach the layer at `end` of `frames` (after padding to [`Self::minimum_frames`]).
    pub(super) fn frames_before(&self, end: usize, frames: usize) -> usize {
        let layers = self.layers[..end].iter();
        let frames = frames.max(self.minimum_frames());
        layers.fold(frames, |frames, (_, layer)| layer.frames_after(frames))
    }

    /// Frames that reach the pooling over time of `frames` (after padding to [`Self::minimum_frames`]).
    pub fn frames_out(&self, frames: usize) -> usize {
        self.frames_before(self.pooling, frames)
    }

    /// Length of the embedding.
    pub fn embedding(&self) -> usize {
        self.width_before(self.layers.len())
    }

    /// Values of all shared layers.
    pub fn parameters(&self) -> usize {
        self.layers().map(|(_, layer)| layer.parameters()).sum()
    }

    /// Checks that CUDA devices have kernels for all layers.
    ///
    /// # Errors
    /// [`ModelError::NoKernels`] names the first layer that has none.
    pub fn check_kernels(&self) -> Result<(), ModelError> {
        match self.no_kernels {
            None => Ok(()),
            Some((index, kind)) => Err(ModelError::NoKernels { index, kind }),
        }
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
        let parameters: Vec<usize> = shape
            .layers()
            .map(|(_, layer)| layer.parameters())
            .collect();
        assert_eq!(parameters, [51_456, 327_936, 327_936, 1_052_672, 0]);
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
    }

    #[test]
    fn errors_name_the_layer() {
        let cases = [
            (
                r#"[{"layer":"time_pool","how":"last_states"}]"#,
                "layer 0: last_states needs a recurrent layer",
            ),
            (
                r#"[{"layer":"time_pool","how":"mean"},{"layer":"conv","channels":2,"width":3}]"#,
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
            (r#"[{"layer":"lstm","units":4}]"#, "no layer pools"),
            (
                r#"[{"layer":"time_pool","how":"mean"},{"layer":"time_pool","how":"mean"}]"#,
                "layer 1: the frames are one vector",
            ),
            (
                r#"[{"layer":"time_pool","how":"mean"},{"layer":"lstm","units":4}]"#,
                "layer 1: lstm layers must come before",
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

    #[test]
    fn devices_refuse_layers_that_they_have_no_kernels_for() {
        let mut list = layers(
            r#"[{"layer":"linear","units":4},{"layer":"lstm","units":4,"layers":2},
            {"layer":"conv","channels":2,"width":3},{"layer":"time_pool","how":"mean"}]"#,
        );
        EncoderShape::new(&list, 40)
            .unwrap()
            .check_kernels()
            .unwrap();
        list.insert(2, Layer::without_kernels());
        list.push(Layer::without_kernels());
        let refused = EncoderShape::new(&list, 40).unwrap().check_kernels();
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("layer 2: bare"), "{refused}");
    }
}
