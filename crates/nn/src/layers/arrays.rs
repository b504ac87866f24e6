//! The arrays of a layer: their names and shapes in PyTorch, and how they stand in the layer's flat values.

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
    pub(crate) fn found_by<'a>(
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

/// One array of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayShape {
    /// Name within the layer, such as `weight`.
    pub name: String,
    /// Sizes of its dimensions in PyTorch.
    pub shape: Vec<usize>,
    /// Order of its values.
    pub order: Order,
    /// Whether training measures its values, instead of learning them by their gradient.
    pub is_measured: bool,
}

/// In what order the values of an array are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of PyTorch: the last dimension runs fastest.
    LastFastest,
    /// The first dimension runs fastest.
    FirstFastest,
}

impl ArrayShape {
    /// An array in PyTorch's order.
    pub fn new(name: impl Into<String>, shape: &[usize]) -> Self {
        Self {
            name: name.into(),
            shape: shape.to_vec(),
            order: Order::LastFastest,
            is_measured: false,
        }
    }

    /// The same, measured instead of learned.
    pub fn measured(mut self) -> Self {
        self.is_measured = true;
        self
    }

    /// The same with the first dimension running fastest.
    pub fn first_fastest(mut self) -> Self {
        self.order = Order::FirstFastest;
        self
    }

    /// Number of its values.
    pub fn values(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its values in PyTorch's order.
    pub fn to_torch(&self, kept: &[f32]) -> Vec<f32> {
        match self.order {
            Order::LastFastest => kept.to_vec(),
            Order::FirstFastest => (0..kept.len()).map(|at| kept[self.turned(at)]).collect(),
        }
    }

    /// The inverse of [`Self::to_torch`].
    pub fn keep(&self, torch: &[f32], kept: &mut [f32]) {
        match self.order {
            Order::LastFastest => kept.copy_from_slice(torch),
            Order::FirstFastest => {
                for (at, value) in torch.iter().enumerate() {
                    kept[self.turned(at)] = *value;
                }
            }
        }
    }

    /// Where the value at `at` of PyTorch's order is when the first dimension runs fastest.
    fn turned(&self, mut at: usize) -> usize {
        let mut turned = 0;
        for size in self.shape.iter().rev() {
            turned = turned * size + at % size;
            at /= size;
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_turn_and_turn_back() {
        let array = ArrayShape::new("weight", &[2, 3, 4]).first_fastest();
        let kept: Vec<f32> = (0..24).map(|v| v as f32).collect();
        let torch = array.to_torch(&kept);
        // Output 1, input 2, tap 3.
        assert_eq!(torch[12 + 2 * 4 + 3], kept[(3 * 3 + 2) * 2 + 1]);
        let mut back = vec![0.0; 24];
        array.keep(&torch, &mut back);
        assert_eq!(back, kept);
    }
}
