//! Where each array of the encoder is in one flat vector, and its PyTorch name and layout.

use std::ops::Range;

use crate::layers::{Array, ArrayShape};

use super::EncoderShape;

/// Offsets of all layers and arrays in the encoder's flat parameters.
#[derive(Clone, Debug)]
pub struct EncoderLayout {
    /// For each layer its flat values.
    pub layers: Vec<Range<usize>>,
    /// For each array its full name, its shape and its place.
    arrays: Vec<(String, ArrayShape, Range<usize>)>,
    /// The layer that makes one vector of all frames.
    pooling: usize,
    /// Values of the layers up to the pooling over time.
    pub of_frames: usize,
    /// Values in all.
    pub len: usize,
}

impl EncoderLayout {
    /// Lays out the layers of `shape`, one after the other.
    pub fn new(shape: &EncoderShape) -> Self {
        let mut len = 0;
        let mut of_frames = 0;
        let (mut layers, mut arrays) = (Vec::new(), Vec::new());
        for (index, (name, layer)) in shape.layers().enumerate() {
            let start = len;
            for array in layer.arrays() {
                let range = len..len + array.values();
                len = range.end;
                arrays.push((format!("{name}.{}", array.name), array, range));
            }
            layers.push(start..len);
            if index == shape.pooling() {
                of_frames = len;
            }
        }
        Self {
            layers,
            arrays,
            pooling: shape.pooling(),
            of_frames,
            len,
        }
    }

    /// The places of arrays that are measured, not learned, each with its layer.
    pub fn measured(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let measured = self.arrays.iter().filter(|(_, array, _)| array.is_measured);
        measured.map(|(.., range)| {
            let layer = self
                .layers
                .partition_point(|layer| layer.end <= range.start);
            (layer, range.clone())
        })
    }

    /// For each layer after the pooling over time, the places of its arrays.
    pub fn layers_of_vectors(&self) -> impl Iterator<Item = Vec<Range<usize>>> {
        let ranges = || self.arrays.iter().map(|(.., range)| range.clone());
        let layers = self.layers.iter().skip(self.pooling + 1);
        layers.map(move |layer| {
            let within =
                |range: &Range<usize>| layer.start <= range.start && range.end <= layer.end;
            ranges().filter(within).collect()
        })
    }

    /// The arrays in PyTorch's layout.
    pub fn to_arrays(&self, values: &[f32]) -> Vec<Array> {
        let arrays = self.arrays.iter();
        arrays
            .map(|(name, array, range)| Array {
                name: name.clone(),
                shape: array.shape.clone(),
                values: array.to_torch(&values[range.clone()]),
            })
            .collect()
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
        for (wanted, (_, array, range)) in self.to_arrays(&flat).iter().zip(&self.arrays) {
            let found = wanted.found_by(&find)?;
            array.keep(&found.values, &mut flat[range.clone()]);
        }
        Ok(flat)
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::*;

    #[test]
    fn arrays_and_flat_values_are_inverse() {
        let layers = r#"[{"layer":"conv","channels":3,"width":2,"padding":1},
            {"layer":"lstm","units":2,"bidirectional":true,"layers":2},
            {"layer":"time_pool","how":"mean"},{"layer":"linear","units":5}]"#;
        let layers: Vec<_> = serde_json::from_str(layers).unwrap();
        let layout = EncoderLayout::new(&EncoderShape::new(&layers, 4).unwrap());
        let values = noise(layout.len, 3);
        let arrays = layout.to_arrays(&values);
        assert_eq!(arrays[0].shape, [3, 4, 2]);
        assert_eq!(arrays[2].name, "lstm.0.weight_ih");
        assert_eq!(arrays[18].name, "linear.0.weight");
        let vectors: Vec<_> = layout.layers_of_vectors().collect();
        assert_eq!(vectors.len(), 1);
        assert_eq!(vectors[0].len(), 2);
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
