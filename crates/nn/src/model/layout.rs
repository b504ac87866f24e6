//! Where each array of the encoder is in one flat vector, and its PyTorch name and layout.

use super::ops::lstm::DirectionLayout;
use super::{ConvShape, EncoderShape, LstmShape};

/// A named array in PyTorch's layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Name, such as `conv.0.weight`.
    pub name: String,
    /// Sizes of its dimensions.
    pub shape: Vec<usize>,
    /// Values, the last dimension running fastest.
    pub values: Vec<f32>,
}

impl Array {
    /// The array that `find` has under the name of this one, which must have its shape.
    ///
    /// # Errors
    /// The reason as a lower-case fragment.
    pub(super) fn found_by<'a>(
        &self,
        find: impl Fn(&str) -> Option<&'a Array>,
    ) -> Result<&'a Array, String> {
        let array = find(&self.name).ok_or_else(|| format!("array {} is missing", self.name))?;
        if array.shape != self.shape || array.values.len() != self.values.len() {
            return Err(format!(
                "array {} has shape {:?}, expected {:?}",
                self.name, array.shape, self.shape
            ));
        }
        Ok(array)
    }
}

/// Offsets of convolution blocks and LSTM directions in the encoder's flat parameters.
#[derive(Clone, Debug)]
pub struct EncoderLayout {
    /// Per block: offset and sizes. Weight `[width, input, output]`, then bias.
    pub convs: Vec<(usize, ConvShape)>,
    /// Per layer: offset of the first direction and sizes.
    pub lstms: Vec<(usize, LstmShape)>,
    /// Values in all.
    pub len: usize,
}

impl EncoderLayout {
    /// Lays out convolutions and LSTMs of `shape`; its fully connected layers are kept elsewhere.
    pub fn new(shape: &EncoderShape) -> Self {
        let mut len = 0;
        let mut place = |parameters: usize| {
            let offset = len;
            len += parameters;
            offset
        };
        let convs = shape
            .convs
            .iter()
            .map(|conv| (place(conv.parameters()), *conv))
            .collect();
        let lstms = shape
            .lstms
            .iter()
            .map(|lstm| (place(lstm.directions * lstm.direction_parameters()), *lstm))
            .collect();
        Self { convs, lstms, len }
    }

    /// Weight and bias of block `index`.
    pub fn conv<'a>(&self, values: &'a [f32], index: usize) -> (&'a [f32], &'a [f32]) {
        let (offset, shape) = &self.convs[index];
        values[*offset..*offset + shape.parameters()]
            .split_at(shape.width * shape.input * shape.output)
    }

    /// Range of one direction's flat parameters.
    pub fn direction(&self, layer: usize, direction: usize) -> std::ops::Range<usize> {
        let (offset, shape) = &self.lstms[layer];
        let size = shape.direction_parameters();
        offset + direction * size..offset + (direction + 1) * size
    }

    /// The arrays in PyTorch's layout.
    pub fn to_arrays(&self, values: &[f32]) -> Vec<Array> {
        let mut arrays = Vec::new();
        for (index, (_, shape)) in self.convs.iter().enumerate() {
            let (weight, bias) = self.conv(values, index);
            let (input, output, width) = (shape.input, shape.output, shape.width);
            let mut torch = vec![0.0; weight.len()];
            for (at, value) in torch.iter_mut().enumerate() {
                let (k, i, o) = (at % width, at / width % input, at / (width * input));
                *value = weight[(k * input + i) * output + o];
            }
            arrays.push(Array {
                name: format!("conv.{index}.weight"),
                shape: vec![output, input, width],
                values: torch,
            });
            arrays.push(Array {
                name: format!("conv.{index}.bias"),
                shape: vec![output],
                values: bias.to_vec(),
            });
        }
        for (layer, (_, shape)) in self.lstms.iter().enumerate() {
            let gates = 4 * shape.units;
            for direction in 0..shape.directions {
                let parts =
                    DirectionLayout::new(shape).split(&values[self.direction(layer, direction)]);
                let shapes = [
                    vec![gates, shape.input],
                    vec![gates, shape.units],
                    vec![gates],
                    vec![gates],
                ];
                let suffix = if direction == 1 { "_reverse" } else { "" };
                for ((name, part), shape) in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
                    .into_iter()
                    .zip(parts)
                    .zip(shapes)
                {
                    arrays.push(Array {
                        name: format!("lstm.{layer}.{name}{suffix}"),
                        shape,
                        values: part.to_vec(),
                    });
                }
            }
        }
        arrays
    }

    /// The flat values from arrays in PyTorch's layout, looked up by name; names the first that is missing or misshapen.
    ///
    /// # Errors
    /// The reason as a lower-case fragment.
    pub fn flat_values<'a>(
        &self,
        find: impl Fn(&str) -> Option<&'a Array>,
    ) -> Result<Vec<f32>, String> {
        let mut flat = vec![0.0; self.len];
        // The zeros give names, shapes and order; values are then put back the same way.
        let template = self.to_arrays(&flat);
        let mut found = Vec::new();
        for wanted in &template {
            found.push(wanted.found_by(&find)?);
        }
        let mut found = found.into_iter();
        let mut next = || found.next().map_or(&[][..], |array| &array.values);
        for (offset, shape) in &self.convs {
            let (input, output, width) = (shape.input, shape.output, shape.width);
            let (weight, bias) = (next(), next());
            let to = &mut flat[*offset..*offset + shape.parameters()];
            for (at, value) in weight.iter().enumerate() {
                let (k, i, o) = (at % width, at / width % input, at / (width * input));
                to[(k * input + i) * output + o] = *value;
            }
            to[weight.len()..].copy_from_slice(bias);
        }
        for (layer, (_, shape)) in self.lstms.iter().enumerate() {
            for direction in 0..shape.directions {
                let mut at = self.direction(layer, direction).start;
                for _ in 0..4 {
                    let part = next();
                    flat[at..at + part.len()].copy_from_slice(part);
                    at += part.len();
                }
            }
        }
        Ok(flat)
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::*;
    use crate::model::spec::{Layer, TimePool};

    #[test]
    fn arrays_and_flat_values_are_inverse() {
        let layers = [
            Layer::Conv {
                channels: 3,
                width: 2,
                padding: 1,
                pool_width: None,
                pool_stride: None,
            },
            Layer::Lstm {
                units: 2,
                bidirectional: true,
                layers: 2,
            },
            Layer::TimePool {
                how: TimePool::Mean,
            },
        ];
        let layout = EncoderLayout::new(&EncoderShape::new(&layers, 4).unwrap());
        let values = noise(layout.len, 3);
        let arrays = layout.to_arrays(&values);
        assert_eq!(arrays[0].shape, [3, 4, 2]);
        assert_eq!(arrays[2].name, "lstm.0.weight_ih");
        // Output 1, input 2, tap 1 of the convolution.
        assert_eq!(arrays[0].values[8 + 2 * 2 + 1], values[(4 + 2) * 3 + 1]);
        let find = |name: &str| arrays.iter().find(|array| array.name == name);
        assert_eq!(layout.flat_values(find).unwrap(), values);
        assert_eq!(
            layout
                .flat_values(|name| find(name).filter(|array| array.name != "lstm.1.bias_hh"))
                .unwrap_err(),
            "array lstm.1.bias_hh is missing"
        );
    }
}
